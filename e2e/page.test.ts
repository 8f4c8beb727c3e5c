// A page of one's own: the script and the npm package of docs/collect.md, in
// pages with a strict Content-Security-Policy, and a reload in the midst.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, snippet, startBrowser, startProgram } from "./harness";
import { expectCall, received, shown } from "./stage";

declare const start: (room: string, offers: boolean) => Promise<() => void>;
declare const hangUp: () => Promise<void>;
declare const violations: string[];

const room = "standup";
const errors: string[] = [];

let program: Program, browser: Browser, context: BrowserContext, pages: Server;

beforeAll(async () => {
  program = await startProgram();
  const bundle = async (contents: string, format: "iife" | "esm") =>
    (await build({ stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, write: false, format, target: "es2022" })).outputFiles[0]!.text.replaceAll("</script", "<\\/script");
  const own = await bundle(`import { call } from "./call"; globalThis.start = call;
    globalThis.violations = []; addEventListener("securitypolicyviolation", (e) => violations.push(e.effectiveDirective + " " + e.blockedURI));`, "iife");
  const npm = await bundle(`const me = { id: "bob", name: "Bob" };\n${await snippet("npm", program)}\nObject.assign(globalThis, { peerglass, hangUp });`, "esm");
  const around = (inner: string) => `<!doctype html><meta charset="utf-8"><title>A page</title><body><script nonce="n0">${own}</script>${inner}`;
  const html: Record<string, string> = {
    "/script": around((await snippet("script", program)).replaceAll("<script", '<script nonce="n0"').replace("const hangUp", "globalThis.hangUp")),
    "/npm": around(`<script type="module" nonce="n0">${npm}</script>`),
  };
  const policy = `default-src 'none'; script-src 'nonce-n0'; connect-src ${program.url} ${program.url.replace("http", "ws")}; require-trusted-types-for 'script'; trusted-types 'none'`;
  pages = createServer((req, res) => {
    const body = html[req.url!];
    if (!body) return res.writeHead(404).end();
    return res.setHeader("Content-Type", "text/html; charset=utf-8").setHeader("Content-Security-Policy", policy).end(body);
  });
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser({ args: ["--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required"] });
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  pages?.close();
  await program?.stop();
});

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (e) => errors.push(`${path}: ${e}`));
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}${path}`);
  await page.waitForFunction(() => typeof hangUp === "function");
  return page;
}

test("script and npm package collect a call under strict policies, and a reload does not end it", async () => {
  const alice = await open("/script");
  const bob = await open("/npm");
  await alice.evaluate((room) => start(room, true), room);
  await bob.evaluate((room) => start(room, false), room);
  const first = await shown(program, room, "what both receive", (s) => received(s, "alice").length === 2 && received(s, "bob").length === 2 && s);
  expect(first.sessions.map((s) => s.userName).sort()).toEqual(["Alice", "Bob"]);

  // The worker is refused, for which the page's own timer stands in; no more is.
  for (const page of [alice, bob]) expect((await page.evaluate(() => violations)).filter((v) => /^(script|connect)-src/.test(v))).toEqual([]);

  await alice.reload();
  await alice.waitForFunction(() => typeof hangUp === "function");
  await bob.reload();
  await bob.waitForFunction(() => typeof hangUp === "function");
  await alice.evaluate((room) => start(room, true), room);
  await bob.evaluate((room) => start(room, false), room);
  const again = await shown(program, room, "what both receive after the reload", (s) => received(s, "alice").length === 4 && received(s, "bob").length === 4 && s);
  expect(again.sessions.map((s) => s.id).sort()).toEqual(first.sessions.map((s) => s.id).sort());
  expect(again.call.id).toBe(first.call.id);
  expect(again.told("alice").filter((e) => e.startsWith("reload"))).toHaveLength(1);

  for (const page of [alice, bob]) await page.evaluate(() => hangUp());
  const ended = await shown(program, room, "both to have left", (s) => s.sessions.every((x) => x.end) && s);
  await expectCall(program, ended, room, ["alice", "bob"]);
  expect(ended.sessions.map((s) => s.endReason)).toEqual(["leave", "leave"]);
  expect(errors).toEqual([]);
});
