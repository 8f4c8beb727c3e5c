// What peermetrics' SDK sends, against the real program: a two-party call told
// by the events of the unmodified @peermetrics/webrtc-stats. The SDK itself is
// not on npm; testdata/record/client.js makes its requests.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, root, snippet, startBrowser, startProgram, until } from "./harness";
import { expectCall, received, shown } from "./stage";

const record = join(root, "protocol/peermetrics/testdata/record");

let program: Program;
let browser: Browser;
let context: BrowserContext;
let pages: Server;

/** Makes one request as the SDK does: JSON as text, so that browsers ask nobody before. */
const request = async (method: string, path: string, body: unknown) => {
  const answer = await fetch(`${program.url}/ingest/peermetrics/v1${path}`, { method, body: typeof body === "string" ? body : JSON.stringify(body), headers: { "Content-Type": "text/plain" } });
  return { status: answer.status, ...(await answer.json()) };
};

beforeAll(async () => {
  program = await startProgram();
  const code = await snippet("peermetrics", program);
  const bundle = await build({
    stdin: {
      contents: `import { begin } from ${JSON.stringify(join(record, "client.js"))};
        import { call } from ${JSON.stringify(join(record, "page.js"))};
        const { me, them } = Object.fromEntries(new URLSearchParams(location.search));
        // The SDK, as far as the documentation's lines use it.
        class PeerMetrics {
          constructor(options) { this.options = options; }
          async initialize() {
            const send = async (method, path, body) => (await fetch(this.options.apiRoot + path, { method, body: JSON.stringify(body), headers: { "Content-Type": "text/plain" } })).json();
            Object.assign(this, await begin(send, { ...this.options, userName: me.toUpperCase(), meta: { team: "support" }, appVersion: "1.2" }));
          }
        }
        const watch = async (pc) => {
          ${code}
          return metrics;
        };
        let metrics; // what the page tells goes to the one that its connection has made
        const told = Object.fromEntries(["addEvent", "mute", "unmute", "tabFocus", "leave", "destroy"].map((name) => [name, (...args) => metrics[name](...args)]));
        globalThis.started = call({ ...told, addConnection: async ({ pc }) => { metrics = await watch(pc); } }, me);`,
      resolveDir: import.meta.dirname,
    },
    bundle: true, write: false, format: "esm", target: "es2022",
  });
  const html = `<!doctype html><body><script type="module">${bundle.outputFiles[0]!.text.replaceAll("</script", "<\\/script")}</script>`;
  pages = createServer((_, res) => res.setHeader("Content-Type", "text/html; charset=utf-8").end(html));
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
  await program?.stop();
});

async function open(me: string, them: string): Promise<Page> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (e) => errors.push(String(e)));
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/?${new URLSearchParams({ me, them })}`);
  await page.waitForFunction(() => (globalThis as any).started).catch(() => { throw new Error(`${me}: ${errors}`); });
  await page.evaluate(() => (globalThis as any).started);
  return page;
}

/**
 * Holds back what is told of each page's connection while it is "connecting"
 * until the program has "connected": the SDK's requests go side by side, and
 * one may overtake the other.
 */
async function overtake(): Promise<void> {
  const connected = new Map<Page, () => void>(), came = new Map<Page, Promise<void>>();
  const once = (page: Page) => {
    if (!came.has(page)) came.set(page, new Promise((done) => connected.set(page, done)));
    return came.get(page)!;
  };
  await context.route("**/ingest/peermetrics/v1/connection", async (route) => {
    const { eventName, data } = route.request().postDataJSON();
    const page = route.request().frame().page();
    const after = once(page);
    if (eventName !== "onconnectionstatechange" || (data !== "connecting" && data !== "connected")) return route.continue();
    if (data === "connecting") await after;
    await route.fulfill({ response: await route.fetch() });
    if (data === "connected") connected.get(page)!();
  });
}

test("a call shows what two users tell", async () => {
  const both = ["alice", "bob"];
  await overtake();
  const alice = await open("alice", "bob");
  const bob = await open("bob", "alice");
  const seen = await shown(program, "standup", "what both receive, and from whom", (s) => {
    expect(received(s, "alice")).toEqual(["audio of bob", "video of bob"]);
    expect(received(s, "bob")).toEqual(["audio of alice", "video of alice"]);
    return s;
  });
  await alice.evaluate(() => (globalThis as any).tell());
  await shown(program, "standup", "what alice told", (told) => {
    expect(told.sessions.find((s) => s.user === "alice")).toMatchObject({
      protocol: "peermetrics", sdk: "@peermetrics/sdk", userName: "ALICE", keys: { team: "support", appVersion: "1.2" }, unknownMembers: 0,
    });
    expect(told.events("alice", "breakout")).toEqual([{ eventName: "breakout", room: "blue", size: 3 }]);
    expect(told.events("alice", "mute")).toEqual([{ kind: "audio" }]);
    expect(told.events("alice", "unmute")).toEqual([{ kind: "audio" }]);
    expect(told.events("alice", "visibility")).toEqual([{ hidden: true }, { hidden: false }]);
    expect(told.events("alice", "navigator.mediaDevices.getUserMediaOnFailure")).toEqual(["OverconstrainedError"]);
    expect(told.events("alice", "create")).toHaveLength(1);
    for (const stream of told.streams("alice")) expect(stream.codec, `codec of ${stream.kind}`).toMatch(/opus|VP8/i);
    return true;
  });
  await expectCall(program, seen, "standup", both);
  // "connecting" came after "connected", and is over all the same.
  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  await until("both connections to be up", async () => {
    const { items } = await program.api<{ items: any[] }>(`/apps/${app!.id}/calls/${seen.call.id}/connections`);
    expect(items.map((c) => c.state), JSON.stringify(items)).toEqual(["connected", "connected"]);
    return true;
  });

  for (const page of [alice, bob]) await page.evaluate(() => (globalThis as any).hangUp());
  await shown(program, "standup", "both to have left", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    return true;
  });
});

test("wrong keys and tokens are refused in words that the SDK understands", async () => {
  const body = { conferenceId: "refused", userId: "mallory", apiKey: "pgk_of-nobody" };
  expect(await request("POST", "/initialize", body)).toMatchObject({ status: 401, error_code: "invalid_api_key", message: expect.stringContaining("key") });
  expect(await request("POST", "/initialize", { apiKey: program.key })).toMatchObject({ status: 400, message: expect.stringContaining("conferenceId") });
  const { token, ...rest } = await request("POST", "/initialize", { ...body, apiKey: program.key });
  expect(rest).toEqual({ status: 200, getStatsInterval: 2000, batchConnectionEvents: false, time: expect.any(Number) });

  for (const wrong of [undefined, "", "a.b.c", token.slice(0, -8), token.replace(/^[^.]+/, "eyJhbGciOiJub25lIn0")]) {
    expect(await request("POST", "/stats", { data: {}, connectionId: "c", token: wrong })).toMatchObject({ status: 401, code: expect.stringMatching(/^token_/) });
  }
  expect(await request("POST", "/novel", { token })).toMatchObject({ status: 404 });
  expect(await request("POST", "/stats", "[1]")).toMatchObject({ status: 400, code: "malformed" });
  expect(await request("PUT", "/sessions", { token, meta: { plan: "gold" } })).toEqual({ status: 200 });
  await shown(program, "refused", "the stay of the right token", (s) => s.sessions.length === 1 && s.sessions[0].user === "mallory");

  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  await until("the refusals in the app's log", async () => {
    const { items } = await program.api(`/apps/${app!.id}/log`);
    return items.some((x: any) => x.protocol === "peermetrics" && x.code.startsWith("token_")) || undefined;
  });
});
