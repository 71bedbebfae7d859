// Numbers the lines of a textarea with data-lines; a button with data-go-line="12" leads to that line.

function number(area) {
  const box = document.createElement("div");
  const gutter = document.createElement("pre");
  box.className = "lines";
  gutter.className = "lines-gutter";
  gutter.setAttribute("aria-hidden", "true");
  area.replaceWith(box);
  box.append(gutter, area);
  area.dataset.numbered = "";
  draw(area);
  area.addEventListener("input", () => draw(area));
  area.addEventListener("scroll", () => follow(area), { passive: true });
}

function draw(area) {
  const count = area.value.split("\n").length;
  const gutter = area.previousElementSibling;
  if (gutter.dataset.count !== String(count)) {
    gutter.dataset.count = count;
    gutter.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n") + "\n\n\n";
  }
  follow(area);
}

function follow(area) {
  area.previousElementSibling.scrollTop = area.scrollTop;
}

function go(area, line) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] || "").length);
  area.scrollTop = Math.max(0, (line - 5) * 20);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-go-line]");
  const area = button && document.querySelector("textarea[data-lines]");
  if (area) go(area, Number(button.dataset.goLine));
});

for (const area of document.querySelectorAll("textarea[data-lines]:not([data-numbered])")) number(area);
