// The unmodified callstats-js against the real program, through its proxy
// settings: a call between a page with the app's secret and one with tokens of
// its back end; one that is refused; and a native client by the REST API.
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, root, snippet, startBrowser, startProgram, until } from "./harness";
import { expectCall, received, shown } from "./stage";

declare const told: { init: [string, string][]; config: any[]; stats: any[]; errors: string[] };

const room = "daily stand-up / blue";
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

let program: Program, browser: Browser, context: BrowserContext, pages: Server, app: number, secret: string;
const asked = new Set<string>(); // of other hosts

/** A token of callstats' third-party authentication. */
function token(user: string): string {
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { userID: user, appID: String(app), keyID: "key-1", iat: now, nbf: now, exp: now + 300, jti: randomUUID() };
  const body = part({ alg: "ES256", typ: "JWT" }) + "." + part(claims);
  return body + "." + sign("sha256", Buffer.from(body), { key: keys.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

// What the page has beside the snippet: its own names, and a call.
const before = `
  var told = { init: [], config: [], stats: [], errors: [] };
  var args = new URLSearchParams(location.search);
  var AppID = args.get("app"), localUserID = args.get("side");
  var AppSecret = args.get("secret") || function (forceNew, callback) {
    fetch("/token?user=" + localUserID).then(function (r) { return r.text(); }).then(function (t) { callback(null, t); }, callback);
  };
  function csInitCallback(error, message) { told.init.push([error, message]); }
  function csStatsCallback(stats) { told.stats.push(stats); }
`;
const after = `callstats.on("defaultConfig", function (config) { told.config.push(config); });`;

async function open(side: string, args: Record<string, string> = {}): Promise<Page> {
  const page = await context.newPage();
  await page.route((url) => url.hostname !== "localhost", (route) => {
    asked.add(route.request().url());
    return route.abort();
  });
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/?${new URLSearchParams({ side, room, app: String(app), ...args })}`);
  return page;
}

beforeAll(async () => {
  program = await startProgram();
  app = (await program.api<{ items: { id: number }[] }>("/apps")).items[0]!.id;
  secret = (await program.api<{ secret: string }>(`/apps/${app}/secret`)).secret;
  const key = keys.publicKey.export({ type: "spki", format: "pem" });
  await program.api(`/apps/${app}/public-keys`, { method: "POST", body: JSON.stringify({ keyId: "key-1", key }) });
  await program.api(`/apps/${app}/default-config`, { method: "PUT", body: JSON.stringify({ peerConnection: { bundlePolicy: "max-bundle" }, media: { audio: true } }) });

  const client = await readFile(createRequire(import.meta.url).resolve("callstats-js"));
  const call = await readFile(join(root, "protocol/callstats/testdata/record/page.js"), "utf8");
  const html = `<!doctype html><title>callstats</title><body><script>${before}</script>${await snippet("callstats-proxy", program)}<script>${after}</script>
    <script>if (!args.get("idle")) {${call}}</script>`;
  pages = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url!, "http://x");
    if (pathname === "/callstats.min.js") return res.setHeader("Content-Type", "text/javascript").end(client);
    if (pathname === "/token") return res.end(token(searchParams.get("user")!));
    res.setHeader("Content-Type", "text/html; charset=utf-8").end(html);
  });
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  pages?.close();
  await program?.stop();
});

test("a call of the unmodified client is a call like any other", async () => {
  const alice = await open("alice", { secret });
  const bob = await open("bob"); // by tokens of his back end
  for (const page of [alice, bob]) await page.evaluate(() => (globalThis as any).started);
  for (const page of [alice, bob]) {
    await until("the welcome and the default configuration", async () => {
      expect((await page.evaluate(() => told)).init).toEqual([["success", expect.any(String)]]);
      expect(await page.evaluate(() => told.config[0])).toEqual({ peerConnection: { bundlePolicy: "max-bundle" }, media: { audio: true } });
      return true;
    });
  }
  await alice.bringToFront();
  await alice.evaluate(() => (globalThis as any).doThings());

  const seen = await shown(program, room, "what alice did", (s) => {
    const did = s.told("alice").map((e) => e.slice(0, 80));
    for (const event of [
      'mute {"kind":"audio"}', 'unmute {"kind":"audio"}', 'mute {"kind":"video"}', 'unmute {"kind":"video"}',
      'screenShare {"on":true}', 'screenShare {"on":false}', 'hold {"on":true}', 'hold {"on":false}',
      'dominantSpeaker {"user":"alice"}', 'devices {"audioinput":"Fake microphone","videoinput":"Fake camera"}', 'customEvent {"name":"raised hand"}',
    ]) expect(did).toContain(event);
    expect(s.events("alice", "feedback")).toEqual([{ overall: 4, audio: 5, video: 3, comment: "good call" }]);
    expect(s.sessions.find((x) => x.user === "alice")).toMatchObject({ sdk: "callstats-js", sdkVersion: "3.73.16", browser: "Chrome" });
    return s;
  });
  await expectCall(program, seen, room, ["alice", "bob"]); // it polls every 5 s, and two polls make a bit rate

  await alice.evaluate(() => (globalThis as any).fail());
  for (const page of [alice, bob]) await page.evaluate(() => (globalThis as any).hangUp());
  await shown(program, room, "both to hang up", (over) => {
    expect(received(over, "alice")).toEqual(["audio of bob", "video of bob"]);
    expect(received(over, "bob")).toEqual(["audio of alice", "video of alice"]);
    expect(over.events("alice", "error")).toEqual(["a line of the application", { message: "something failed", stack: "at page.js" },
      { function: "createOffer", name: "OperationError", message: "no offer today", reason: "NegotiationFailure" }]);
    for (const user of ["alice", "bob"]) {
      expect(over.events(user, "fabricTerminated")).toHaveLength(1);
      expect(over.events(user, "fabricSetup")).toEqual([expect.objectContaining({ delay: expect.any(Number), remoteEndpointType: "peer" })]);
    }
    return true;
  });
  for (const page of [alice, bob]) expect(await page.evaluate(() => told.errors)).toEqual([]);
  await until("how both joined", async () => {
    const { items } = await program.api<{ items: any[] }>(`/apps/${app}/calls/${seen.call.id}/outcomes`);
    expect(items.map((o) => [o.joined, o.joinMs > 0])).toEqual([[true, true], [true, true]]);
    return true;
  });
  // It reports errors of a page that come before it is told where to: its own, when it is loaded.
  expect([...asked]).toEqual(["https://collector.callstats.io/generics"]);
});

test("a page with another secret is refused, and told why", async () => {
  const page = await open("mallory", { secret: "not the secret of this app", idle: "1" });
  const [error, message] = await until("the refusal", async () => (await page.evaluate(() => told.init))[0]);
  expect(error).toBe("authError");
  expect(message).toContain("not signed with this app's secret");
  await until("the app's log", async () => {
    const { items } = await program.api<{ items: any[] }>(`/apps/${app}/log`);
    expect(items).toEqual([expect.objectContaining({ code: "token_signature", protocol: "callstats" })]);
    return true;
  });
});

test("a native client's call by the REST API is as the documentation has it", async () => {
  const code = token("ann");
  const start = Date.now() - 6000;
  const reports = (n: number) => [
    { id: "I1", type: "inbound-rtp", kind: "audio", ssrc: 1111, timestamp: start + 2000 * n, packetsReceived: 100 * n, packetsLost: 0, bytesReceived: 8000 * n },
    { id: "O1", type: "outbound-rtp", kind: "audio", ssrc: 2222, timestamp: start + 2000 * n, packetsSent: 100 * n, bytesSent: 9000 * n },
  ];
  const Run = Object.getPrototypeOf(async () => {}).constructor;
  await new Run("appID", "localID", "deviceID", "confID", "code", "polls", await snippet("callstats-rest", program))(
    app, "ann", "device-1", "native / 1", code, (async function* () { for (let n = 0; n < 4; n++) yield reports(n); })());
  const seen = await shown(program, "native / 1", "the native client's stay", (s) => {
    expect(s.streams("ann")).toHaveLength(2);
    expect(received(s, "ann")).toEqual(["audio of bob"]);
    expect(s.sessions[0]).toMatchObject({ endReason: "leave", os: "iOS 18.1" });
    expect(s.events("ann", "feedback")).toEqual([{ overall: 4, comment: "good" }]);
    expect(s.told("ann")).toContain('mute {"kind":"audio"}');
    return s;
  });
  await expectCall(program, seen, "native / 1", ["ann"]);
});
