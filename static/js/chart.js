// Draws every [data-chart="id of a json_script"] by ECharts in the colors of the tokens; redraws when theme or size changes.

const read = (name) => {
  // Computed colors: a custom property alone would come back as the text "light-dark(…)".
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
};

function theme() {
  const [ink, soft, line, raised] = ["--ink", "--ink-soft", "--line", "--raised"].map(read);
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    axisLabel: { color: soft, fontSize: 12 },
    splitLine: { lineStyle: { color: line } },
    nameTextStyle: { color: soft },
  };
  return {
    color: [1, 2, 3, 4, 5, 6].map((at) => read(`--series-${at}`)),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink, fontSize: 12 },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: axis,
    timeAxis: { ...axis, splitLine: { show: false } },
    legend: { textStyle: { color: soft }, icon: "roundRect", itemHeight: 8, itemWidth: 12 },
    tooltip: { backgroundColor: raised, borderColor: line, textStyle: { color: ink, fontSize: 13 } },
    line: { symbolSize: 6, showSymbol: false, lineStyle: { width: 2 } },
    bar: { itemStyle: { borderRadius: [3, 3, 0, 0] } },
  };
}

// "var(--danger-ink)" anywhere in the options means that color.
function painted(value) {
  if (typeof value === "string") return value.replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => read(name));
  if (Array.isArray(value)) return value.map(painted);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, painted(inner)]));
  return value;
}

const size = new ResizeObserver((entries) => entries.forEach(({ target }) => window.echarts.getInstanceByDom(target)?.resize()));

function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  if (!source) return;
  window.echarts.getInstanceByDom(element)?.dispose();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chart = window.echarts.init(element, theme(), { renderer: "svg" });
  chart.setOption({ animation: !calm, animationDuration: 300, ...painted(JSON.parse(source.textContent)) });
  size.observe(element);
}

const drawAll = (root) => {
  if (root.matches?.("[data-chart]")) draw(root);
  root.querySelectorAll?.("[data-chart]").forEach(draw);
};

drawAll(document);
document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
document.addEventListener("omni:theme", () => drawAll(document));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
