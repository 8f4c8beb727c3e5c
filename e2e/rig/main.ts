// npm run rig -w e2e -- --out DIR [--runs 3] [--clean 8] [--only name,…] [--parallel 2]
//
// Makes every call of conditions.ts so many times and keeps each in a folder of
// its own, to be judged by the program in fidelity/.
import { setPriority } from "node:os";
import { parseArgs } from "node:util";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { startProgram } from "../harness";
import { clean, conditions, type Condition } from "./conditions";
import { startRelays } from "./relay";
import { makeCall, servePages, type Stage } from "./run";

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: "string" }, runs: { type: "string", default: "3" }, clean: { type: "string", default: "8" },
      only: { type: "string" }, parallel: { type: "string", default: "2" }, poll: { type: "string", default: "1000" },
    },
  });
  if (!values.out) throw new Error("--out names the folder for the recordings");
  const only = values.only?.split(",");
  const chosen = [clean, ...conditions].filter((c) => !only || only.includes(c.name));
  const jobs = chosen.flatMap((c) => Array.from({ length: Number(c === clean && !only ? values.clean : values.runs) }, (_, i) => ({ c, run: i + 1 })));
  const began = Date.now();
  const out = resolve(process.env.INIT_CWD ?? ".", values.out);
  await mkdir(out, { recursive: true });

  const program = await startProgram({ args: ["--poll", `${Number(values.poll)}ms`] });
  const relays = await startRelays();
  const pages = await servePages();
  try {
    setPriority(relays.pid, -10); // a relay that is late bends the truth
  } catch {
    console.log("the relay runs at ordinary priority: no right to raise it");
  }
  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  const stage: Stage = { program, app: app!.id, relays, pages: pages.url, out, pollMs: Number(values.poll), strict: true };
  let stopped = false; // the browsers close by themselves: what runs fails, and nothing follows
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => { stopped = true; });
  const harvests: Promise<void>[] = [];
  let failed = 0;
  let ready = 0;
  const once = async ({ c, run }: { c: Condition; run: number }): Promise<void> => {
    const at = Date.now();
    for (let attempt = 1; !stopped; attempt++) {
      try {
        const harvest = await makeCall(stage, c, run);
        harvests.push(harvest().catch((e) => {
          failed++;
          console.error(`${c.name} ${run}: ${e}`);
        }));
        break;
      } catch (e) {
        console.error(`${c.name} ${run}, attempt ${attempt}: ${e}`);
        if (attempt === 3 || stopped) {
          failed++;
          break;
        }
      }
    }
    console.log(`[${++ready}/${jobs.length}] ${c.name} ${run}: ${((Date.now() - at) / 1000).toFixed(0)} s, ${((Date.now() - began) / 60_000).toFixed(1)} min in all`);
  };
  try {
    const side = jobs.filter((j) => !j.c.alone);
    await Promise.all(Array.from({ length: Number(values.parallel) }, async () => {
      for (let job; (job = side.shift()); ) await once(job);
    }));
    for (const job of jobs.filter((j) => j.c.alone)) await once(job);
    await Promise.all(harvests);
  } finally {
    await pages.stop();
    await relays.stop();
    await program.stop();
  }
  console.log(`${jobs.length - failed} of ${jobs.length} calls in ${out}`);
  return failed ? 1 : 0;
}
