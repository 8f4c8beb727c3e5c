// Builds the driver and runs it: npm run rig -w e2e -- --runs 3 --out DIR
import { build } from "esbuild";
import { join, resolve } from "node:path";

const e2e = resolve(import.meta.dirname, "..");
const outfile = join(e2e, "node_modules", ".rig", "main.mjs");
await build({
  entryPoints: [join(e2e, "rig", "main.ts")], outfile, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "warning",
  define: { "import.meta.dirname": JSON.stringify(e2e) }, // the harness finds the repository by where it stands
});
const { main } = await import(outfile);
process.exitCode = await main(process.argv.slice(2));
