// "g" then a letter goes to a place, "/" into the search of the list, "?" opens the list of shortcuts.
// A page adds its own: <a data-key="n" …> or <button data-key="t" …> is clicked by that key.

const WAIT_MS = 1200;
let since = 0;

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable='true'], .ts-wrapper") !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key;
  if (since && Date.now() - since < WAIT_MS) {
    since = 0;
    const place = document.querySelector(`[data-go="${CSS.escape(key.toLowerCase())}"]`);
    if (place) { event.preventDefault(); place.click(); }
    return;
  }
  if (key === "g") { since = Date.now(); return; }
  if (key === "?") { event.preventDefault(); document.getElementById("shortcuts")?.showModal(); return; }
  if (key === "/") {
    const search = document.querySelector("main input[type='search']");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    return;
  }
  if (key.length !== 1) return;
  const own = document.querySelector(`main [data-key="${CSS.escape(key)}"]`);
  if (own) { event.preventDefault(); own.click(); }
});
