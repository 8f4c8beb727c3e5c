// The unmodified @observertc/client-monitor-js against the real program: its
// samples in JSON and as @observertc/samples-encoder makes them, by requests and
// over a WebSocket, in two calls of two users who each send another way.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, root, snippet, startBrowser, startProgram, until } from "./harness";
import { expectCall, received, shown } from "./stage";

const calls = join(root, "protocol/observertc/testdata/record/page.js");

let program: Program;
let browser: Browser;
let context: BrowserContext;
let pages: Server;
let app: { id: number };

/** How a page sends its samples, in the place of what the first snippet does. */
async function ways(): Promise<Record<string, string>> {
  const address = `${program.url}/ingest/observertc/${program.key}`;
  const first = await snippet("observertc", program);
  const send = /monitor\.on\("sample-created"[^]*?\n\}\);\n/;
  expect(first).toMatch(send);
  const other = (code: string) => first.replace(send, () => code);
  return {
    json: first,
    jsonSocket: other(`
      const socket = new WebSocket("${address.replace("http", "ws")}", "observertc");
      const open = new Promise((done) => { socket.onopen = done; });
      monitor.on("sample-created", async ({ sample }) => {
        await open;
        socket.send(JSON.stringify(sample));
      });
      globalThis.socket = socket;`),
    protobufSocket: other(await snippet("observertc-protobuf", program)),
    // Requests come in their order where each waits for the one before; every
    // second one is text.
    protobuf: other(`
      import { ClientSampleEncoder } from "@observertc/samples-encoder";
      const encoder = new ClientSampleEncoder(me, { peerConnectionIdIsUuid: true });
      let before = Promise.resolve(), text = false;
      monitor.on("sample-created", ({ sample }) => {
        text = !text;
        const body = text ? encoder.encodeToBase64(sample) : encoder.encodeToBytes(sample);
        const type = text ? "text/plain" : "application/x-protobuf";
        before = before.then(() => fetch("${address}/" + room, { method: "POST", body, headers: { "Content-Type": type } }));
      });`),
  };
}

beforeAll(async () => {
  program = await startProgram();
  app = (await program.api<{ items: { id: number }[] }>("/apps")).items[0]!;
  const html = Object.fromEntries(await Promise.all(Object.entries(await ways()).map(async ([way, code]) => {
    const bundle = await build({
      stdin: {
        contents: `import { call } from ${JSON.stringify(calls)};
          const { room, me, them } = Object.fromEntries(new URLSearchParams(location.search));
          ${code.replace('"standup"', "room")}
          monitor.attachments = { userName: me.toUpperCase(), team: "support" };
          globalThis.started = call(monitor, pc, me < them);`,
        resolveDir: import.meta.dirname,
      },
      bundle: true, write: false, format: "esm", target: "es2022",
    });
    return [way, `<!doctype html><body><script type="module">${bundle.outputFiles[0]!.text.replaceAll("</script", "<\\/script")}</script>`];
  })));
  pages = createServer((req, res) => res.setHeader("Content-Type", "text/html; charset=utf-8").end(html[new URL(req.url!, "http://x").pathname.slice(1)] ?? ""));
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
  await program?.stop();
});

async function open(way: string, room: string, me: string, them: string): Promise<Page> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (e) => errors.push(String(e)));
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/${way}?${new URLSearchParams({ room, me, them })}`);
  await page.waitForFunction(() => (globalThis as any).started).catch(() => { throw new Error(`${me}: ${errors}`); });
  await page.evaluate(() => (globalThis as any).started);
  return page;
}

test.each([
  ["text", "json", "jsonSocket"],
  ["packed", "protobufSocket", "protobuf"],
])("a call shows what two users tell: %s, %s and %s", async (room, one, two) => {
  const both = ["ada", "bob"];
  const ada = await open(one, room, "ada", "bob");
  const bob = await open(two, room, "bob", "ada");
  const seen = await shown(program, room, "what both receive, and from whom", (s) => {
    expect(received(s, "ada")).toEqual(["audio of bob", "video of bob"]);
    expect(received(s, "bob")).toEqual(["audio of ada", "video of ada"]);
    return s;
  });
  await Promise.all([ada, bob].map((page) => page.evaluate(() => (globalThis as any).tell())));
  await shown(program, room, "what both told", (told) => {
    for (const user of both) {
      expect(told.sessions.find((s) => s.user === user)).toMatchObject({
        protocol: "observertc", sdk: "@observertc/client-monitor-js", userName: user.toUpperCase(), keys: { team: "support" }, unknownMembers: 0,
      });
      expect(told.events(user, "feedback")).toEqual([{ overall: 4, comment: "nice" }]);
      expect(told.events(user, "breakout")).toEqual([{ room: "blue", size: 3 }]);
      expect(told.events(user, "battery")).toEqual([{ level: 0.5 }]);
      expect(told.events(user, "navigator.mediaDevices.getUserMediaOnFailure")).toEqual(["OverconstrainedError"]);
      expect(told.events(user, "create")).toHaveLength(1);
      for (const stream of told.streams(user)) expect(stream.codec, `codec of ${user}'s ${stream.kind}`).toMatch(/opus|VP8/i);
    }
    return true;
  });
  await expectCall(program, seen, room, both);

  for (const page of [ada, bob]) await page.evaluate(() => (globalThis as any).hangUp());
  await shown(program, room, "both to have left", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    return true;
  });
  await Promise.all([ada.close(), bob.close()]);
});

test("tokens say who is who, and what is refused has a reason", async () => {
  const sample = { timestamp: Date.now(), callId: "any", clientId: "mallory", peerConnections: [], clientEvents: [{ type: "hello", timestamp: Date.now() }] };
  const post = async (path: string, body: BodyInit = JSON.stringify(sample), type = "text/plain") => {
    const answer = await fetch(`${program.url}/ingest/observertc/${path}`, { method: "POST", body, headers: { "Content-Type": type } });
    return { status: answer.status, ...(await answer.json()) };
  };
  const { token } = await program.api<{ token: string }>(`/apps/${app.id}/tokens`, { method: "POST", body: JSON.stringify({ room: "vouched", user: "carol" }) });
  expect(await post(`${program.key}?token=${token}`, JSON.stringify([sample, sample]))).toEqual({ status: 200, samples: 2 });
  await shown(program, "vouched", "carol", (s) => s.sessions.some((x) => x.user === "carol") && s.events("carol", "hello").length === 2);

  expect(await post("pgk_of-nobody")).toMatchObject({ status: 401, code: "unknown_key" });
  expect(await post(`${program.key}?token=${token.slice(0, -8)}`)).toMatchObject({ status: 401, code: expect.stringMatching(/^token_/) });
  expect(await post(program.key, '{"clientId":')).toMatchObject({ status: 400, code: "malformed" });
  expect(await post(program.key, '{"callId":"any"}')).toMatchObject({ status: 400, message: expect.stringContaining("clientId") });
  expect(await post(program.key, new Uint8Array([0x4a, 1, 0x61]), "application/x-protobuf")).toMatchObject({ status: 400, message: expect.stringContaining("address") });
  expect(await post(program.key, new Uint8Array([0x0b, 0]), "application/x-protobuf")).toMatchObject({ status: 400, code: "malformed" });

  const page = await context.newPage();
  await page.goto(program.url);
  const refused = await page.evaluate(([url, text]) => new Promise<{ code: number; message: string }>((done) => {
    const socket = new WebSocket(url!);
    let message = "";
    socket.onmessage = ({ data }) => { message = String(data); };
    socket.onopen = () => socket.send(text!);
    socket.onclose = ({ code }) => done({ code, message });
  }), [`${program.url.replace("http", "ws")}/ingest/observertc/${program.key}?token=${token.slice(0, -8)}`, JSON.stringify(sample)]);
  expect(refused.code).toBe(1008);
  expect(JSON.parse(refused.message).code).toMatch(/^token_/);
  await until("the refusals in the app's log", async () => {
    const { items } = await program.api(`/apps/${app.id}/log`);
    return items.some((x: any) => x.protocol === "observertc" && x.code.startsWith("token_")) || undefined;
  });
});
