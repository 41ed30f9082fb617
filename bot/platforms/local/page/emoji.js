// The picker of emoji: https://github.com/nolanlawson/emoji-picker-element, as it was published, from `vendor/`.

import { find } from "./dom.js";
import { language } from "./words.js";

let made;

async function picker() {
  // The picker sets styles as attributes, which this page forbids to everyone; as properties they are allowed.
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else set.call(this, name, value);
  };
  const { default: Picker } = await import("./vendor/picker.js");
  const found = new Picker({ locale: language, dataSource: `/page/vendor/emoji-${language}.json` });
  find("#picker > div").append(found);
  return found;
}

/** Lets the person choose one; `chosen` is called with it, and not at all when they close the dialog. */
export async function choose(chosen) {
  made ??= picker();
  const [dialog, element] = [find("#picker"), await made];
  const done = new AbortController();
  dialog.addEventListener("close", () => done.abort(), { once: true });
  element.addEventListener("emoji-click", (event) => (dialog.close(), chosen(event.detail.unicode)), { signal: done.signal });
  dialog.querySelector(".cancel").onclick = () => dialog.close();
  dialog.showModal();
}
