// The theme buttons of the account menu act at once; the server keeps the choice.

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  const theme = body.get("theme");
  document.documentElement.dataset.theme = theme;
  form.querySelectorAll("button[name=theme]").forEach((button) => button.setAttribute("aria-pressed", String(button.value === theme)));
  document.dispatchEvent(new CustomEvent("omni:theme"));
  fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" }, redirect: "manual" });
});
