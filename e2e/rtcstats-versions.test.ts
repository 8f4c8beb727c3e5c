// Every version of @jitsi/rtcstats that npm has, and rtcstats 5, unmodified,
// against the real program. Two versions talk to each other in each call, and
// all calls run side by side.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, type Proxy, snippet, startBrowser, startProgram, startProxy, until } from "./harness";
import { type Seen, shown } from "./stage";

/** The two ends of each call. */
const pairs = [["9.0.0", "9.0.1"], ["9.2.0", "9.3.0"], ["9.4.1", "9.5.0"], ["9.5.1", "9.6.0"], ["9.7.0", "9.7.1"], ["5.2.0", "9.7.1"]] as const;
type Version = (typeof pairs)[number][number];

const newest: Version = "9.7.1";
const bare: Version = "5.2.0"; // its statistics do not work in today's Chromium
/** Whose frames are numbered, acknowledged and sent again: from 9.6 on. */
const acknowledged = (version: Version) => version >= "9.6";
const roomOf = (pair: readonly Version[]) => `versions ${pair.join(" and ")}`;
const userOf = (version: Version) => `user of ${version}`;

let program: Program;
let proxy: Proxy;
let browser: Browser;
let context: BrowserContext;
let pages: Server;
const scripts = new Map<string, string>();

interface End {
  version: Version;
  room: string;
  page: Page;
  /** The client's own numbers, in the order in which they were sent. */
  sent: number[];
  /** How many numbers went over each of the client's connections. */
  connections: { sent: number }[];
}

/** The documentation's lines with a version of the client, and a call. */
async function bundle(version: Version): Promise<string> {
  const require = createRequire(import.meta.url);
  const client = version === newest ? "@jitsi/rtcstats" : `jitsi-rtcstats-${version}`;
  const code = (await snippet(version === bare ? "rtcstats-5" : "rtcstats", program))
    .replaceAll(`ws://${new URL(program.url).host}`, `ws://localhost:${proxy.port}`);
  const { outputFiles } = await build({
    stdin: {
      contents: `import { call } from "./call.ts";
        const { me, room, offers } = Object.fromEntries(new URLSearchParams(location.search));
        ${code}
        globalThis.trace = trace;
        globalThis.started = call(room, offers === "yes").then((hangUp) => { globalThis.hangUp = hangUp; });`,
      resolveDir: import.meta.dirname,
    },
    bundle: true, write: false, format: "iife", target: "es2022",
    define: { global: "globalThis" }, // as the bundlers of its day did for uuid 3
    // The client names a folder of js-utils that its exports do not have.
    alias: { "@jitsi/rtcstats": client, "@jitsi/js-utils/browser-detection": join(dirname(require.resolve("@jitsi/js-utils")), "browser-detection/index.js") },
  });
  return outputFiles[0]!.text;
}

async function open(version: Version, room: string, offers: boolean): Promise<End> {
  const page = await context.newPage();
  const end: End = { version, room, page, sent: [], connections: [] };
  const errors: string[] = [];
  page.on("pageerror", (error) => version === bare || errors.push(String(error)));
  page.on("websocket", (socket) => {
    const connection = { sent: 0 };
    end.connections.push(connection);
    socket.on("framesent", ({ payload }) => {
      const { data } = JSON.parse(payload.toString());
      if (data === undefined) return; // a keep-alive, or a bare array
      const entry = typeof data === "string" ? JSON.parse(data) : data;
      if (!acknowledged(version)) return;
      end.sent.push(entry[4]);
      connection.sent++;
    });
  });
  // Clients before 9.3 take their room from the page's path.
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/${encodeURIComponent(room)}?${new URLSearchParams({ version, me: userOf(version), room, offers: offers ? "yes" : "no" })}`);
  await page.evaluate(() => (globalThis as any).started);
  expect(errors, version).toEqual([]);
  return end;
}

beforeAll(async () => {
  program = await startProgram();
  proxy = await startProxy(program.url);
  await Promise.all(pairs.flat().map(async (version) => scripts.set(version, await bundle(version))));
  pages = createServer((req, res) => {
    const script = scripts.get(new URL(req.url!, program.url).searchParams.get("version") ?? "") ?? "";
    res.setHeader("Content-Type", "text/html; charset=utf-8").end(`<!doctype html><body><script>${script.replaceAll("</script", "<\\/script")}</script>`);
  });
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
  // Clients wait for up to ten seconds by chance before they come back.
  await context.addInitScript(() => { Math.random = () => 0; });
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
  await proxy?.close();
  await program?.stop();
});

/** The users of a call who have bit rates of what they send and of what they receive. */
async function measured({ call, sessions }: Seen): Promise<string[]> {
  const { series } = await program.api<{ series: any[] }>(`/apps/${call.app}/calls/${call.id}/samples?metrics=bitrate`);
  const rates = (session: string, direction: string) => series.filter((x) => x.session === session && x.direction === direction && ["audio", "video"].includes(x.kind))
    .flatMap((x) => x.values.bitrate).filter((v: number | null) => v !== null && v > 0).length;
  return sessions.filter((s) => rates(s.id, "send") > 1 && rates(s.id, "receive") > 1).map((s) => s.user).sort();
}

test("every version makes a call that is understood, and from 9.6 on nothing is lost with a connection", async () => {
  const ends = await Promise.all(pairs.flatMap((pair) => [open(pair[1], roomOf(pair), false), open(pair[0], roomOf(pair), true)]));
  // Who was first may have called before the other was there.
  for (const end of ends.filter((_, i) => i % 2 === 0)) await end.page.evaluate((room) => new BroadcastChannel("call " + room).postMessage({ ready: true }), end.room);

  for (const pair of pairs) {
    const seen = await shown(program, roomOf(pair), `both users of ${roomOf(pair)}, connected`, (s) => {
      expect(s.call).toMatchObject({ room: roomOf(pair), users: 2 });
      expect(s.sessions.map((x) => x.user).sort()).toEqual(pair.map(userOf).sort());
      for (const version of pair) {
        expect(s.events(userOf(version), "onconnectionstatechange")).toContain("connected");
        expect(s.events(userOf(version), "create")).toHaveLength(1);
      }
      return s;
    });
    const polled = pair.filter((version) => version !== bare).map(userOf).sort();
    await until(`bit rates of ${polled.join(" and ")}`, async () => { expect(await measured(seen)).toEqual(polled); return true; });
  }

  const kept = ends.filter((end) => acknowledged(end.version));
  const before = new Map(kept.map((end) => [end, end.connections.length]));
  expect(proxy.cut()).toBeGreaterThanOrEqual(kept.length);
  for (const end of kept) {
    await until(`${end.version} to come back and go on`, () => end.connections.length > before.get(end)! && end.connections.at(-1)!.sent > 2 || undefined);
    await end.page.evaluate(() => { (globalThis as any).hangUp(); (globalThis as any).trace.close(); });
  }
  for (const end of kept) {
    const ended = await shown(program, end.room, `the dump of ${end.version}`, (s) => s.sessions.some((x) => x.user === userOf(end.version) && x.hasDump) && s);
    const mine = ended.sessions.filter((s) => s.user === userOf(end.version));
    expect(mine, end.version).toHaveLength(1);
    expect(mine[0].endReason, end.version).toBe("leave");
    // Every number that the client gave out is in the dump, once.
    const raw = await program.download(`/apps/${ended.call.app}/calls/${ended.call.id}/sessions/${mine[0].id}/dump?format=raw`);
    const stored = [...gunzipSync(raw).toString("latin1").matchAll(/,\d{13},(\d+)\]"?\}/g)].map((m) => Number(m[1]));
    expect(stored.sort((a, b) => a - b), end.version).toEqual(Array.from({ length: Math.max(...end.sent) }, (_, i) => i + 1));
  }
});
