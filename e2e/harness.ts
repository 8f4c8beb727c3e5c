// What the end-to-end tests stand on: the real program on a port of its own
// with a data folder of its own, a TCP proxy that can cut connections, and
// Debian's Chromium with fake devices.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

/** The repository. */
export const root = resolve(import.meta.dirname, "..");

export interface Program {
  url: string;
  /** The public ingest key of the first app. */
  key: string;
  /** The first admin's log-in. */
  admin: { name: string; password: string };
  /** Calls the API with an authenticated console session. */
  api<T = any>(path: string, init?: RequestInit): Promise<T>;
  /** Fetches a file from the API. */
  download(path: string): Promise<Buffer>;
  pid: number;
  /** Its data folder. */
  data: string;
  stop(): Promise<void>;
}

/**
 * The code of docs/collect.md under `<!-- snippet: name -->`, with what stands
 * there for a reader's own server and key put right: what the documentation
 * shows is what the tests run.
 */
export async function snippet(name: string, program: Pick<Program, "url" | "key">): Promise<string> {
  const text = await readFile(join(root, "docs", "collect.md"), "utf8");
  const code = new RegExp("<!-- snippet: " + name + " -->\\s*```\\w*\\n([\\s\\S]*?)```").exec(text)?.[1];
  if (code === undefined) throw new Error(`docs/collect.md has no snippet ${name}`);
  return code
    .replaceAll("https://peerglass.example", program.url)
    .replaceAll("wss://peerglass.example", program.url.replace("http", "ws"))
    .replaceAll("peerglass.example", new URL(program.url).host)
    .replaceAll("pgk_…", program.key);
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/**
 * Starts `peerglass serve` and waits until it has printed where it is. Unless
 * firstLogin is false, the one-time password is changed, so that api works.
 */
export async function startProgram({ firstLogin = true, args = [] as string[] } = {}): Promise<Program> {
  const binary = process.env.PEERGLASS_BINARY ?? join(root, "bin", "peerglass");
  if (!existsSync(binary)) throw new Error("bin/peerglass is missing: run make build");
  const data = await mkdtemp(join(tmpdir(), "peerglass-e2e-"));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const child: ChildProcess = spawn(binary, ["serve", "--listen", `127.0.0.1:${port}`, "--data", data, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stdout?.on("data", (b: Buffer) => { printed += b.toString(); });
  child.stderr?.on("data", (b: Buffer) => { printed += b.toString(); });
  const exited = new Promise<void>((done) => child.once("exit", () => done()));

  const found = await until("the program to print its key and password", () => {
    if (child.exitCode !== null) throw new Error(`peerglass ended with ${child.exitCode}:\n${printed}`);
    const key = /pgk_[A-Za-z0-9_-]+/.exec(printed)?.[0];
    const password = /password:?\s+(\S+)/i.exec(printed)?.[1];
    return key && password ? { key, password } : undefined;
  }, 60_000, () => printed);

  const admin = { name: "admin", password: found.password };
  let cookie = "";
  const raw = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (cookie) headers.set("Cookie", cookie);
    headers.set("Origin", url);
    if (init.body && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
    return fetch(`${url}/api/v1${path}`, { ...init, headers });
  };
  const logIn = async (password: string) => {
    const res = await raw("/login", { method: "POST", body: JSON.stringify({ name: admin.name, password }) });
    if (!res.ok) throw new Error(`log-in: ${res.status} ${await res.text()}`);
    cookie = res.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ");
  };
  await until("the program to answer", async () => (await fetch(`${url}/api/v1/health`).catch(() => undefined))?.ok || undefined, 60_000);
  const first = async () => {
    await logIn(admin.password);
    const chosen = "a password for tests only";
    const changed = await raw("/password", { method: "POST", body: JSON.stringify({ current: admin.password, new: chosen }) });
    if (!changed.ok) throw new Error(`changing the one-time password: ${changed.status} ${await changed.text()}`);
    admin.password = chosen;
    await logIn(chosen);
  };
  if (firstLogin) await first();

  return {
    url, key: found.key, admin, pid: child.pid as number, data,
    async api(path, init) {
      const res = await raw(path, init);
      if (!res.ok) throw new Error(`${init?.method ?? "GET"} ${path}: ${res.status} ${await res.text()}`);
      return res.status === 204 ? undefined : (await res.json()) as any;
    },
    async download(path) {
      const res = await raw(path);
      if (!res.ok) throw new Error(`GET ${path}: ${res.status} ${await res.text()}`);
      return Buffer.from(await res.arrayBuffer());
    },
    async stop() {
      child.kill("SIGTERM");
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Waits until f gives something, asking often; fails with what it waited for. */
export async function until<T>(what: string, f: () => T | undefined | Promise<T | undefined>, ms = 20_000, detail?: () => string): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const got = await f();
    if (got !== undefined) return got;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}${detail ? `:\n${detail()}` : ""}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const chromiums = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Debian's Chromium with a fresh profile. Its devices are fake and granted
 * without asking; "asked": only where a context has the permission; "none":
 * there are none.
 */
export async function startBrowser({ args = [], devices = "fake" }: { args?: string[]; devices?: "fake" | "asked" | "none" } = {}): Promise<Browser> {
  const executablePath = chromiums.find((p) => p && existsSync(p));
  if (!executablePath) throw new Error("no Chromium here: run ./scripts/setup chromium, or name one in CHROMIUM");
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      ...(devices === "none" ? [] : ["--use-fake-device-for-media-stream"]), ...(devices === "fake" ? ["--use-fake-ui-for-media-stream"] : []), ...args],
  });
}

/** Logs a page into the console, which then shows the calls. */
export async function enter(page: Page, program: Pick<Program, "url" | "admin">): Promise<void> {
  await page.goto(`${program.url}/login`);
  await page.getByLabel("Account").fill(program.admin.name);
  await page.getByRole("textbox", { name: "Password" }).fill(program.admin.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/calls*");
}

/** A TCP proxy in front of the program that can cut every connection it carries. */
export interface Proxy {
  port: number;
  /** Resets the connections there are and says how many; new ones are taken again. */
  cut(): number;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<Proxy> {
  const { port } = new URL(target);
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(Number(port), "127.0.0.1");
    for (const [a, b] of [[client, upstream], [upstream, client]] as const) {
      open.add(a);
      a.on("error", () => b.destroy());
      a.on("close", () => { open.delete(a); b.destroy(); });
      a.pipe(b);
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      const n = open.size / 2;
      for (const s of open) s.resetAndDestroy();
      return n;
    },
    async close() {
      for (const s of open) s.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
