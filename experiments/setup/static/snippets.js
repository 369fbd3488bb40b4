"use strict";
// Below each result of a search: the sections of that page which have the words, and the words in
// their place. TEXTS is in texts.js; nothing is fetched, so it works from a disk.
(() => {
  const BEFORE = 60;
  const LENGTH = 220;
  const MOST = 3;

  const words = (new URLSearchParams(location.search).get("q") || "")
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}_-]+/u)
    .filter((word) => word.length > 1);

  const places = (text) =>
    words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);

  const sections = (page) =>
    (TEXTS[page] || [])
      .map(([anchor, title, text]) => ({ anchor, title, text, found: places(`${title} ${text}`) }))
      .filter((section) => section.found.length > 0)
      .sort((one, other) => other.found.length - one.found.length)
      .slice(0, MOST);

  const excerpt = ({ text }) => {
    const first = Math.min(...places(text), text.length);
    const from = Math.max(0, (first < text.length ? first : 0) - BEFORE);
    const start = from > 0 ? text.indexOf(" ", from) + 1 : 0;
    const whole = start + LENGTH >= text.length;
    const end = whole ? text.length : text.lastIndexOf(" ", start + LENGTH);
    return `${start > 0 ? "… " : ""}${text.slice(start, end)}${whole ? "" : " …"}`;
  };

  const marked = (text) => {
    const part = document.createElement("span");
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&"));
    text.split(new RegExp(`(${escaped.join("|")})`, "iu")).forEach((piece, number) => {
      const node = document.createElement(number % 2 ? "mark" : "span");
      node.textContent = piece;
      part.append(node);
    });
    return part;
  };

  const addTo = (item) => {
    const link = item.querySelector("a");
    if (!link || item.dataset.shown || item.classList.contains("kind-title")) return;
    item.dataset.shown = "yes";
    const page = link.getAttribute("href").split("#")[0].replace(/\.html$/, "");
    for (const section of sections(page)) {
      const line = document.createElement("p");
      const title = document.createElement("a");
      line.className = "found";
      title.href = `${page}.html${section.anchor ? `#${section.anchor}` : ""}`;
      title.textContent = section.title;
      line.append(title, ": ", marked(excerpt(section)));
      item.append(line);
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const results = document.getElementById("search-results");
    if (!results || words.length === 0) return;
    const look = () => results.querySelectorAll("li").forEach(addTo);
    new MutationObserver(look).observe(results, { childList: true, subtree: true });
    look();
  });
})();
