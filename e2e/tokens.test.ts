// Tokens as the documentation shows them, made by Go, Node and Python, taken
// by the program; and what a page with the SDK learns when it is refused.
import { execFile } from "node:child_process";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflateSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, snippet, startBrowser, startProgram, until } from "./harness";

declare const peerglass: any; // of the pages

const run = promisify(execFile);
const config = { peerConnection: { iceTransportPolicy: "relay", iceServers: [{ urls: "turn:turn.example.org", username: "u", credential: "c" }] }, media: { audio: true } };

let program: Program;
let browser: Browser;
let pages: Server;
let folder: string;
let secret: string;

const post = <T = any>(path: string, body: unknown, method = "POST") => program.api<T>(path, { method, body: JSON.stringify(body) });

/** Says hello as a client that is no browser does. */
async function hello(members: object): Promise<any> {
  const text = JSON.stringify({ type: "hello", v: 1, session: "session-of-tests", ...members }) + "\n";
  return (await fetch(`${program.url}/ingest/native`, { method: "POST", body: text })).json();
}

/** What a program of the documentation prints. */
async function prints(command: string, args: string[]): Promise<string> {
  return (await run(command, args, { cwd: folder, env: { ...process.env, PEERGLASS_APP_SECRET: secret } })).stdout.trim();
}

/** Writes a program of the documentation; returns its path. */
async function written(name: string, file: string): Promise<string> {
  await writeFile(join(folder, file), await snippet(name, program));
  return join(folder, file);
}

const nodeToken = async () => prints(process.execPath, [await written("token-node", "token.mjs")]);

/** A page of the SDK at that host, that joins as root in the vault. */
async function page(host: string, settings: object): Promise<Page> {
  const p = await (await browser.newContext()).newPage();
  await p.goto(`http://${host}:${(pages.address() as AddressInfo).port}/`);
  await p.evaluate(([endpoint, settings]) => {
    const seen = ((globalThis as any).seen = { errors: [] as any[], config: undefined as any });
    peerglass.on("error", (e: any) => seen.errors.push(e));
    peerglass.on("defaultConfig", (c: any) => { seen.config = c; });
    peerglass.init({ endpoint, ...(settings as object) });
    peerglass.join({ room: "vault", user: "root" });
  }, [program.url, settings] as const);
  return p;
}

const seen = (p: Page) => p.evaluate(() => (globalThis as any).seen as { errors: { code: string; message: string }[]; config: any });
const refused = (p: Page) => until("the page to be refused", async () => (await seen(p)).errors[0]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "peerglass-tokens-"));
  program = await startProgram();
  secret = (await program.api("/apps/1/secret")).secret;
  await post("/apps/1/default-config", config, "PUT");
  pages = createServer((_, res) => res.setHeader("Content-Type", "text/html").end(`<!doctype html><title>page</title><script src="${program.url}/sdk.js"></script>`));
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser({ args: ["--host-resolver-rules=MAP meet.example 127.0.0.1"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.close();
  await program?.stop();
  await rm(folder, { recursive: true, force: true });
});

test.for([
  { name: "token-go", file: "token.go", command: "go", args: ["run"], claims: {} },
  { name: "token-node", file: "token.mjs", command: process.execPath, args: [], claims: { id: expect.any(String) } },
  { name: "token-python", file: "token.py", command: "python3", args: [], claims: {} },
])("the program takes tokens of $name", async ({ name, file, command, args, claims }, { skip }) => {
  const path = await written(name, file);
  let token: string;
  try {
    token = await prints(command, [...args, path]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    console.warn(`${name} was not run: there is no ${command} on this machine`);
    return skip();
  }
  const check = await post("/apps/1/tokens/check", { token });
  expect(check).toMatchObject({ accepted: true, code: null, claims: { app: 1, room: "standup", user: "ada", key: null, ...claims } });
  expect(await hello({ app: 1, token })).toMatchObject({ type: "welcome", defaultConfig: config });
});

test("the program takes tokens of a registered key, until it is revoked", async () => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(folder, "private.pem"), pair.privateKey.export({ type: "sec1", format: "pem" }));
  const token = await prints(process.execPath, [await written("token-es256", "es256.mjs")]);
  expect(await hello({ app: 1, token })).toMatchObject({ type: "error", code: "token_key_unknown", retry: false });
  const key = await post("/apps/1/public-keys", { name: "back end", keyId: "2026", key: JSON.stringify(pair.publicKey.export({ format: "jwk" })) });
  expect(await post("/apps/1/tokens/check", { token })).toMatchObject({ accepted: true, claims: { user: "ada", key: "2026" } });
  expect(await hello({ app: 1, token })).toMatchObject({ type: "welcome" });

  // Who knows the public key alone cannot sign: not with it as a secret, and
  // not without a signature.
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString("base64url");
  const claims = part({ app: 1, user: "root", exp: Math.floor(Date.now() / 1000) + 300 });
  const confused = `${part({ alg: "HS256", kid: "2026" })}.${claims}`;
  expect(await hello({ app: 1, token: `${confused}.${createHmac("sha256", key.pem).update(confused).digest("base64url")}` })).toMatchObject({ code: "token_signature" });
  expect(await hello({ app: 1, token: `${part({ alg: "none" })}.${claims}.` })).toMatchObject({ code: "token_signature" });

  await program.api(`/apps/1/public-keys/${key.id}`, { method: "DELETE" });
  expect(await hello({ app: 1, token })).toMatchObject({ code: "token_key_unknown", message: expect.stringContaining("revoked") });
});

test("the program takes a UserSig that others make from the public description", async () => {
  const lines = { identifier: "ada", sdkappid: 1, time: Math.floor(Date.now() / 1000), expire: 600 };
  const text = `TLS.identifier:${lines.identifier}\nTLS.sdkappid:${lines.sdkappid}\nTLS.time:${lines.time}\nTLS.expire:${lines.expire}\n`;
  const body = { "TLS.ver": "2.0", "TLS.identifier": "ada", "TLS.sdkappid": 1, "TLS.time": lines.time, "TLS.expire": lines.expire, "TLS.sig": createHmac("sha256", secret).update(text).digest("base64") };
  const letters: Record<string, string> = { "+": "*", "/": "-", "=": "_" };
  const token = deflateSync(JSON.stringify(body)).toString("base64").replace(/[+/=]/g, (c) => letters[c]!);
  expect(await post("/apps/1/tokens/check", { token })).toMatchObject({ accepted: true, claims: { user: "ada" } });
  expect(await hello({ app: 1, token })).toMatchObject({ type: "welcome" });
  const own = await post("/apps/1/tokens", { form: "usersig", user: "grace", room: "blue" });
  expect(await post("/apps/1/tokens/check", { token: own.token })).toMatchObject({ accepted: true, claims: { user: "grace", room: "blue" } });
});

test("a page is who its token says; what is refused comes as its error event and stands in the app's log", async () => {
  await program.api("/apps/1/log", { method: "DELETE" });
  const token = await nodeToken();
  const good = await page("localhost", { app: 1, token });
  const call = await until("the call in the list", async () => (await program.api("/apps/1/calls?room=standup")).items[0]);
  await until("who is in it", async () => { expect((await program.api(`/apps/1/calls/${call.id}`)).people).toMatchObject([{ user: "ada" }]); return true; });
  expect((await program.api("/apps/1/calls?room=vault")).items).toEqual([]);
  expect(await until("its default configuration", async () => (await seen(good)).config)).toEqual(config);

  expect(await refused(await page("localhost", { app: 1, token }))).toMatchObject({ code: "token_replayed", message: expect.stringContaining("for one use") });
  const other = await post("/apps", { name: "other" });
  const theirs = await post(`/apps/${other.id}/tokens`, { user: "ada" });
  expect(await refused(await page("localhost", { key: program.key, token: theirs.token }))).toMatchObject({ code: "token_app" });
  expect(await refused(await page("meet.example", { key: program.key }))).toMatchObject({ code: "origin_refused" });
  expect((await seen(good)).errors).toEqual([]);

  const log = await until("three entries in the log", async () => {
    const { items } = await program.api<{ items: any[] }>("/apps/1/log");
    expect(Object.fromEntries(items.map((e) => [e.code, e.count]))).toEqual({ token_replayed: 1, token_app: 1, origin_refused: 1 });
    return items;
  });
  expect(log.find((e) => e.code === "origin_refused").origin).toMatch(/^http:\/\/meet\.example:/);
  expect((await program.api(`/apps/${other.id}/log`)).items).toEqual([]);
  await good.evaluate(() => peerglass.leave());
});
