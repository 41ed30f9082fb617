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

export const find = (selector) => document.querySelector(selector);

/** Says something to everyone, screen readers too. */
export function tell(text) {
  find("#status").textContent = text;
}
