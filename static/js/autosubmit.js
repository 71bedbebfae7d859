// <form data-autosubmit>: a change of a select, box or date sends it, typing in a text field after a pause.
// Use it on GET forms (filters) without htmx; with htmx use hx-trigger instead.

const PAUSE_MS = 350;
const timers = new WeakMap();
const isText = (field) => field.matches('input[type="search"], input[type="text"], input:not([type])');

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form && !isText(event.target)) form.requestSubmit();
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (!form || !isText(event.target)) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => form.requestSubmit(), PAUSE_MS));
});

// Empty fields would only make the address long.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-autosubmit]")) return;
  const empty = [...event.target.elements].filter((field) => field.name && !field.value && !field.disabled);
  empty.forEach((field) => { field.disabled = true; });
  setTimeout(() => empty.forEach((field) => { field.disabled = false; }));
});
