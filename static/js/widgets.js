// select[data-choose] becomes a searchable list (Tom Select); [data-sortable] can be dragged and sends `change` when dropped.
// In a sortable list each item has a .grip to drag by; buttons for moving up and down are the page's own.

const { TomSelect, Sortable } = window;

function attach(root) {
  const all = (selector) => [...(root.matches?.(selector) ? [root] : []), ...(root.querySelectorAll?.(selector) ?? [])];
  for (const select of all("select[data-choose]")) {
    if (select.tomselect) continue;
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`)?.textContent ?? select.getAttribute("aria-label");
    new TomSelect(select, {
      create: select.hasAttribute("data-choose-create"),
      maxOptions: 500,
      allowEmptyOption: true,
      plugins: select.multiple ? ["remove_button"] : [],
      placeholder: select.getAttribute("placeholder") || select.dataset.placeholder || undefined,
    });
    // The control that replaced it carries the label now; the select only keeps the value.
    select.setAttribute("aria-hidden", "true");
    if (label) select.tomselect.control_input.setAttribute("aria-label", label.trim());
  }
  for (const list of all("[data-sortable]")) {
    if (Sortable.get(list)) continue;
    Sortable.create(list, {
      handle: ".grip",
      animation: 120,
      group: list.dataset.sortable || undefined,
      onEnd: () => list.dispatchEvent(new Event("sorted", { bubbles: true })),
    });
  }
}

attach(document.body);
document.addEventListener("htmx:load", (event) => attach(event.detail.elt));
document.addEventListener("htmx:afterSettle", (event) => attach(event.target));
