// The second pane: the newsletter as it would be or as it went out, as post, as Markdown and as chat message.

import { get, post } from "./api.js";
import { el, find, settle, tell, written } from "./dom.js";
import { moment } from "./messages.js";
import { say } from "./words.js";

const TABS = ["post", "markdown", "chat"];
let tab = TABS[0];
let shown = null;
let waiting = null;

/** Begins; what it shows follows `later`. */
export function board() {
  for (const name of TABS) find(`#tab-${name}`).addEventListener("click", () => turn(name));
  find("[role=tablist]").addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    turn(TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]);
    find(`#tab-${tab}`).focus();
  });
  find("#edition").addEventListener("change", load);
  find("#jump").addEventListener("click", jump);
  turn(tab);
}

/** Something was said: look again, when nothing more is said for a moment. */
export function later() {
  clearTimeout(waiting);
  waiting = setTimeout(() => look().catch((error) => tell(error.message)), 250);
}

async function look() {
  const newsletters = await get("/api/editions");
  const [first] = newsletters;
  find("#closes").textContent = `${say.closes}: ${moment(first.coming.closes)} · ${say.links} ${first.coming.entries}`;
  const select = find("#edition");
  const before = select.value;
  const options = newsletters.flatMap(({ newsletter, coming, went_out }) => [
    el("option", { value: `${newsletter}/${coming.which}` }, `${coming.title} · ${say.coming}`),
    ...went_out.map((one) => el("option", { value: `${newsletter}/${one.which}` }, one.title)),
  ]);
  settle(select, el("optgroup", {}, ...options)); // a select of its own would choose one of them
  if ([...select.options].some((option) => option.value === before)) select.value = before;
  const site = newsletters.find((one) => one.site)?.site;
  find("#archive").hidden = !site;
  if (site) find("#archive").href = site;
  await load();
}

async function load() {
  const wanted = find("#edition").value;
  const found = await get(`/api/editions/${wanted}`);
  if (wanted !== find("#edition").value) return; // another one was chosen meanwhile
  shown = found;
  draw();
}

function turn(name) {
  tab = name;
  for (const one of TABS) {
    find(`#tab-${one}`).setAttribute("aria-selected", String(one === tab));
    find(`#tab-${one}`).tabIndex = one === tab ? 0 : -1;
  }
  find("#shown").setAttribute("aria-labelledby", `tab-${tab}`);
  draw();
}

function draw() {
  if (!shown) return;
  const place = find("#shown");
  const file = shown.file && tab !== "chat" ? el("p", { class: "quiet file" }, `${say.file}: `, el("code", {}, shown.file)) : null;
  const parts = {
    post: () => (shown.html ? [el("h3", {}, shown.title), written(shown.html, { class: "words post" })] : []),
    markdown: () => (shown.markdown ? [el("pre", {}, el("code", {}, shown.markdown))] : []),
    chat: () => shown.chat.map((html) => written(html, { class: "words card" })),
  }[tab]();
  settle(place, el("div", {}, file, ...(parts.length ? parts : [el("p", { class: "quiet" }, say.nothing)])));
}

async function jump() {
  const button = find("#jump");
  button.disabled = true;
  tell(say.jumping);
  try {
    const { clock } = await post("/api/jump");
    await look();
    const newest = find("#edition").options[1];
    if (newest) {
      find("#edition").value = newest.value;
      await load();
    }
    tell(`${say.jumped} ${moment(clock)}`);
  } catch (error) {
    tell(error.message);
  }
  button.disabled = false;
  button.focus();
}
