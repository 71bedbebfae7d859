// The journey's canvas ([data-canvas]): arrows go from card to card, Esc closes the inspector, a card can be dragged to a "+".
// Everything it does can also be done by the links and buttons on the page.

const canvas = () => document.querySelector("[data-canvas]");
const cards = () => [...document.querySelectorAll("[data-canvas] [data-step] > a")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && !document.querySelector(":popover-open")) {
    document.querySelector("[data-inspector-close]")?.click();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = cards();
  const at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  all[Math.min(Math.max(at + step, 0), all.length - 1)].focus();
});

function reveal() {
  const box = canvas();
  const chosen = box?.querySelector("[data-selected]");
  if (!chosen) return;
  // Only the canvas is moved, never the page, and only when the card is out of sight.
  const seen = box.getBoundingClientRect();
  const card = chosen.getBoundingClientRect();
  if (card.top < seen.top || card.bottom > seen.bottom) box.scrollTop += card.top - seen.top - (seen.height - card.height) / 2;
  if (card.left < seen.left || card.right > seen.right) box.scrollLeft += card.left - seen.left - (seen.width - card.width) / 2;
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "journey") reveal();
});

// htmx sends the button that has the focus with every request of its form; only pressing it may add or remove something.
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, formData, triggeringEvent } = event.detail;
  if (!elt.matches("#inspector form") || triggeringEvent?.type === "submit") return;
  elt.querySelectorAll("button[name]").forEach((button) => formData.delete(button.name));
});

// The size lives on <html>, which no swap touches, and what was chosen is kept for the visit.
const SIZES = ["0", "1", "2", "3"];
const root = document.documentElement;

function resize(size) {
  root.dataset.canvasZoom = size;
}

function fit() {
  const fits = SIZES.findLast((size) => {
    resize(size);
    return canvas().scrollWidth <= canvas().clientWidth;
  });
  resize(fits || SIZES[0]);
}

function center() {
  const box = canvas();
  if (box) box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2;
}

document.addEventListener("click", (event) => {
  const wanted = event.target.closest?.("[data-zoom]")?.dataset.zoom;
  if (!wanted) return;
  const at = SIZES.indexOf(root.dataset.canvasZoom || "3");
  sessionStorage.removeItem("canvas-zoom");
  if (wanted === "fit") fit();
  else {
    resize(SIZES[Math.min(Math.max(at + (wanted === "in" ? 1 : -1), 0), SIZES.length - 1)]);
    sessionStorage.setItem("canvas-zoom", root.dataset.canvasZoom);
  }
  center();
});

if (canvas()) {
  const kept = sessionStorage.getItem("canvas-zoom");
  if (kept) resize(kept);
  else fit();
  center();
  reveal();
}

// Dragging: only cards that may be moved carry data-move, the address that takes the place as `at`.
let dragged = null;

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.("[data-move]");
  if (!card) return;
  dragged = card;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.dataset.step);
  canvas().classList.add("is-dragging");
});

document.addEventListener("dragend", () => {
  dragged = null;
  canvas()?.classList.remove("is-dragging");
});

document.addEventListener("dragover", (event) => {
  if (dragged && event.target.closest?.("[data-place]")) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const place = event.target.closest?.("[data-place]");
  if (!dragged || !place) return;
  event.preventDefault();
  window.htmx.ajax("POST", dragged.dataset.move, {
    source: dragged, target: "#journey", swap: "morph", values: { at: place.dataset.place },
  });
});
