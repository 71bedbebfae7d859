// <form data-unsaved>: leaving the page with changes asks first; Ctrl+S sends the form one is in.

const changed = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-unsaved]");
  if (form) changed.add(form);
});

document.addEventListener("submit", (event) => changed.delete(event.target));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) changed.delete(event.target.closest?.("form[data-unsaved]"));
});

window.addEventListener("beforeunload", (event) => {
  if ([...changed].some((form) => form.isConnected)) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  const form = document.activeElement?.closest("form") || document.querySelector("form[data-unsaved]");
  if (!form || form.method === "dialog") return;
  event.preventDefault();
  form.requestSubmit();
});
