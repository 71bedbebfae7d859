// Shows notices: those of the page (#toast-list), of htmx answers (event omni:toasts), of failed requests,
// and of other modules (document.dispatchEvent(new CustomEvent("omni:toast", { detail: { text, tone, undo } }))).

const SECONDS = { plain: 6, undo: 10, danger: 12 };
const ICONS = { success: "circle-check", info: "info-circle", warning: "alert-triangle", danger: "alert-circle" };
const box = document.getElementById("toasts");
const words = box?.dataset ?? {};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${words.icons}#${name}`);
  svg.append(use);
  return svg;
}

function button(text, css, onclick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = css;
  made.append(text);
  made.addEventListener("click", onclick);
  return made;
}

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
}

async function undo(url) {
  const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" } }).catch(() => null);
  if (answer?.ok) window.location.reload();
  else show({ text: words.broken, tone: "danger" });
}

export function show({ text, tone = "success", undo: undoUrl = "" }) {
  if (!box || !text) return;
  const item = document.createElement("div");
  item.className = `notice notice-${tone}`;
  const label = document.createElement("span");
  label.textContent = text;
  const remove = () => item.remove();
  item.append(icon(ICONS[tone] || ICONS.info), label);
  if (undoUrl) item.append(button(words.undo, "notice-undo", () => { remove(); undo(undoUrl); }));
  const close = button(icon("x"), "notice-close", remove);
  close.setAttribute("aria-label", words.close);
  item.append(close);
  // Behind a modal dialog nothing could be read or pressed.
  const host = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (box.parentElement !== host) host.append(box);
  box.append(item);
  while (box.children.length > 4) box.firstElementChild.remove();
  let seconds = undoUrl ? SECONDS.undo : tone === "danger" ? SECONDS.danger : SECONDS.plain;
  const timer = setInterval(() => {
    if (item.matches(":hover, :focus-within")) return;
    seconds -= 1;
    if (seconds <= 0) { clearInterval(timer); remove(); }
  }, 1000);
}

document.addEventListener("close", (event) => {
  if (event.target.contains(box)) document.body.append(box);
}, true);

const listed = document.getElementById("toast-list");
if (listed) JSON.parse(listed.textContent).forEach(show);

document.addEventListener("omni:toasts", (event) => (event.detail.list || []).forEach(show));
document.addEventListener("omni:toast", (event) => show(event.detail));

const BY_STATUS = { 401: "signedOut", 403: "forbidden", 404: "missing", 409: "conflict", 410: "missing" };
// What refreshes by itself tries again by itself: only what somebody asked for is worth a notice.
const wasAsked = (event) => Boolean(event.detail.requestConfig?.triggeringEvent);
document.addEventListener("htmx:responseError", (event) => {
  if (!wasAsked(event)) return;
  const status = event.detail.xhr.status;
  show({ text: words[BY_STATUS[status]] || words.broken, tone: "danger" });
});
let offlineSince = 0;
document.addEventListener("htmx:sendError", (event) => {
  if (!wasAsked(event)) return;
  // Typing on would repeat it with every letter.
  if (Date.now() - offlineSince > 30000) show({ text: words.offline, tone: "danger" });
  offlineSince = Date.now();
});
// A session that ended answers a fragment with the sign-in page: never swap that into a list.
let isSignedOut = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname.startsWith("/accounts/login") && !window.location.pathname.startsWith("/accounts/")) {
    event.detail.shouldSwap = false;
    if (!isSignedOut) show({ text: words.signedOut, tone: "danger" });
    isSignedOut = true;
  }
});
