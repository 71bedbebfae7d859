// [data-builder]: after each answer the new or moved row gets the focus, and the panel beside it counts again when the
// definition really changed. Enter in a field takes the value over instead of sending the whole form.

const counted = new Map();
const loaded = new Map();
const sent = new WeakMap();
let pressed = "";

const holder = (name) => document.getElementById(`${name}-builder`);
const hidden = (builder) => builder?.querySelector("[data-definition]");
const ADDS = "[data-builder] [data-adds]";

// Rows may come later than the page, inside a panel that htmx brings.
function meet(root) {
  for (const builder of root.querySelectorAll?.("[data-builder]") ?? []) {
    const { builder: name } = builder.dataset;
    if (loaded.has(name)) continue;
    loaded.set(name, hidden(builder).value);
    counted.set(name, hidden(builder).value);
  }
}
meet(document);
document.addEventListener("htmx:load", (event) => meet(event.detail.elt.parentElement ?? document));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-builder] input")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const builder = event.target.closest?.("[data-builder]");
  if (!builder) return;
  pressed = event.target.matches("button") ? builder.dataset.builder : "";
  // What was typed comes back as a value of the list; the field itself is for the next one.
  for (const field of builder.querySelectorAll(".chip-input")) sent.set(field, field.value);
});

document.addEventListener("htmx:afterSettle", (event) => {
  const builder = event.target.closest?.("[data-builder]");
  if (!builder) return;
  const { builder: name } = builder.dataset;
  for (const field of document.querySelectorAll(ADDS)) if (field.value === sent.get(field)) field.value = "";
  if (pressed === name) focusRow(holder(name));
  pressed = "";
  const now = hidden(holder(name)).value;
  if (counted.get(name) === now) return;
  counted.set(name, now);
  holder(name).dispatchEvent(new CustomEvent("rule-changed", { bubbles: true }));
  document.getElementById(`${name}-panel`)?.dispatchEvent(new CustomEvent("rule-changed"));
});

// Requests of the builder and its panel save nothing: the form around them stays unsaved once a row differs.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[data-unsaved]");
  if (!form || event.target === form) return;
  for (const [name, first] of loaded) {
    const field = hidden(holder(name));
    if (form.contains(field) && field.value !== first) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// The first thing to choose in the row, else whatever it has.
function focusRow(builder) {
  const row = builder?.querySelector("[data-focus]");
  const field = row?.querySelector(".rule-chips select, .rule-chips input:not([type=hidden])");
  (field || row?.querySelector("select, button"))?.focus();
}
