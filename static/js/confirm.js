// Asks by the dialog #confirm before a button, form or hx-request that carries data-confirm; see components/_confirm.html.

const dialog = document.getElementById("confirm");
const title = document.getElementById("confirm-title");
const text = document.getElementById("confirm-text");
const number = document.getElementById("confirm-number");
const wanted = document.getElementById("confirm-wanted");
const typed = document.getElementById("confirm-typed");
const yes = document.getElementById("confirm-yes");
const digits = (value) => value.replace(/[^0-9]/g, "");
const agreed = new WeakSet();

function ask(element) {
  const { confirm, confirmTitle, confirmAction, confirmNumber } = element.dataset;
  title.textContent = confirmTitle || title.dataset.default;
  text.textContent = confirm;
  yes.textContent = confirmAction || yes.dataset.default;
  number.hidden = !confirmNumber;
  typed.value = "";
  wanted.textContent = confirmNumber || "";
  yes.disabled = Boolean(confirmNumber);
  dialog.returnValue = "";
  dialog.showModal();
  (confirmNumber ? typed : yes).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

typed?.addEventListener("input", () => {
  yes.disabled = digits(typed.value) !== digits(wanted.textContent);
});

// Enter in the field would press the first button, which cancels.
typed?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (!yes.disabled) dialog.close("yes");
});

document.addEventListener("htmx:confirm", (event) => {
  const element = event.target.closest("[data-confirm]");
  if (!element || element !== event.detail.elt) return;
  event.preventDefault();
  ask(element).then((isAgreed) => isAgreed && event.detail.issueRequest(true));
});

const usesHtmx = (element) => element.matches("[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]");

document.addEventListener("submit", (event) => {
  const source = event.submitter?.dataset.confirm ? event.submitter : event.target;
  if (!source.dataset.confirm || usesHtmx(event.target) || usesHtmx(source) || agreed.has(source)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(source).then((isAgreed) => {
    if (!isAgreed) return;
    agreed.add(source);
    event.target.requestSubmit(event.submitter || undefined);
    agreed.delete(source);
  });
}, true);
