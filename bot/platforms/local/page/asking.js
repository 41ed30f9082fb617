// Questions to Linkletter: the answers that only the asker sees, their buttons, and forms.

import { post } from "./api.js";
import { later } from "./board.js";
import { el, find, tell } from "./dom.js";
import { pieces } from "./messages.js";
import { locale, say } from "./words.js";

/** Asks, and shows the answer to the person who asked; `instead` is the answer whose button was pressed. */
export async function ask(question, instead = null) {
  try {
    show(await post("/api/ask", { ...question, locale }), question, instead);
  } catch (error) {
    tell(error.message);
  }
}

/** Presses a button of a message. */
export async function press(message, person, text) {
  try {
    const pressed = message.id;
    show(await post("/api/press", { message: pressed, person, text, locale }), { channel: message.channel, person, pressed });
  } catch (error) {
    tell(error.message);
  }
}

function show(shown, { channel, person, pressed }, instead = null) {
  later(); // what was asked may have changed the newsletter
  if (shown.form) fill(shown.form, (values) => ask({ channel, person, pressed, text: shown.form.text, values }, instead));
  if (!shown.pieces.length) return;
  const close = () => (made.remove(), find("#text").focus());
  const made = el(
    "article",
    { class: "answer", "data-person": person, "data-channel": channel, "aria-label": say.onlyYou },
    el("p", { class: "quiet" }, `${say.onlyYou} `, el("button", { type: "button", class: "small", onclick: close }, say.dismiss)),
    ...pieces(shown.pieces, (text) => ask({ channel, person, text }, made)),
  );
  if (instead?.isConnected && shown.replaces) instead.replaceWith(made);
  else find("#answers").append(made);
  made.scrollIntoView({ block: "nearest" });
}

/** Shows the answers of this person in this channel, and hides everyone else's. */
export function only(person, channel) {
  for (const answer of find("#answers").children) {
    answer.hidden = answer.dataset.person !== person || answer.dataset.channel !== channel;
  }
}

/** A form in a dialog; `send` gets what was written, by the fields' names. */
export function fill(form, send) {
  const dialog = find("#form");
  const fields = form.fields.map(field);
  find("#form-title").textContent = form.title;
  dialog.querySelector(".fields").replaceChildren(...fields);
  const sends = dialog.querySelector(".send");
  sends.textContent = form.send || say.save;
  dialog.querySelector(".cancel").onclick = () => dialog.close();
  dialog.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...dialog.querySelectorAll("[name]")].map((input) => [input.name, input.value]));
    dialog.close();
    send(values);
  };
  dialog.showModal();
  dialog.querySelector("[name]")?.focus();
}

function field({ name, label, value, kind, options, required, hint, at_most }, place) {
  const id = `field-${place}`;
  const common = { id, name, required, "aria-describedby": hint ? `${id}-hint` : null };
  let input;
  if (kind === "choice") {
    input = el("select", common, ...options.map((one) => el("option", { value: one.value, selected: one.value === value }, one.label)));
  } else if (kind === "text") {
    input = el("textarea", { ...common, rows: 5, maxlength: at_most });
    input.value = value;
  } else {
    input = el("input", { ...common, type: "text", maxlength: at_most, autocomplete: "off" });
    input.value = value;
  }
  return el("p", {}, el("label", { for: id }, label), input, hint ? el("span", { id: `${id}-hint`, class: "quiet" }, hint) : null);
}
