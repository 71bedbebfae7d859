// Opens the popover named by data-menu beside its button; arrows walk its items, Escape closes and gives the focus back.

const GAP = 4;

function place(button, menu) {
  const from = button.getBoundingClientRect();
  const width = menu.offsetWidth;
  const height = menu.offsetHeight;
  const rtl = document.documentElement.dir === "rtl";
  let left = from.right - width;
  if (rtl || from.left + width <= window.innerWidth - 8) left = from.left;
  if (from.left + width > window.innerWidth - 8) left = from.right - width;
  const below = from.bottom + GAP;
  const top = below + height <= window.innerHeight - 8 ? below : Math.max(8, from.top - height - GAP);
  menu.style.left = `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`;
  menu.style.top = `${top}px`;
}

// The one right behind its button; by id where they stand apart.
const menuOf = (button) => (button.nextElementSibling?.matches("[popover]") ? button.nextElementSibling : document.getElementById(button.dataset.menu));
const buttonOf = (menu) => (menu.previousElementSibling?.matches("[data-menu]") ? menu.previousElementSibling : document.querySelector(`[data-menu="${CSS.escape(menu.id)}"]`));
const items = (menu) => [...menu.querySelectorAll("a[href], button:not([disabled]), input, select")];

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu]");
  if (!button) {
    const chosen = event.target.closest(".menu .menu-item");
    if (chosen) chosen.closest("[popover]")?.hidePopover();
    return;
  }
  const menu = menuOf(button);
  if (!menu) return;
  if (menu.matches(":popover-open")) {
    menu.hidePopover();
    return;
  }
  menu.showPopover({ source: button });
  place(button, menu);
  if (event.detail === 0) items(menu)[0]?.focus();
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.id || !menu.matches?.("[popover].menu")) return;
  buttonOf(menu)?.setAttribute("aria-expanded", String(event.newState === "open"));
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu:popover-open");
  if (!menu) return;
  const list = items(menu);
  const at = list.indexOf(document.activeElement);
  const typing = event.target.matches("input, select, textarea");
  const goto = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
  if (goto === undefined || typing || !list.length) return;
  event.preventDefault();
  list[(goto + list.length) % list.length].focus();
});

window.addEventListener("scroll", (event) => {
  const open = document.querySelector(".menu:popover-open");
  if (!open || open.contains(event.target)) return;
  const button = document.querySelector(`[data-menu="${CSS.escape(open.id)}"]`);
  const seen = button?.getBoundingClientRect();
  // A page that was still scrolling when the button was pressed must not close what it opened.
  if (seen && seen.bottom > 0 && seen.top < window.innerHeight) place(button, open);
  else open.hidePopover();
}, { capture: true, passive: true });
