"use strict";
// The page is complete without this: everything is in the document, tables in their usual order.
(() => {
  document.documentElement.classList.add("live");

  const sortKey = (cell) => {
    const given = cell.dataset.value;
    if (given === undefined) return cell.textContent.trim().toLowerCase();
    return given === "" ? null : Number(given);
  };
  const compare = (a, b) => {
    // What is not there goes last, whichever way the column is sorted.
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true });
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const keyed = [...table.tBodies[0].rows].map((row) => [sortKey(row.cells[column]), row]);
        keyed.sort(([a], [b]) => (a === null || b === null || up ? compare(a, b) : compare(b, a)));
        table.tBodies[0].append(...keyed.map(([, row]) => row));
      });
    });
  }

  const panels = [...document.querySelectorAll(".confusions figure")];
  const cells = [...document.querySelectorAll(".matrix td[data-pair]")];
  const show = (pair) => {
    for (const panel of panels) panel.hidden = panel.dataset.pair !== pair;
    for (const cell of cells) cell.classList.toggle("shown", cell.dataset.pair === pair);
  };
  for (const cell of cells) {
    cell.tabIndex = 0;
    for (const event of ["mouseenter", "focus", "click"]) {
      cell.addEventListener(event, () => show(cell.dataset.pair));
    }
  }
  if (cells.length) show(cells[0].dataset.pair);

  for (const link of document.querySelectorAll("a.picture")) {
    link.href = document.getElementById(link.dataset.of).src;
  }
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.of);
      try {
        await navigator.clipboard.writeText(source.innerText);
        button.textContent = "Copied";
      } catch {
        // Some browsers keep the clipboard from pages on disk: select the text instead.
        getSelection().selectAllChildren(source);
        button.textContent = "Selected: press Ctrl+C";
      }
    });
  }
})();
