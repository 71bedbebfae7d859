// Bundles third-party code into static/vendor: app.js, app.css, charts.js, and the icon sprite from icons.txt.
import { build } from "esbuild";
import fs from "node:fs";
import path from "node:path";

const out = path.resolve(process.env.VENDOR_OUT || "../static/vendor");
fs.mkdirSync(out, { recursive: true });

await build({
  entryPoints: ["src/app.js", "src/charts.js", { in: "src/app.css", out: "app" }].map((entry) =>
    typeof entry === "string" ? { in: entry, out: path.basename(entry, ".js") } : entry,
  ),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  outdir: out,
  loader: { ".woff2": "file" },
  assetNames: "fonts/[name]",
  legalComments: "linked",
  logLevel: "warning",
});

// The license of the letters travels with them.
fs.copyFileSync("node_modules/@fontsource-variable/inter/LICENSE", path.join(out, "fonts", "LICENSE.txt"));
// axe is for the tests only: never linked from a page.
fs.copyFileSync("node_modules/axe-core/axe.min.js", path.join(out, "axe.min.js"));

const names = [...new Set(fs.readFileSync("icons.txt", "utf8").split(/\s+/).filter(Boolean))].sort();
const missing = [];
const symbols = names.map((name) => {
  const file = `node_modules/@tabler/icons/icons/outline/${name}.svg`;
  if (!fs.existsSync(file)) {
    missing.push(name);
    return "";
  }
  return fs
    .readFileSync(file, "utf8")
    .replace(/<!--[\s\S]*?-->/, "")
    .trim()
    .replace(
      /<svg[^>]*>/,
      `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">`,
    )
    .replace("</svg>", "</symbol>")
    .replace(/\s*\n\s*/g, "");
});
if (missing.length) {
  console.error(`icons.txt names icons that are not there: ${missing.join(", ")}`);
  process.exit(1);
}
fs.writeFileSync(path.join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);

for (const file of fs.readdirSync(out).filter((name) => name.includes(".")).sort()) {
  console.log(String(fs.statSync(path.join(out, file)).size).padStart(9), file);
}
