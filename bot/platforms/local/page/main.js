// The room in the browser: which channel is shown, who is played, and what happens there. Everything else is imported.

import { get, listen, post } from "./api.js";
import { ask, fill, only, press } from "./asking.js";
import { board, later } from "./board.js";
import { compose, offers, reply } from "./composer.js";
import { el, find, settle, tell, written } from "./dom.js";
import { choose } from "./emoji.js";
import { inZone, item, moment, own } from "./messages.js";
import { say, speak } from "./words.js";

const room = { people: [], channels: [], commands: [], whispers: [], called: "" };
const [, askedFor, message] = location.pathname.split("/").map(decodeURIComponent);
let here = askedFor || null;
let me = localStorage.getItem("person");
let lost = false;

// --- what is done --------------------------------------------------------------------------------------------------

const attempt = async (path, body) => {
  try {
    return await post(path, { person: me, ...body });
  } catch (error) {
    tell(error.message);
    return null;
  }
};

const does = {
  react: (one, emoji, on) => attempt("/api/react", { message: one.id, emoji, on }),
  pick: (one) => choose((emoji) => does.react(one, emoji, true)),
  press: (one, text) => press(one, me, text),
  menu: (one, person) => [
    { label: say.reply, does: () => reply(one.thread ? { ...one, id: one.thread } : one) },
    ...(one.author.id === person
      ? [
          { label: say.edit, does: () => edit(one) },
          { label: say.delete, does: () => attempt("/api/delete", { message: one.id }) },
        ]
      : []),
    ...(one.author.bot ? [] : room.commands.filter((row) => row.shortcut)).map((row) => ({
      label: row.shortcut,
      does: () => ask({ channel: one.channel, person: me, text: row.name, about: one.id }),
    })),
  ],
};

function edit(one) {
  const text = { name: "text", label: say.write, value: one.text, kind: "text", options: [], required: true, at_most: 12000 };
  fill({ title: say.edit, fields: [text], send: say.save }, (values) => attempt("/api/edit", { message: one.id, ...values }));
}

async function send(text, thread) {
  if (room.called && (text === room.called || text.startsWith(`${room.called} `))) {
    ask({ channel: here, person: me, text: text.slice(room.called.length).trim() });
    return true;
  }
  return (await attempt("/api/post", { channel: here, text, thread })) !== null;
}

function named(title, path) {
  const name = { name: "name", label: say.name, value: "", kind: "line", options: [], required: true, at_most: 40 };
  fill({ title, fields: [name], send: say.save }, async (values) => {
    const made = await attempt(path, values);
    if (made && path === "/api/person") play(made.id);
    else if (made) go(made.id);
  });
}

// --- what is shown -------------------------------------------------------------------------------------------------

function play(person) {
  me = person;
  localStorage.setItem("person", me);
  if (find("#person").value !== me) find("#person").value = me;
  const channel = room.channels.find((one) => one.id === here);
  if (channel?.with && channel.with !== me) return go(room.channels[0].id);
  drawChannels();
  return load();
}

function go(channel) {
  here = channel;
  reply(null);
  drawChannels();
  return load();
}

function drawPeople() {
  const people = room.people.filter((person) => !person.bot);
  if (!people.some((person) => person.id === me)) me = people[0]?.id;
  find("#person").replaceChildren(...people.map((one) => el("option", { value: one.id, selected: one.id === me }, one.name)));
}

function drawChannels() {
  const seen = room.channels.filter((channel) => !channel.with || channel.with === me);
  if (!seen.some((channel) => channel.id === here)) here = seen[0]?.id;
  const label = (one) => (one.with ? say.alone : `${one.private ? "🔒" : "#"} ${one.name}`);
  const list = find("#channels ul");
  const focused = list.contains(document.activeElement);
  list.replaceChildren(
    ...seen.map((one) =>
      el("li", {}, el("button", { type: "button", "aria-current": one.id === here ? "true" : null, onclick: () => go(one.id) }, label(one))),
    ),
  );
  if (focused) list.querySelector("[aria-current]")?.focus();
  const current = seen.find((one) => one.id === here);
  find("#here").textContent = current ? label(current) : "";
  document.title = current ? `${label(current)} · Linkletter` : "Linkletter";
}

async function load(before = "") {
  if (!here) return;
  const asked = here;
  const { messages, more } = await get(`/api/messages/${encodeURIComponent(asked)}${before ? `?before=${before}` : ""}`);
  if (asked !== here) return;
  const log = find("#messages");
  const isNew = log.dataset.person !== me || log.dataset.channel !== asked;
  const stays = isNew || atEnd;
  if (isNew) log.replaceChildren();
  else if (!before) outdated(messages);
  const first = before ? log.firstChild : null;
  find("#log").ariaBusy = "true"; // what was said long ago is not read out as news
  for (const one of messages) put(one, first);
  room.whispers.forEach(whisper);
  find("#older").hidden = !more;
  only(me, here);
  Object.assign(log.dataset, { person: me, channel: asked });
  if (!before && stays) toEnd();
  setTimeout(() => (find("#log").ariaBusy = "false"), 100);
}

/** Takes away what is gone, after a time in which nothing was heard; what a person had gone back to stays. */
function outdated(messages) {
  const ids = new Set(messages.map((one) => one.id));
  const [oldest] = messages;
  for (const there of document.querySelectorAll("#messages > li, #messages .replies > li")) {
    if (!ids.has(there.dataset.id) && (!oldest || there.message.at >= oldest.at)) on.gone(there.message);
  }
}

// Whoever reads the newest stays there, whatever comes or takes its room.
let atEnd = true;

function toEnd() {
  find("#log").scrollTop = find("#log").scrollHeight;
  atEnd = true;
}

const shownOf = (id) => document.getElementById(`m-${id}`);

/** A new message at its place, or what has changed of one; whoever is on a button that changes stays on it. */
function put(one, before = null) {
  const there = shownOf(one.id);
  if (there) {
    const shown = there.firstChild;
    const focused = shown.contains(document.activeElement) ? document.activeElement.dataset.do : null;
    const now = own(Object.assign(there.message, one), me, does);
    now.querySelector("details.menu").open = shown.querySelector("details.menu").open;
    settle(shown, now);
    if (focused && !shown.contains(document.activeElement)) {
      [...shown.querySelectorAll("[data-do]")].find((button) => button.dataset.do === focused)?.focus();
    }
    return;
  }
  const root = one.thread && shownOf(one.thread);
  const made = item(one, me, does);
  if (root) root.querySelector(":scope > .replies").append(made);
  else find("#messages").insertBefore(made, before);
}

function whisper({ message: id, person, html }) {
  const there = shownOf(id);
  if (!there || person !== me) return;
  const made = el("div", { class: "whisper" }, el("span", { class: "quiet" }, say.onlyYou), written(html));
  if (![...there.children].some((one) => one.isEqualNode(made))) there.append(made);
}

const on = {
  message(one) {
    if (one.channel === here) {
      const stays = atEnd;
      const isNew = !shownOf(one.id);
      put(one);
      const there = shownOf(one.id);
      if (isNew && one.author.id === me) there.scrollIntoView({ block: "nearest" });
      else if (stays) toEnd();
      // One is read from its top: a message that is longer than the room for it, too.
      if (isNew && stays && there.offsetHeight > find("#log").clientHeight) there.scrollIntoView({ block: "start" });
    }
    later();
  },
  gone({ id }) {
    const there = shownOf(id);
    if (there?.contains(document.activeElement)) find("#text").focus();
    const replies = [...(there?.querySelector(":scope > .replies").children ?? [])];
    there?.replaceWith(...replies);
    later();
  },
  whisper(one) {
    room.whispers.push(one);
    whisper(one);
  },
  channel(one) {
    if (!room.channels.some((known) => known.id === one.id)) room.channels.push(one);
    drawChannels();
  },
  person(one) {
    if (!room.people.some((known) => known.id === one.id)) room.people.push(one);
    drawPeople();
  },
  clock: tick,
  editions: later,
};

let [roomTime, asOf] = [null, 0];

function tick(clock) {
  [roomTime, asOf] = [new Date(clock).getTime(), performance.now()];
  drawClock();
}

function drawClock() {
  if (roomTime === null) return;
  const at = new Date(roomTime + performance.now() - asOf);
  find("#clock").dateTime = at.toISOString();
  find("#clock").textContent = moment(at);
}

async function everything() {
  Object.assign(room, await get("/api/room"));
  inZone(room.zone);
  tick(room.clock);
  offers(room.called, room.commands);
  drawPeople();
  drawChannels();
  await load();
  if (message) shownOf(message)?.scrollIntoView({ block: "center" });
  later();
  if (lost) tell(say.back);
  lost = false;
  document.body.dataset.ready = "true";
}

// --- begin ---------------------------------------------------------------------------------------------------------

speak();
board();
compose(send);
find("#person").addEventListener("change", (event) => play(event.target.value));
find("#add-person").addEventListener("click", () => named(say.newPerson, "/api/person"));
find("#add-channel").addEventListener("click", () => named(say.newChannel, "/api/channel"));
find("#older").addEventListener("click", () => load(find("#messages").firstChild?.dataset.id));
for (const button of document.querySelectorAll(".views button")) {
  button.addEventListener("click", () => {
    document.body.dataset.view = button.dataset.view;
    for (const one of document.querySelectorAll(".views button")) one.setAttribute("aria-pressed", String(one === button));
  });
  button.setAttribute("aria-pressed", String(button.dataset.view === document.body.dataset.view));
}
find("#log").addEventListener("scroll", ({ target }) => {
  atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 80;
});
new ResizeObserver(() => atEnd && toEnd()).observe(find("#log"));
setInterval(drawClock, 10_000);
listen(
  on,
  () => everything().catch((error) => tell(error.message)),
  () => {
    lost = true;
    tell(say.lost);
  },
);
