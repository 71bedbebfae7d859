// Ctrl+K: opens the palette, arrows choose, Enter goes. The list itself comes from the server as one types.

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-query");
const list = document.getElementById("palette-results");
const hits = () => [...list.querySelectorAll("[role=option]")];

function choose(hit) {
  hits().forEach((one) => one.setAttribute("aria-selected", String(one === hit)));
  input.setAttribute("aria-activedescendant", hit?.id ?? "");
  hit?.scrollIntoView({ block: "nearest" });
}

function open() {
  if (dialog.open) return;
  dialog.showModal();
  input.select();
  window.htmx.trigger(input, "palette-open");
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette-open]")) open();
  if (event.target === dialog) dialog.close();
});

input.addEventListener("keydown", (event) => {
  const all = hits();
  const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(all[(at + step + all.length) % all.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    all[at]?.click();
  }
});

list.addEventListener("htmx:afterSettle", () => choose(hits()[0]));
