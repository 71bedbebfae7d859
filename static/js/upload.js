// form[data-upload]: shows the name of the chosen file, sends the form at once, and lights up while a file is dragged over it.

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form || event.target.type !== "file" || !event.target.files.length) return;
  const name = form.querySelector("[data-upload-name]");
  if (name) name.textContent = event.target.files[0].name;
  form.classList.add("upload-busy");
  form.requestSubmit();
});

for (const [type, isOver] of [["dragenter", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(type, (event) => {
    event.target.closest?.(".upload-box")?.classList.toggle("upload-over", isOver);
  });
}
