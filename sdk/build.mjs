// Builds dist/sdk.js (the classic script) and dist/index.mjs (the module), and
// prints what they weigh.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const here = new URL(".", import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(here + "package.json", "utf8"));
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  sourcemap: true,
  target: ["es2020"],
  define: { __VERSION__: JSON.stringify(version) },
  legalComments: "none",
  // Private members are written _name: nobody outside sees them.
  mangleProps: /^_[a-z]/,
};
await build({ ...common, entryPoints: ["src/script.ts"], outfile: "dist/sdk.js", format: "iife" });
await build({ ...common, entryPoints: ["src/index.ts"], outfile: "dist/index.mjs", format: "esm" });
for (const file of ["dist/sdk.js", "dist/index.mjs"]) {
  const bytes = readFileSync(here + file);
  console.log(`${file}  ${(bytes.length / 1024).toFixed(1)} KiB, ${(gzipSync(bytes, { level: 9 }).length / 1024).toFixed(1)} KiB gzip`);
}
