// Clicks every heading of every table: how long until the tab has drawn the new order, and is it in order.
(async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const clean = (text) => text.replace(/[\u2009\u202f\s]/g, "").replace(/\u2212/g, "-").replace(/[^\d.eE+-].*$/, "");
  const rising = (numbers) => numbers.every((each, place) => place === 0 || numbers[place - 1] <= each);
  const found = [];
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead.rows[0].cells) {
      const begin = performance.now();
      heading.querySelector("button").click();
      await drawn();
      const took = performance.now() - begin;
      const texts = [...table.tBodies[0].rows].map((row) => clean(row.cells[heading.cellIndex].textContent));
      const numbers = texts.filter((text) => text !== "" && text !== "n/a").map(Number);
      const right = !heading.classList.contains("n") || rising(numbers);
      found.push({ table: table.caption.textContent.trim(), heading: heading.textContent, took, right });
    }
  }
  return found;
})()
