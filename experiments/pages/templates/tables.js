"use strict";
// Tables: sorted by their headings' buttons, and filtered by what is typed.
(() => {
  const number = (cell) => parseFloat((cell.dataset.v ?? cell.textContent).replace(/,/g, ""));
  function compare(a, b, column, numeric) {
    const [one, other] = [a.cells[column], b.cells[column]];
    if (!numeric) return one.textContent.trim().localeCompare(other.textContent.trim());
    const [x, y] = [number(one), number(other)];
    return isNaN(x) || isNaN(y) ? isNaN(x) - isNaN(y) : x - y;
  }
  function sort(table, column) {
    const heads = [...table.tHead.rows[0].cells], head = heads[column], body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending", numeric = head.classList.contains("n");
    heads.forEach((one) => one.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((a, b) => compare(a, b, column, numeric));
    // What has no number stays last either way.
    const bare = numeric ? rows.filter((row) => isNaN(number(row.cells[column]))) : [];
    const rest = rows.filter((row) => !bare.includes(row));
    body.append(...(down ? rest.reverse() : rest), ...bare);
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(table, column));
    });
  }
  for (const field of document.querySelectorAll("[data-filter]")) {
    const rows = [...document.getElementById(field.dataset.filter).tBodies[0].rows];
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      rows.forEach((row) => { row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word)); });
      field.nextElementSibling.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
    });
  }
  // What is out of sight is laid out section by section, once the first screen can be used.
  const idle = window.requestIdleCallback ?? setTimeout, later = [...document.querySelectorAll("nav ~ section")];
  const settle = () => { later.shift()?.classList.add("settled"); if (later.length) idle(settle); };
  idle(settle);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => {
    if (!one.open) { one.open = true; one.dataset.shut = ""; }
  }));
  addEventListener("afterprint", () => document.querySelectorAll("details[data-shut]").forEach((one) => {
    one.open = false; delete one.dataset.shut;
  }));
})();
