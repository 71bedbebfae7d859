// Keeps "5 min ago" true while a page stays open.

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const WEEK = 7 * 86400;
const format = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always", style: "short" });

function refresh() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const seconds = (Date.parse(element.dateTime) - now) / 1000;
    if (Math.abs(seconds) > WEEK) continue;
    const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
    if (unit) element.textContent = format.format(Math.trunc(seconds / unit[1]), unit[0]).replace(/\.(?=\s)/, "");
  }
}

setInterval(refresh, 30000);
