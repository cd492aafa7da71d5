
"use strict";
(() => {
  // Before and after: a press keeps the other picture, pointing shows it for the moment (style.css).
  for (const button of document.querySelectorAll(".flip")) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    });
  }

  // Copy: the clipboard where the browser grants it to a local file, else by selecting the text.
  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };
  for (const button of document.querySelectorAll("[data-copy]")) {
    const text = document.getElementById(button.dataset.copy);
    const say = button.parentElement.querySelector("[role=status]");
    button.addEventListener("click", async () => {
      let copied = false;
      try {
        await navigator.clipboard.writeText(text.innerText);
        copied = true;
      } catch {
        copied = select(text);
      }
      say.textContent = copied ? "Copied." : "Selected: press Ctrl+C.";
    });
  }

  // A printed page shows what is folded away on the screen, but not the long tails of tables.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open], .more)")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });

  // Tables of the group: sorted, filtered and paged; without script they are whole and plain. Cells are read
  // when somebody asks: thousands of rows have hundreds of thousands.
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const plain = (cell) => (cell ? cell.textContent.trim() : "");
  const number = (text) => Number(text.replace(/[\u2009\u202f\s]/g, "").replace(/\u2212/g, "-").replace(/[^\d.eE+-].*$/, "") || NaN);

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const size = Number(table.dataset.page);
    const rows = [...body.rows].map((row) => ({ row, key: "", text: "" }));
    const tools = document.getElementById(table.dataset.tools);
    const [search, only] = [tools.querySelector("[type=search]"), tools.querySelector("[type=checkbox]")];
    const [back, next] = tools.querySelectorAll(".pager button");
    const where = tools.querySelector(".pager span");
    let shown = rows;
    let page = 0;

    const draw = () => {
      const last = Math.max(0, Math.ceil(shown.length / size) - 1);
      page = Math.min(Math.max(page, 0), last);
      body.replaceChildren(...shown.slice(page * size, (page + 1) * size).map((each) => each.row));
      const first = shown.length ? page * size + 1 : 0;
      where.textContent = `${first} to ${Math.min((page + 1) * size, shown.length)} of ${shown.length}`;
      back.disabled = page === 0;
      next.disabled = page === last;
    };
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const has = (each, word) => (each.text ||= each.row.textContent.toLowerCase()).includes(word);
      shown = rows.filter((each) => words.every((word) => has(each, word)) && !(only && only.checked && !each.row.dataset.odd));
      page = 0;
      draw();
    };
    const sort = (heading, column) => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = heading.classList.contains("n");
      const sign = down ? -1 : 1;
      for (const each of rows) {
        const text = plain(each.row.cells[column]);
        each.key = numeric ? number(text) : text;
      }
      rows.sort((a, b) => {
        const [x, y] = [a.key, b.key];
        if (!numeric) return sign * order.compare(x, y);
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return sign * (x - y);
      });
      filter();
    };
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(heading, column));
    });
    search.addEventListener("input", filter);
    if (only) only.addEventListener("change", filter);
    back.addEventListener("click", () => { page -= 1; draw(); });
    next.addEventListener("click", () => { page += 1; draw(); });
    tools.hidden = false;
    draw();
    body.classList.remove("waits");
  }
})();
