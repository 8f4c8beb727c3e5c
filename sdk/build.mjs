// Builds what is published, and prints what it weighs:
//   dist/sdk.js              the classic script
//   dist/index.mjs           the module
//   dist/sdk-watch.mjs       what both fetch when a page asks for it
//   dist/adapters/*.mjs      one module for each file in adapters/
//   dist/callstats.js        the classic script for pages written for callstats.js
//   dist/types/**/*.d.ts     their types
// node build.mjs --no-types leaves the types out, which takes a fifth of the time.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

const here = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
// Files that stand beside each other share one client: an adapter carries no
// copy of the core, nor the core one of what it fetches late.
const beside = {
  name: "beside",
  setup(b) {
    b.onResolve({ filter: /^\.\.\/src\/index$/ }, (a) => (a.importer.includes("/adapters/") ? { path: "../index.mjs", external: true } : undefined));
    b.onResolve({ filter: /^\.\/watch$/ }, (a) => (a.kind === "dynamic-import" ? { path: "./sdk-watch.mjs", external: true } : undefined));
  },
};
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
  plugins: [beside],
};
const scripts = { "src/script.ts": "dist/sdk.js" };
if (existsSync(join(here, "callstats/index.ts"))) scripts["callstats/index.ts"] = "dist/callstats.js";
const modules = { "src/index.ts": "dist/index.mjs", "src/watch.ts": "dist/sdk-watch.mjs" };
const adapters = existsSync(join(here, "adapters")) ? readdirSync(join(here, "adapters")).filter((f) => /^[a-z0-9-]+\.ts$/.test(f)) : [];

for (const [from, to] of Object.entries(scripts)) await build({ ...common, entryPoints: [from], outfile: to, format: "iife" });
for (const [from, to] of Object.entries(modules)) await build({ ...common, entryPoints: [from], outfile: to, format: "esm" });
if (adapters.length) {
  await build({ ...common, entryPoints: adapters.map((f) => "adapters/" + f), outdir: "dist/adapters", outExtension: { ".js": ".mjs" }, format: "esm" });
}
if (!process.argv.includes("--no-types")) declare();
for (const file of [...Object.values(scripts), ...Object.values(modules), ...adapters.map((f) => "dist/adapters/" + f.replace(/ts$/, "mjs"))]) {
  const bytes = readFileSync(join(here, file));
  console.log(`${file.padEnd(30)} ${(bytes.length / 1024).toFixed(1).padStart(5)} KiB, ${(gzipSync(bytes, { level: 9 }).length / 1024).toFixed(2).padStart(5)} KiB gzip`);
}

/** Writes the types, of what is exported and no more. */
function declare() {
  const types = join(here, "dist/types");
  rmSync(types, { recursive: true, force: true });
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(here, "tsconfig.types.json")], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  const reached = new Set();
  const reach = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    // Node's rules for modules want whole file names.
    const text = readFileSync(path, "utf8").replace(/((?:from|import\() ?")(\.{1,2}\/[^"]+)(")/g, (_, before, name, after) => {
      reach(join(dirname(path), name + ".d.ts"));
      return `${before}${name}.js${after}`;
    });
    writeFileSync(path, text);
  };
  reach(join(types, "src/index.d.ts"));
  for (const f of adapters) reach(join(types, "adapters", f.replace(/ts$/, "d.ts")));
  for (const f of readdirSync(types, { recursive: true })) if (f.endsWith(".d.ts") && !reached.has(join(types, f))) rmSync(join(types, f));
}
