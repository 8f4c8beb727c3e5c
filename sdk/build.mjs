// Builds what is published, and prints what it weighs:
//   dist/sdk.js              the classic script
//   dist/index.mjs           the module
//   dist/sdk-watch.mjs       what both fetch when a page asks for it
//   dist/adapters/*.mjs      one module for each file in adapters/
//   dist/callstats.js        the script for pages written for callstats.js; as
//                            .cjs and .mjs for those that bundle it
//   dist/types/**/*.d.ts     their types
// node build.mjs --no-types leaves the types out, which takes a fifth of the time.
import { build as bundle } from "esbuild";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { minifySync } from "rolldown/utils";

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
  sourcemap: "external",
  write: false,
  target: ["es2020"],
  define: { __VERSION__: JSON.stringify(version) },
  legalComments: "none",
  // Private members are written _name: nobody outside sees them.
  mangleProps: /^_[a-z]/,
  plugins: [beside],
  // callstats.js looks for a module of the older kind around it.
  logOverride: { "commonjs-variable-in-esm": "silent" },
};
const scripts = { "src/script.ts": "dist/sdk.js", "callstats/index.ts": "dist/callstats.js" };
const modules = { "src/index.ts": "dist/index.mjs", "src/watch.ts": "dist/sdk-watch.mjs", "callstats/callstats.ts": "dist/callstats.mjs" };
const adapters = existsSync(join(here, "adapters")) ? readdirSync(join(here, "adapters")).filter((f) => /^[a-z0-9-]+\.ts$/.test(f)) : [];
for (const f of adapters) modules["adapters/" + f] = "dist/adapters/" + f.replace(/ts$/, "mjs");

// A script's entry exports nothing: in a function of its own it is a classic
// script. (The builder's own format for that brings half a KiB of helpers.)
const classic = { format: "esm", banner: { js: '"use strict";(()=>{' }, footer: { js: "})();" } };
const module = { format: "esm" };
for (const [from, to] of Object.entries(scripts)) await build(from, to, classic);
for (const [from, to] of Object.entries(modules)) await build(from, to, module);
copyFileSync(join(here, "dist/callstats.js"), join(here, "dist/callstats.cjs"));
if (!process.argv.includes("--no-types")) declare();
for (const file of [...Object.values(scripts), ...Object.values(modules)]) {
  const bytes = readFileSync(join(here, file));
  console.log(`${file.padEnd(30)} ${(bytes.length / 1024).toFixed(1).padStart(5)} KiB, ${(gzipSync(bytes, { level: 9 }).length / 1024).toFixed(2).padStart(5)} KiB gzip`);
}

/** Bundles one file. The second minifier gains 3 % on the first. */
async function build(from, to, options) {
  const out = join(here, to);
  const { outputFiles } = await bundle({ ...common, ...options, entryPoints: [from], outfile: to });
  const [js, map] = [".js", ".map"].map((end) => outputFiles.find((f) => f.path.endsWith(end) || (end === ".js" && f.path.endsWith(".mjs"))).text);
  const small = minifySync(out, js, { compress: { target: "es2020" }, mangle: true, codegen: { removeWhitespace: true }, sourcemap: true, inputMap: JSON.parse(map) });
  if (small.errors.length) throw new Error(`${to}: ${small.errors[0].message}`);
  const file = to.slice(to.lastIndexOf("/") + 1);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${small.code}\n//# sourceMappingURL=${file}.map\n`);
  writeFileSync(out + ".map", JSON.stringify({ ...small.map, file, sources: small.map.sources.map((s) => s.replace(/^(\.\.\/)+/, "")) }));
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
  reach(join(types, "callstats/callstats.d.ts"));
  for (const f of adapters) reach(join(types, "adapters", f.replace(/ts$/, "d.ts")));
  for (const f of readdirSync(types, { recursive: true })) if (f.endsWith(".d.ts") && !reached.has(join(types, f))) rmSync(join(types, f));
}
