// Making elements. Text is always text; the only HTML is what the server made of messages and posts, by `written`.

/** An element with these properties (`class`, `onclick`, `aria-label`, `data-…`, …) and children: elements or texts. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** What the server wrote as HTML: strangers' words, escaped there. Links that lead out of here open beside the room. */
export function written(html, properties = {}) {
  const made = el("div", { class: "words", ...properties });
  made.innerHTML = html;
  for (const link of made.querySelectorAll("a[href]")) {
    if (link.origin !== location.origin) {
      link.target = "_blank";
      link.rel = "noopener noreferrer";
    }
  }
  return made;
}

/**
 * Makes `there` look like `now`, and leaves alone whatever of it is the same: who has a finger on it, or reads it, or has
 * marked some of its words, is not disturbed. What differs in its properties, and any button, is replaced whole.
 */
export function settle(there, now) {
  let next = there.firstChild;
  for (const wanted of [...now.childNodes]) {
    const after = [];
    for (let one = next; one; one = one.nextSibling) after.push(one);
    const kept = after.find((one) => one.isEqualNode(wanted)) ?? after.find((one) => grows(one, wanted));
    if (!kept) {
      there.insertBefore(wanted, next);
      continue;
    }
    while (next !== kept) next = forget(next);
    if (!kept.isEqualNode(wanted)) settle(kept, wanted);
    next = kept.nextSibling;
  }
  while (next) next = forget(next);
}

const grows = (one, wanted) => one instanceof Element && one.tagName !== "BUTTON" && one.cloneNode().isEqualNode(wanted.cloneNode());

function forget(one) {
  const next = one.nextSibling;
  one.remove();
  return next;
}

export const find = (selector) => document.querySelector(selector);

/** Says something to everyone, screen readers too. */
export function tell(text) {
  find("#status").textContent = text;
}
