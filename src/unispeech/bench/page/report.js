"use strict";

// Sort the table by the clicked column, ascending first; empty cells come last.
const table = document.getElementById("rows");
table.querySelectorAll("thead button").forEach((button, column) => {
  button.addEventListener("click", () => {
    const body = table.tBodies[0];
    const heading = button.parentElement;
    const down = heading.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("thead th").forEach((th) => th.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => {
      const text = row.cells[column]?.firstChild?.textContent ?? "";
      const number = parseFloat(text.replaceAll(",", ""));
      return column === 0 ? row.cells[0].textContent : Number.isNaN(number) ? null : number;
    };
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = typeof x === "string" ? x.localeCompare(y) : x - y;
      return down ? -order : order;
    });
    body.append(...rows);
  });
});

const choice = document.getElementById("scatter");
choice?.addEventListener("change", () => {
  document.querySelectorAll(".scatter").forEach((chart, number) => {
    chart.hidden = number !== Number(choice.value);
  });
});

// Play one recording at a time.
document.addEventListener("play", (event) => {
  document.querySelectorAll("audio").forEach((audio) => audio !== event.target && audio.pause());
}, true);
