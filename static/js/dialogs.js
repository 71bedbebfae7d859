// data-dialog-open="id" opens <dialog id>; data-dialog-close closes the one around it; a click on the backdrop closes too.
// A dialog or sheet whose content came by htmx opens itself with data-open-on-load.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) document.getElementById(opener.dataset.dialogOpen)?.showModal();
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement && event.target.id !== "confirm") {
    const edge = event.target.getBoundingClientRect();
    const inside = event.clientX >= edge.left && event.clientX <= edge.right && event.clientY >= edge.top && event.clientY <= edge.bottom;
    if (!inside) event.target.close();
  }
});

function openLoaded(root) {
  root.querySelectorAll?.("dialog[data-open-on-load]:not([open])").forEach((dialog) => dialog.showModal());
}

openLoaded(document);
document.addEventListener("htmx:afterSettle", (event) => openLoaded(event.target.parentNode || event.target));
