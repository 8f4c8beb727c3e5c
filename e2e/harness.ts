// What the end-to-end tests stand on: the real program on a port of its own
// with a data folder of its own, a TCP proxy that can cut connections, and
// Debian's Chromium with fake devices.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";

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

/**
 * A port that nothing listens on now, for programs that cannot choose one
 * themselves: not one of those that systems give to connections by themselves,
 * which any connection might have before the program listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((done) => server.once("error", () => done(false)).listen(port, "127.0.0.1", () => done(true)));
    if (!free) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
}

/**
 * Starts `peerglass serve` and waits until it has printed where it is. Unless
 * firstLogin is false, the one-time password is changed, so that api works.
 */
export async function startProgram({ firstLogin = true, args = [] as string[] } = {}): Promise<Program> {
  const binary = process.env.PEERGLASS_BINARY ?? join(root, "bin", "peerglass");
  if (!existsSync(binary)) throw new Error("bin/peerglass is missing: run make build");
  const data = await mkdtemp(join(tmpdir(), "peerglass-e2e-"));
  const child: ChildProcess = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--data", data, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stdout?.on("data", (b: Buffer) => { printed += b.toString(); });
  child.stderr?.on("data", (b: Buffer) => { printed += b.toString(); });
  witnesses.push({ what: "what the program logged last", tell: () => printed.split("\n").filter((line) => line.startsWith("time=")).slice(-10).join("\n") });
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    await rm(data, { recursive: true, force: true, maxRetries: 10 });
  };
  return started(child, data, () => printed, firstLogin, stop).catch(async (error) => {
    await stop();
    throw error;
  });
}

/** Waits until the program that was started answers, and logs in. */
async function started(child: ChildProcess, data: string, printed: () => string, firstLogin: boolean, stop: () => Promise<void>): Promise<Program> {
  const found = await until("the program to print where it is, its key and password", () => {
    if (child.exitCode !== null) throw new Error(`peerglass ended with ${child.exitCode}:\n${printed()}`);
    const url = /Console:\s+(\S+)/.exec(printed())?.[1];
    const key = /pgk_[A-Za-z0-9_-]+(?=\s)/.exec(printed())?.[0];
    const password = /password:?\s+(\S+)/i.exec(printed())?.[1];
    return url && key && password ? { url, key, password } : undefined;
  }, 90_000, printed);
  const { url } = found;

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
  await until("the program to answer", async () => (await fetch(`${url}/api/v1/health`).catch(() => undefined))?.ok || undefined, 90_000, printed);
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
    stop,
  };
}

/**
 * Waits until f gives something, asking often. What f expects is waited for,
 * too: nothing else is what comes later, as the rows of a session do, which
 * are written table by table. Fails with what it waited for and what was last
 * seen. The deadline is for machines that are busy; nobody waits for it where
 * all is well.
 */
export async function until<T>(what: string, f: () => T | undefined | Promise<T | undefined>, ms = 60_000, detail?: () => string): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    let unmet: Error | undefined;
    try {
      const got = await f();
      if (got !== undefined) return got;
    } catch (error) {
      // A TypeError: what f looks into is not there yet.
      if (!(error instanceof Error) || !["AssertionError", "TypeError"].includes(error.name)) throw error;
      unmet = error;
    }
    if (Date.now() > end) {
      const told = `waited ${ms} ms for ${what}${detail ? `:\n${detail()}` : ""}`;
      if (!unmet) throw new Error(told);
      unmet.message += `\n${told}`;
      throw unmet;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

/**
 * Scrolls something into sight: charts are drawn only there. The browser's
 * driver gives up where the page draws it anew just then; here it is looked
 * for again.
 */
export const inSight = (at: Locator) => until(`${at} in sight`, () => at.scrollIntoViewIfNeeded().then(() => true, (error: Error) => {
  if (!error.message.includes("not attached")) throw error;
  return undefined;
}));

/** Who can tell what was there when a test failed: pages and programs of its file. */
export const witnesses: { what: string; tell(): string | Promise<string> }[] = [];

/** What a page shows can be told as long as it is open, and what its console said. */
function witness(page: Page): void {
  const said: string[] = [];
  page.on("console", (m) => said.push(`${m.type()}: ${m.text()}`.slice(0, 300)));
  page.on("pageerror", (e) => said.push(`thrown: ${e.message}`.slice(0, 300)));
  const entry = {
    what: "a page",
    async tell() {
      const text = await page.locator("body").innerText({ timeout: 5_000 }).catch((e: Error) => `not readable: ${e.message.split("\n")[0]}`);
      return [page.url(), ...said.slice(-8).map((line) => `  ${line}`), text.replaceAll(/\s*\n\s*/g, " | ").slice(0, 1_200)].join("\n");
    },
  };
  witnesses.push(entry);
  page.on("close", () => witnesses.splice(witnesses.indexOf(entry), 1));
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
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      ...(devices === "none" ? [] : ["--use-fake-device-for-media-stream"]), ...(devices === "fake" ? ["--use-fake-ui-for-media-stream"] : []), ...args],
  });
  browser.on("context", (context) => {
    context.setDefaultTimeout(60_000);
    context.on("page", witness);
  });
  return browser;
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
