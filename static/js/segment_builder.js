// [data-builder]: after each answer the new or moved row gets the focus, and the panel beside it counts again when the
// definition really changed. Enter in a field takes the value over instead of sending the whole form.

const counted = new Map();
let before = "";

const holder = (name) => document.getElementById(`${name}-builder`);
const definition = (builder) => builder?.querySelector("[data-definition]")?.value ?? "";

document.querySelectorAll("[data-builder]").forEach((builder) => counted.set(builder.dataset.builder, definition(builder)));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-builder] input")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const builder = event.target.closest?.("[data-builder]");
  if (builder) before = event.target.matches("button") ? builder.dataset.builder : "";
});

document.addEventListener("htmx:afterSettle", (event) => {
  const builder = event.target.closest?.("[data-builder]") || event.target.querySelector?.("[data-builder]");
  if (!builder) return;
  const name = builder.dataset.builder;
  if (before === name) focusRow(holder(name));
  before = "";
  const now = definition(holder(name));
  if (counted.get(name) === now) return;
  counted.set(name, now);
  holder(name).dispatchEvent(new CustomEvent("rule-changed", { bubbles: true }));
  document.getElementById(`${name}-panel`)?.dispatchEvent(new CustomEvent("rule-changed"));
});

// The first thing to choose in the row: its second control (the first is its kind), else whatever it has.
function focusRow(builder) {
  const row = builder?.querySelector("[data-focus]");
  if (!row) return;
  const fields = row.querySelectorAll(".rule-chips select, .rule-chips input:not([type=hidden])");
  (fields[0] || row.querySelector("select, button"))?.focus();
}
