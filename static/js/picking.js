// <form data-picking>: a box in the head ticks all rows of the page; <output data-picked> says how many are ticked.

const boxes = (form) => [...form.querySelectorAll('input[type="checkbox"][name="id"]')];

const count = (form) => {
  const all = boxes(form);
  const picked = all.filter((box) => box.checked).length;
  const head = form.querySelector("[data-pick-all]");
  if (head) {
    head.checked = picked > 0 && picked === all.length;
    head.indeterminate = picked > 0 && picked < all.length;
  }
  const output = form.querySelector("[data-picked]");
  if (output) output.textContent = picked ? `(${picked})` : "";
};

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-picking]");
  if (!form) return;
  if (event.target.matches("[data-pick-all]")) boxes(form).forEach((box) => { box.checked = event.target.checked; });
  count(form);
});
