// What a client costs the page that carries it: main-thread time and bytes for
// each poll of a four-party call, the same page and call for every client, in
// one run. `npm run overhead -w e2e`; `make bench` takes its table.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, CDPSession } from "playwright-core";
import { startBrowser, startProgram, type Program } from "../harness";
import { clients, type Client } from "./clients";

const settle = 18_000; // our SDK looks closely for 15 s after a connection is made
const lasts = Number(process.env.SECONDS_EACH ?? 30) * 1000;

interface Cost {
  polls: number;
  /** ms of the main thread in each second. */
  busy: number[];
  /** Bytes sent in each second. */
  bytes: number[];
}

const median = (of: number[]): number => {
  const sorted = [...of].sort((a, b) => a - b);
  return sorted.length ? (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2 : NaN;
};
const sum = (of: number[]): number => of.reduce((a, b) => a + b, 0);

async function measure(browser: Browser, program: Program, app: { id: number; secret: string }, client: Client, shape: "sfu" | "mesh"): Promise<Cost> {
  const bundle = await build({
    stdin: {
      // Imports run in their order: polls are counted before the client is there.
      contents: `import "./counted"; ${client.code(program.url, program.key, app)}\nimport { call, polls } from "./page"; globalThis.polls = polls; globalThis.up = call(globalThis.added);`,
      resolveDir: join(import.meta.dirname, "overhead"),
    },
    bundle: true, write: false, format: "esm", target: "es2022", minify: true, alias: client.alias, logLevel: "warning",
  });
  const other = await build({ stdin: { contents: `import { call } from "./page"; call();`, resolveDir: join(import.meta.dirname, "overhead") }, bundle: true, write: false, format: "esm" });
  const page = (text: string) => `<!doctype html><body><script type="module">${text.replaceAll("</script", "<\\/script")}</script>`;
  const server = createServer((req, res) => {
    const measured = req.url!.includes("side=measured");
    res.setHeader("Content-Type", "text/html; charset=utf-8").end(page((measured ? bundle : other).outputFiles[0]!.text));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const context = await browser.newContext({ permissions: ["camera", "microphone"] });
  try {
    const others = await context.newPage();
    await others.goto(`${address}?side=others&shape=${shape}`);
    const own = await context.newPage();
    const cdp: CDPSession = await context.newCDPSession(own);
    let sent = 0;
    await cdp.send("Network.enable");
    await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
    cdp.on("Network.webSocketFrameSent", ({ response }) => { sent += response.opcode === 2 ? Buffer.from(response.payloadData, "base64").length : Buffer.byteLength(response.payloadData); });
    cdp.on("Network.requestWillBeSent", ({ request }) => { sent += request.postData ? Buffer.byteLength(request.postData) : 0; });
    await own.goto(`${address}?side=measured&shape=${shape}`);
    await own.evaluate(() => (globalThis as any).up);
    await own.waitForTimeout(settle);
    const state = async () => {
      const { metrics } = await cdp.send("Performance.getMetrics");
      return { task: metrics.find((m) => m.name === "TaskDuration")!.value * 1000, sent };
    };
    const polls = () => own.evaluate(() => (globalThis as any).polls.count as number);
    const cost: Cost = { polls: -(await polls()), busy: [], bytes: [] };
    let last = await state();
    for (let at = 0; at < lasts; at += 1000) {
      await own.waitForTimeout(1000);
      const now = await state();
      cost.busy.push(now.task - last.task);
      cost.bytes.push(now.sent - last.sent);
      last = now;
    }
    cost.polls += await polls();
    return cost;
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

export async function main(): Promise<number> {
  const program = await startProgram({ args: ["--poll", "1s"] });
  const browser = await startBrowser({ args: ["--allow-loopback-in-peer-connection"] });
  try {
    const { id } = (await program.api<{ items: { id: number }[] }>("/apps")).items[0]!;
    const app = { id, secret: (await program.api<{ secret: string }>(`/apps/${id}/secret`)).secret };
    const only = process.argv[2]; // part of a client's name
    const rows: string[] = [];
    const idle = { sfu: 0, mesh: 0 };
    const one = async (client: Client, shape: "sfu" | "mesh") => {
      const name = shape === "mesh" ? `${client.name}, three connections` : client.name;
      process.stderr.write(`${name} …\n`);
      const cost = await measure(browser, program, app, client, shape);
      if (client.name === "none") {
        idle[shape] = median(cost.busy);
        rows.push(`| ${name.replace("none", "no client")} | – | (${idle[shape].toFixed(1)} ms a second) | – | – | |`);
        return;
      }
      const each = cost.polls / (shape === "mesh" ? 3 : 1); // a poll asks every connection
      const seconds = cost.busy.length;
      const period = Math.max(1, Math.round(seconds / each));
      // The windows are one poll long.
      const windows = (of: number[]) => Array.from({ length: Math.floor(of.length / period) }, (_, i) => sum(of.slice(i * period, (i + 1) * period)));
      const time = median(windows(cost.busy)) - idle[shape] * period;
      const bytes = median(windows(cost.bytes));
      rows.push(`| ${name} | ${each.toFixed(0)} in ${seconds} s | ${time.toFixed(1)} ms | ${((sum(cost.busy) - idle[shape] * seconds) / each).toFixed(1)} ms | ${bytes ? bytes.toFixed(0) + " B" : "–"} | ${client.note ?? ""} |`);
    };
    for (const client of clients) if (!only || client.name === "none" || client.name.includes(only)) await one(client, "sfu");
    // Ours in a mesh as well, where each poll is three.
    if (!only) for (const client of clients.slice(0, 2)) await one(client, "mesh");
    console.log("| client | polls of the call | main thread a poll, median | mean | sent a poll, median | |\n|---|---|---|---|---|---|\n" + rows.join("\n"));
    return 0;
  } finally {
    await browser.close();
    await program.stop();
  }
}
