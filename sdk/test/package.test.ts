// What is published: its weight, what it promises, and that it stands alone.
import { build } from "esbuild";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import ts from "typescript";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(read("package.json")) as { exports: Record<string, string | { types: string; import: string }>; dependencies?: object };
const modules = Object.entries(manifest.exports).filter((e): e is [string, { types: string; import: string }] => typeof e[1] === "object");

test("the core weighs at most 14 KiB", () => {
  for (const file of ["dist/sdk.js", "dist/index.mjs"]) expect(gzipSync(read(file), { level: 9 }).length, file).toBeLessThanOrEqual(14 * 1024);
});

test("the exports are frozen: a new one is a promise to keep", async () => {
  const said: Record<string, string[]> = {};
  const program = ts.createProgram(modules.map(([, { types }]) => join(root, types)), { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, noLib: true, types: [] });
  const checker = program.getTypeChecker();
  for (const [path, { import: file, types }] of modules) {
    const names = Object.keys((await import(join(root, file))) as object).sort();
    const source = checker.getSymbolAtLocation(program.getSourceFile(join(root, types))!)!;
    const declared = checker.getExportsOfModule(source).map((s) => s.name).sort();
    expect(declared, `${path}: types and code differ`).toEqual(expect.arrayContaining(names));
    said[path] = declared;
  }
  const { peerglass } = (await import(join(root, "dist/index.mjs"))) as { peerglass: object };
  said["peerglass"] = Object.keys(peerglass).sort();
  await expect(JSON.stringify(said, null, 2) + "\n").toMatchFileSnapshot("exports.golden.json");
});

test("what is published is there, with source maps and without dependencies", () => {
  expect(manifest.dependencies).toBeUndefined();
  for (const target of Object.values(manifest.exports)) {
    for (const file of typeof target === "string" ? [target] : Object.values(target)) expect(existsSync(join(root, file)), file).toBe(true);
  }
  for (const file of ["dist/sdk.js", "dist/sdk-watch.mjs", ...modules.map(([, m]) => m.import)]) {
    const code = read(file);
    for (const [, from] of code.matchAll(/\b(?:from|import)\s*\(?["'`]([^"'`]+)["'`]/g)) expect(from, file).toMatch(/^\.\.?\//);
    const map = JSON.parse(read(file + ".map")) as { sources: string[]; sourcesContent: string[] };
    expect(map.sourcesContent.length, file).toBe(map.sources.length);
    for (const source of map.sources) expect(existsSync(join(root, source)), source).toBe(true);
  }
});

test("what a page does not use is not in its bundle", async () => {
  const bundle = async (contents: string) =>
    (await build({ stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, minify: true, write: false, format: "esm", logLevel: "error" })).outputFiles[0]!.text;
  expect(await bundle(`import { peerglass } from "@peerglass/browser";`)).toBe("");
  expect(await bundle(`import * as livekit from "@peerglass/browser/livekit"; import { VERSION } from "@peerglass/browser"; export {};`)).toBe("");
  expect((await bundle(`import { peerglass } from "@peerglass/browser"; peerglass.init({});`)).length).toBeGreaterThan(20_000);
});

test.each([
  ["a bundler", ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ["Node's rules", ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
])("the types hold under %s", (_, module, moduleResolution) => {
  const program = ts.createProgram([join(import.meta.dirname, "consumer/page.ts")], {
    module, moduleResolution, target: ts.ScriptTarget.ES2020, lib: ["lib.es2020.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], strict: true, noEmit: true, types: [], skipDefaultLibCheck: true,
  });
  expect(ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"))).toEqual([]);
});
