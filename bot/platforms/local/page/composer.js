// The message field: Enter sends, Shift+Enter is a new line, and a command is completed from what Linkletter offers.

import { el, find, tell } from "./dom.js";
import { say } from "./words.js";

const field = () => find("#text");
const list = () => find("#completion");
let replyTo = null;
let commands = [];
let called = "";
let chosen = -1;

/** `send` is called with the text and the id of the message it replies to, if any. */
export function compose(send) {
  const submit = async (event) => {
    event.preventDefault();
    const text = field().value.trim();
    if (!text) return;
    const thread = replyTo;
    field().value = "";
    close();
    reply(null);
    if (!(await send(text, thread?.id ?? null))) {
      field().value = text;
      reply(thread);
    }
  };
  find("#composer").addEventListener("submit", submit);
  find("#replying button").addEventListener("click", () => (reply(null), field().focus()));
  field().addEventListener("input", offer);
  field().addEventListener("blur", () => setTimeout(close, 150));
  field().addEventListener("keydown", (event) => {
    // While a syllable is being composed, Enter ends the syllable and not the message.
    if (event.isComposing || event.keyCode === 229) return;
    const open = !list().hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (open && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey && (chosen >= 0 || event.key === "Tab")) {
      event.preventDefault();
      take(Math.max(chosen, 0));
    } else if (open && event.key === "Escape") {
      close();
    } else if (event.key === "Enter" && !event.shiftKey) {
      submit(event);
    }
  });
}

/** What can be asked. */
export function offers(words, rows) {
  called = words;
  commands = rows;
  field().placeholder = `${say.example}: ${called} help`;
}

/** Answer in the thread of this message; `null`: in the channel. */
export function reply(message) {
  replyTo = message;
  find("#replying").hidden = message === null;
  if (message !== null) {
    find("#replying span").textContent = `${say.replyingTo} ${message.author.name}`;
    field().focus();
  }
}

function offer() {
  const [word, name, ...rest] = field().value.split(/\s/);
  const asks = called && (word === called || (called.startsWith(word) && word.startsWith("/") && name === undefined));
  const found = asks && !rest.length ? commands.filter((row) => row.name.startsWith(name ?? "")) : [];
  if (!found.length || (found.length === 1 && found[0].name === name)) return close();
  chosen = -1;
  list().replaceChildren(
    ...found.map((row, n) =>
      el(
        "li",
        { role: "option", id: `option-${n}`, "aria-selected": "false", "data-name": row.name, onmousedown: (event) => (event.preventDefault(), take(n)) },
        el("b", {}, [`${called} ${row.name}`, ...row.parameters.map((one) => (one.required ? `<${one.name}>` : `[${one.name}]`))].join(" ")),
        " ",
        el("span", { class: "quiet" }, row.help),
      ),
    ),
  );
  if (list().hidden) tell(`${found.length} ${say.suggestions}`);
  list().hidden = false;
}

function move(by) {
  const options = [...list().children];
  chosen = (chosen + by + options.length) % options.length;
  options.forEach((option, n) => option.setAttribute("aria-selected", String(n === chosen)));
  field().setAttribute("aria-activedescendant", options[chosen].id);
  options[chosen].scrollIntoView({ block: "nearest" });
}

function take(n) {
  field().value = `${called} ${list().children[n].dataset.name} `;
  close();
  field().focus();
}

function close() {
  list().hidden = true;
  field().removeAttribute("aria-activedescendant");
}
