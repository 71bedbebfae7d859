// select[data-guess-zone] starts with the zone of the browser.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const select of document.querySelectorAll("select[data-guess-zone]")) {
  const isKnown = [...select.options].some((option) => option.value === zone);
  const isUntouched = !document.querySelector("[aria-invalid=true]");
  if (!isKnown || !isUntouched) continue;
  select.value = zone;
  select.tomselect?.setValue(zone, true);
}
