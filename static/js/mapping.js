// The mapping of a webhook: a click on a value gives it the meaning chosen above; a meaning that only one value can have
// leaves the value that had it. The select beside each value does the same and is what the form sends.

const MANY = new Set(["", "property", "attribute"]);

function show(leaf) {
  const use = leaf.querySelector("[data-use]").value;
  leaf.classList.toggle("mapping-used", use !== "");
  leaf.querySelector("[data-name]").hidden = use !== "property" && use !== "attribute";
}

function free(form, use, keeper) {
  if (MANY.has(use)) return;
  form.querySelectorAll("[data-leaf]").forEach((leaf) => {
    const select = leaf.querySelector("[data-use]");
    if (leaf !== keeper && select.value === use) { select.value = ""; show(leaf); }
  });
}

document.addEventListener("click", (event) => {
  const leaf = event.target.closest("[data-assign]")?.closest("[data-leaf]");
  if (!leaf) return;
  const form = leaf.closest("[data-mapping]");
  const select = leaf.querySelector("[data-use]");
  const tool = form.querySelector('input[name="tool"]:checked').value;
  select.value = select.value === tool ? "" : tool;
  select.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("change", (event) => {
  const leaf = event.target.matches("[data-use]") && event.target.closest("[data-leaf]");
  if (!leaf) return;
  free(leaf.closest("[data-mapping]"), event.target.value, leaf);
  show(leaf);
});
