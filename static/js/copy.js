// data-copy="id" copies the text of that element and says so on the button.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const text = "value" in source ? source.value : source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  const label = button.querySelector("span") || button;
  const before = label.textContent;
  label.textContent = button.dataset.copied || before;
  setTimeout(() => { label.textContent = before; }, 2000);
});
