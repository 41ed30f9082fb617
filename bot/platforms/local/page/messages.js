// Messages: how one looks, and what can be done with it. What is done is `main.js`'s, by the functions in `does`.

import { el, written } from "./dom.js";
import { language, say } from "./words.js";

let zone;

/** Times are shown as the newsletter's clock has them. */
export function inZone(name) {
  zone = name;
}

export function moment(at, style = { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }) {
  return new Intl.DateTimeFormat(language, { ...style, timeZone: zone }).format(new Date(at));
}

/** A message as an item of the log, which has it as `message`. `me` is the person that is played. */
export function item(message, me, does) {
  const made = el("li", { "data-id": message.id, id: `m-${message.id}` }, own(message, me, does), el("ol", { class: "replies" }));
  return Object.assign(made, { message });
}

/** The message itself, without what hangs below it. */
export function own(message, me, { react, pick, press, menu }) {
  const at = el("time", { datetime: message.at }, moment(message.at));
  return el(
    "article",
    { class: message.author.bot ? "by-bot" : null, "aria-label": `${message.author.name}, ${moment(message.at)}` },
    el(
      "header",
      {},
      el("strong", {}, message.author.name),
      " ",
      message.author.bot ? el("span", { class: "tag" }, say.bot) : null,
      " ",
      at,
      message.edited ? el("span", { class: "quiet" }, ` (${say.edited})`) : null,
      options(message, me, menu),
    ),
    ...pieces(message.pieces, (text) => press(message, text)),
    ...message.previews.map(preview),
    el(
      "div",
      { class: "below" },
      ...message.reactions.map((reaction) => chip(message, reaction, me, react)),
      message.author.bot
        ? null
        : el("button", { type: "button", class: "small", "data-do": "pick", "aria-label": say.react, onclick: () => pick(message) }, "☺ +"),
    ),
  );
}

function options(message, me, menu) {
  const chosen = menu(message, me);
  const items = chosen.map(({ label, does }) =>
    el("li", {}, el("button", { type: "button", onclick: (event) => (event.target.closest("details").open = false, does()) }, label)),
  );
  const whole = el("details", { class: "menu" }, el("summary", { "aria-label": say.more, "data-do": "menu" }, "⋯"), el("ul", {}, ...items));
  whole.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && whole.open) {
      whole.open = false;
      whole.firstChild.focus();
    }
  });
  whole.addEventListener("focusout", (event) => whole.contains(event.relatedTarget) || (whole.open = false));
  return whole;
}

function chip(message, reaction, me, react) {
  const mine = reaction.people.some((person) => person.id === me);
  const names = reaction.people.map((person) => person.name).join(", ");
  return el(
    "button",
    {
      type: "button",
      class: "chip",
      "aria-pressed": String(mine),
      "aria-label": `${reaction.emoji} ${reaction.people.length}, ${say.chosen} ${names}`,
      title: names,
      "data-do": `react ${reaction.emoji}`,
      onclick: () => react(message, reaction.emoji, !mine),
    },
    `${reaction.emoji} ${reaction.people.length}`,
  );
}

function preview({ url, title, site, picture }) {
  return el(
    "a",
    { class: "preview", href: url, target: "_blank", rel: "noopener noreferrer" },
    picture ? el("img", { src: picture, alt: "", width: 96, height: 48 }) : null,
    el("span", {}, el("span", { class: "quiet" }, site), " ", el("b", {}, title)),
  );
}

/** What was written, each piece with its buttons below it; `press` is called with what the pressed one asks. */
export function pieces(all, press) {
  return all.flatMap(({ html, actions }) => [
    ...(html ? [written(html)] : []),
    ...(actions.length ? [el("div", { class: "below" }, ...actions.map((one) => button(one, press)))] : []),
  ]);
}

function button({ label, text, style }, press) {
  return el("button", { type: "button", class: style, "data-do": `press ${label}`, "data-asks": text, onclick: () => press(text) }, label);
}
