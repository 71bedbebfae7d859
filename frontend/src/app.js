// htmx with a morph swap; Sortable and Tom Select for the modules of static/js.
import htmx from "htmx.org/dist/htmx.esm.js";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";
import Sortable from "sortablejs";
import TomSelect from "tom-select/dist/esm/tom-select.complete.js";

Object.assign(window, { htmx, Idiomorph, Sortable, TomSelect });

// What is being typed, and what the browser alone knows (an open menu, a ticked box not yet sent), survives a swap.
const callbacks = {
  beforeNodeMorphed(from, to) {
    if (from.nodeType !== Node.ELEMENT_NODE) return true;
    if (from.hasAttribute("data-keep")) return false;
    if (from.tomselect) return false;
    if (from.tagName === "DETAILS" && from.open && !from.hasAttribute("data-server-open")) to.setAttribute("open", "");
    return true;
  },
};

const styles = { morph: "outerHTML", "morph:outerHTML": "outerHTML", "morph:innerHTML": "innerHTML" };

htmx.defineExtension("morph", {
  isInlineSwap: (style) => styles[style] === "outerHTML",
  handleSwap(style, target, fragment) {
    const morphStyle = styles[style];
    if (!morphStyle) return false;
    // Only of fields: of a focused link it would keep the old words.
    const ignoreActiveValue = document.activeElement?.matches("input, textarea, select, [contenteditable]") ?? false;
    return Idiomorph.morph(target, fragment.children, { morphStyle, ignoreActiveValue, restoreFocus: true, callbacks });
  },
});
