// Search in the archive: the rule of newsletter/search.py, in the reader's browser. Nothing leaves it.
// Each file in search/ calls linkletterLinks with one year, newest first; what it holds is only ever shown as text.
"use strict";

(() => {
  const CJK =
    "\\u1100-\\u11ff\\u3040-\\u30ff\\u3130-\\u318f\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff" +
    "\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
  const TOKEN = new RegExp(`#?[${CJK}]+|#?(?:(?![${CJK}])[\\p{L}\\p{N}])+`, "gu");
  const BEGINS_CJK = new RegExp(`^[${CJK}]`, "u");
  const LONGEST_TERM = 64;
  const MOST = 200;

  // As Python's casefold for what people write: ß is ss, and a last sigma is a sigma.
  const fold = (text) => text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ");
  const tokens = (text) => fold(text).match(TOKEN) ?? [];
  const begin = (word) => [...word].slice(0, LONGEST_TERM).join("");
  const tag = (word) => "tag\u02d0" + begin(word);
  const isCjk = (word) => BEGINS_CJK.test(word);

  function cut(word) {
    if (!isCjk(word)) return [begin(word)];
    const letters = [...word];
    return letters.length === 1 ? letters : letters.slice(1).map((letter, place) => letters[place] + letter);
  }

  // The terms of a text, each once: lower-case words, pairs of CJK syllables, #tag as well as tag.
  function terms(text) {
    const found = new Set();
    for (const token of tokens(text)) {
      const word = token.replace(/^#/, "");
      if (word !== token) found.add(tag(word));
      cut(word).forEach((term) => found.add(term));
    }
    return [...found];
  }

  // The terms a match must all have; one that ends in * matches by its beginning.
  function query(text) {
    const found = new Set();
    tokens(text).forEach((token, place, all) => {
      const word = token.replace(/^#/, "");
      if (word !== token) {
        found.add(tag(word));
        return;
      }
      const parts = cut(word);
      const unfinished = place === all.length - 1 && !isCjk(word);
      if (unfinished || (isCjk(word) && [...word].length === 1)) parts.push(parts.pop() + "*");
      parts.forEach((term) => found.add(term));
    });
    return [...found];
  }

  // As one text, so that a term is found by one look: each on a line of its own.
  const indexed = (text) => `\n${terms(text).join("\n")}\n`;
  const matches = (index, wanted) =>
    wanted.every((term) => index.includes(term.endsWith("*") ? `\n${term.slice(0, -1)}` : `\n${term}\n`));

  const links = [];

  function add({ editions, links: found }) {
    for (const [edition, anchor, title, url, site, tags, words] of found) {
      const [page, name, day] = editions[edition];
      links.push({ title, url, site, page: `${page}#${anchor}`, name, day, text: [title, words, site, ...tags].join("\n") });
    }
  }

  function search(text) {
    const wanted = query(text);
    if (!wanted.length) return [];
    return links.filter((link) => matches((link.index ??= indexed(link.text)), wanted));
  }

  function element(kind, text, href) {
    const made = document.createElement(kind);
    made.textContent = text;
    if (href) made.href = href;
    return made;
  }

  function shown(link) {
    const item = document.createElement("li");
    const title = /^https?:\/\//i.test(link.url) ? element("a", link.title, link.url) : element("span", link.title);
    item.append(title, document.createElement("br"), element("span", `${link.site} `));
    item.append(element("a", link.name, link.page), element("span", ` ${link.day}`));
    return item;
  }

  function start() {
    const box = document.getElementById("q");
    const count = document.getElementById("count");
    const results = document.getElementById("results");
    const answer = () => {
      const found = search(box.value);
      const asked = query(box.value).length > 0;
      results.replaceChildren(...found.slice(0, MOST).map(shown));
      count.textContent = !asked ? "" : found.length ? count.dataset.found.replace("{count}", found.length) : count.dataset.nothing;
    };
    box.value = new URLSearchParams(location.search).get("q") ?? "";
    box.form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer();
    });
    box.addEventListener("input", answer);
    if (!box.value) box.focus();
    answer();
  }

  globalThis.linkletterLinks = add;
  // Outside of a page (in a test) there is nothing to start.
  if (typeof document === "undefined") globalThis.linkletterSearch = { terms, query, search };
  else document.addEventListener("DOMContentLoaded", start);
})();
