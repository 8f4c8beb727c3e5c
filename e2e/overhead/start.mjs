// Builds the measurement and runs it: npm run overhead -w e2e
import { build } from "esbuild";
import { join, resolve } from "node:path";

const e2e = resolve(import.meta.dirname, "..");
const outfile = join(e2e, "node_modules", ".overhead", "main.mjs");
await build({
  entryPoints: [join(e2e, "overhead", "overhead.ts")], outfile, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "warning",
  define: { "import.meta.dirname": JSON.stringify(e2e) }, // the harness finds the repository by where it stands
});
const { main } = await import(outfile);
process.exitCode = await main();
