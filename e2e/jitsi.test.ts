// The unmodified @jitsi/rtcstats against the real program: a two-party call
// whose telemetry loses its TCP connection in the middle.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, type Proxy, startBrowser, startProgram, startProxy, until } from "./harness";

const record = resolve(import.meta.dirname, "../protocol/jitsi/testdata/record");
const room = "standup";

let program: Program;
let proxy: Proxy;
let browser: Browser;
let context: BrowserContext;
let pages: Server;

/** What one side sent: the client's own numbers, and on how many connections. */
interface Side {
  page: Page;
  sent: number[];
  polls: number;
  connections: string[];
}

async function open(side: string, endpoint: string): Promise<Side> {
  const page = await context.newPage();
  const out: Side = { page, sent: [], polls: 0, connections: [] };
  page.on("websocket", (socket) => {
    out.connections.push(socket.url());
    socket.on("framesent", ({ payload }) => {
      const { data } = JSON.parse(payload.toString());
      if (data === undefined) return; // keep-alive
      const entry = typeof data === "string" ? JSON.parse(data) : data;
      out.sent.push(entry[4]);
      if (entry[0] === "getstats") out.polls++;
    });
  });
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/?${new URLSearchParams({ side, room, endpoint })}`);
  await page.evaluate(() => (window as any).started);
  return out;
}

beforeAll(async () => {
  // The client names a folder of js-utils that its exports do not have.
  const utils = dirname(createRequire(import.meta.url).resolve("@jitsi/js-utils"));
  const bundle = await build({
    entryPoints: [join(record, "page.js")], bundle: true, write: false, format: "iife",
    alias: { "@jitsi/js-utils/browser-detection": join(utils, "browser-detection/index.js") },
  });
  const html = `<!doctype html><body><script>${bundle.outputFiles[0]!.text.replaceAll("</script", "<\\/script")}</script>`;
  // A real server: to Chromium a page that was made up is not of this machine,
  // and may not connect to it.
  pages = createServer((_, res) => res.setHeader("Content-Type", "text/html").end(html));
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  program = await startProgram();
  proxy = await startProxy(program.url);
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
  await proxy?.close();
  await program?.stop();
});

test("a call survives the loss of its connection with no record lost or doubled", async () => {
  const path = `/ingest/jitsi/${program.key}`;
  const alice = await open("alice", `ws://127.0.0.1:${proxy.port}${path}`);
  const bob = await open("bob", `${program.url.replace("http", "ws")}${path}`);
  await alice.page.bringToFront();
  await until("alice to send three polls", () => alice.polls >= 3 || undefined);

  expect(proxy.cut()).toBeGreaterThan(0);
  const before = { connections: alice.connections.length, polls: alice.polls };
  // The client waits 1 to 11 s before it comes back, and then sends what it kept.
  await until("alice to come back", () => alice.connections.length > before.connections || undefined);
  expect(alice.connections.at(-1)).toContain("isReconnect=true");
  await until("alice to go on", () => alice.polls >= before.polls + 8 || undefined);
  for (const side of [alice, bob]) await side.page.evaluate(() => (window as any).hangUp());

  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  const ended = await until("the call and its dumps", async () => {
    const { items } = await program.api<{ items: any[] }>(`/apps/${app!.id}/calls`);
    if (items.length === 0) return undefined;
    const sessions = (await program.api<{ items: any[] }>(`/apps/${app!.id}/calls/${items[0].id}/sessions`)).items;
    expect(items).toMatchObject([{ room, users: 2 }]);
    return sessions.length === 2 && sessions.every((s) => s.hasDump) ? { calls: items, sessions } : undefined;
  });

  for (const [name, side] of Object.entries({ alice, bob })) {
    const session = ended.sessions.find((s) => s.user === name);
    expect(session, name).toBeDefined();
    expect(session.endReason).toBe("leave");
    const base = `/apps/${app!.id}/calls/${ended.calls[0].id}`;

    // Every number that the client gave out is in the dump, once.
    const last = Math.max(...side.sent);
    const raw = await program.download(`${base}/sessions/${session.id}/dump?format=raw`);
    const stored = [...gunzipSync(raw).toString("latin1").matchAll(/,\d{13},(\d+)\]"?\}/g)].map((m) => Number(m[1]));
    expect(stored.sort((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, i) => i + 1));

    // And the trace has each thing once that the page told, polls aside.
    const events: any[] = [];
    for (let cursor = ""; ;) {
      const { items, next } = await program.api(`${base}/events?session=${session.id}&limit=500${cursor}`);
      events.push(...items);
      if (!next) break;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
    const count = (event: string) => events.filter((e) => e.name === event).length;
    expect(count("navigator.mediaDevices.getUserMedia")).toBe(1);
    expect(count("createOffer") + count("createAnswer")).toBe(1);
    expect(count("close")).toBe(1);
  }
});
