// The unmodified @testrtc/watchrtc-sdk against the real program: a two-party
// call that loses its connection in the middle, tokens, refusals, and what it
// tells without a WebSocket.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, type Proxy, root, snippet, startBrowser, startProgram, startProxy } from "./harness";
import { expectCall, received, shown } from "./stage";

const calls = join(root, "protocol/watchrtc/testdata/record/page.js");

let program: Program;
let proxy: Proxy;
/** A network that lets requests through, and no WebSocket. */
let narrow: Server;
let browser: Browser;
let context: BrowserContext;
let pages: Server;

const port = (server: Server) => (server.address() as AddressInfo).port;
const listen = (server: Server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done));

/** Connects by hand; what the page learns of a refusal. */
const refusal = (page: Page) => page.evaluate(() => {
  const { watchRTC } = globalThis as any;
  const told = new Promise((done) => watchRTC.subscribe("onSocketError", ({ errorCode, authenticationStatus }: any) => done({ errorCode, authenticationStatus })));
  const closed = new Promise((done) => watchRTC.subscribe("onSocketDisconnect", (code: number, reason: string) => done({ code, reason })));
  watchRTC.connect();
  return Promise.all([told, closed]);
});

/** Opens a page that runs the documentation's lines as a user; config is laid over what they tell the SDK. */
async function open(me: string, config: Record<string, unknown> = {}): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`http://localhost:${port(pages)}/?${new URLSearchParams({ me, config: JSON.stringify(config) })}`);
  await page.waitForFunction(() => (globalThis as any).watchRTC);
  return page;
}

beforeAll(async () => {
  program = await startProgram();
  const code = (await snippet("watchrtc", program)).replace(/watchRTC\.init\((\{[^]*?\})\)/, "watchRTC.init({ ...$1, ...config })");
  const bundle = await build({
    stdin: {
      contents: `import { call } from ${JSON.stringify(calls)};
        const { me, config: text } = Object.fromEntries(new URLSearchParams(location.search)), config = JSON.parse(text);
        ${code}
        globalThis.call = () => call(watchRTC, me);
        globalThis.watchRTC = watchRTC;`,
      resolveDir: import.meta.dirname,
    },
    bundle: true, write: false, format: "esm", target: "es2022",
  });
  const html = `<!doctype html><body><script type="module">${bundle.outputFiles[0]!.text.replaceAll("</script", "<\\/script")}</script>`;
  pages = createServer((_, res) => res.setHeader("Content-Type", "text/html; charset=utf-8").end(html));
  narrow = createServer(async (req, res) => {
    const body: Buffer[] = [];
    for await (const part of req) body.push(part as Buffer);
    const { method, headers, url } = req;
    const answer = await fetch(program.url + url, {
      method: method!, headers: { origin: headers.origin ?? "", "content-type": headers["content-type"] ?? "", "access-control-request-headers": headers["access-control-request-headers"] ?? "" },
      body: body.length > 0 ? Buffer.concat(body) : undefined,
    });
    res.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !["content-length", "transfer-encoding", "connection"].includes(name))));
    res.end(Buffer.from(await answer.arrayBuffer()));
  });
  narrow.on("upgrade", (_, socket) => socket.destroy());
  await Promise.all([listen(pages), listen(narrow)]);
  proxy = await startProxy(program.url);
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
  narrow?.closeAllConnections();
  narrow?.close();
  await proxy?.close();
  await program?.stop();
});

test("a call shows what the SDK tells, and goes on after its connection was lost", async () => {
  const room = "standup";
  const logs = { console: { level: "warn", override: true } };
  const alice = await open("alice", { ...logs, keys: { team: "support" }, proxyUrl: `ws://127.0.0.1:${proxy.port}/ingest/watchrtc` });
  const bob = await open("bob", logs);
  for (const page of [alice, bob]) await page.evaluate(() => (globalThis as any).call());

  const both = ["alice", "bob"];
  const other = { alice: "bob", bob: "alice" } as const;
  const seen = await shown(program, room, "what both receive", (s) => {
    for (const [user, of] of Object.entries(other)) expect(received(s, user)).toEqual([`audio of ${of}`, `video of ${of}`]);
    return s;
  });

  expect(proxy.cut()).toBeGreaterThan(0);
  const bytes = (s: typeof seen) => s.streams("alice").find((t) => t.direction === "send" && t.kind === "video").bytes;
  await shown(program, room, "alice to be back", (s) => s.events("alice", "reconnect").length > 0);
  await alice.evaluate(() => (globalThis as any).tell());
  await shown(program, room, "alice's video to go on", (s) => bytes(s) > bytes(seen) + 100_000);
  await alice.evaluate(() => (globalThis as any).rate(4, "nice"));
  const stay = await shown(program, room, "what alice told", (told) => {
    const stay = told.sessions.find((s) => s.user === "alice");
    expect(stay).toMatchObject({ protocol: "watchrtc", sdk: "@testrtc/watchrtc-sdk", sdkVersion: "1.43.1", keys: { team: "support", tier: "gold", teams: "support, sales" }, unknownMembers: 0 });
    expect(stay.browserVersion).toMatch(/^\d+\.0\.[1-9]/); // the user agent has only zeros there
    expect(told.events("alice", "feedback")).toEqual([{ overall: 4, comment: "nice" }]);
    expect(told.events("alice", "breakout")).toEqual([{ room: "blue", size: 3, type: "global" }]);
    expect(told.events("alice", "layout")).toEqual([{ grid: true, type: "local" }]);
    expect(told.events("alice", "note")).toEqual([{ type: "log" }]);
    expect(told.events("alice", "error")).toEqual(['the page says {"code":42}']);
    expect(told.events("alice", "create")).toHaveLength(1);
    expect(told.events("alice", "setParameters")).toHaveLength(1);
    expect(told.events("alice", "replaceTrack")[0]).toMatch(/^audio:/);
    expect(told.events("alice", "onconnectionstatechange").at(-1)).toBe("connected");
    expect(JSON.stringify(told.events("alice", "watchrtc"))).not.toContain(program.key);
    return stay;
  });
  await expectCall(program, seen, room, both);

  // A page that disconnects and connects begins another stay, with statistics in full.
  await alice.evaluate(() => { const { watchRTC } = globalThis as any; watchRTC.disconnect(); watchRTC.connect(); });
  await shown(program, room, "what alice sends in her second stay", (s) => {
    const second = s.sessions.find((x) => x.user === "alice" && x.id !== stay.id);
    return s.streams("alice").filter((t) => t.session === second?.id && t.direction === "send" && t.bytes > 0).length === 2;
  });

  for (const page of [alice, bob]) {
    await page.evaluate(() => (globalThis as any).hangUp());
    await page.close({ runBeforeUnload: true });
  }
  await shown(program, room, "all stays to be over", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave", "leave"]);
    return true;
  });
});

test("a token says who is who, and what it refuses the SDK understands", async () => {
  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  const { token } = await program.api<{ token: string }>(`/apps/${app!.id}/tokens`, { method: "POST", body: JSON.stringify({ room: "vouched", user: "carol" }) });
  const proxyUrl = `${program.url.replace("http", "ws")}/ingest/watchrtc/${app!.id}`;
  const carol = await open("mallory", { rtcToken: token, rtcRoomId: "any", proxyUrl });
  await carol.evaluate(() => (globalThis as any).watchRTC.connect());
  await shown(program, "vouched", "carol", (s) => s.sessions.some((x) => x.user === "carol"));
  // What it tells later without a WebSocket is let in by the same token.
  await carol.evaluate(() => (globalThis as any).watchRTC.disconnect());
  await carol.evaluate(() => (globalThis as any).watchRTC.setUserRating(5));
  await shown(program, "vouched", "carol's rating", (s) => s.sessions.length === 1 && s.events("carol", "feedback").length > 0);

  for (const config of [{ rtcApiKey: "pgk_of-nobody" }, { rtcToken: token.slice(0, -8), proxyUrl }, { rtcToken: token }]) {
    const page = await open("dave", config);
    expect(await refusal(page)).toEqual([{ errorCode: 401, authenticationStatus: "unauthenticated" }, { code: 401, reason: "serverRejectedNoRetry" }]);
    await page.close();
  }
});

test("without a WebSocket the SDK still tells of a rating, and of a camera that could not be had", async () => {
  const erin = await open("erin", { rtcRoomId: "narrow", proxyUrl: `ws://127.0.0.1:${port(narrow)}/ingest/watchrtc` });
  await erin.evaluate(() => navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: "nowhere" } } }).catch(() => undefined));
  await erin.evaluate(() => (globalThis as any).watchRTC.setUserRating(2, "no picture"));
  await shown(program, "narrow", "what erin told", (s) => {
    expect(s.sessions).toHaveLength(1);
    expect(s.events("erin", "feedback")).toEqual([{ overall: 2, comment: "no picture" }]);
    expect(s.events("erin", "navigator.mediaDevices.getUserMediaOnFailure")).toEqual(["OverconstrainedError"]);
    return true;
  });

  const config = await fetch(`${program.url}/ingest/watchrtc/get-qualityrtc-config?apiKey=${program.key}`);
  expect(config.status).toBe(404);
  expect((await config.json()).message).toContain("qualityRTC");
});
