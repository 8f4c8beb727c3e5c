// The sink and the browser that the tests with real pages share.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** A session as the sink (test/sink) has it. */
export interface Stay {
  last: number;
  hellos: number;
  posts: number;
  again: number;
  gaps: number;
  polls: number;
  skipped: number;
  sizes: number[];
  records: { kind: string; name: string; conn: string; corr: string; time: number; payload: any }[];
  stats: Record<string, Record<string, Record<string, unknown>>>;
  faults: string[] | null;
}

let folder: string, sink: ChildProcess, browser: Browser;
/** Where the sink is, and the page of the test that runs. */
export let url: string, page: Page;

beforeAll(async () => {
  const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));
  if (!executablePath) throw new Error("no Chromium here: run ./scripts/setup chromium, or name one in CHROMIUM");
  folder = mkdtempSync(join(tmpdir(), "peerglass-sdk-"));
  execFileSync("go", ["build", "-o", join(folder, "sink"), "./sdk/test/sink"], { cwd: root, env: { ...process.env, CGO_ENABLED: "0" } });
  sink = spawn(join(folder, "sink"), { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  url = await new Promise<string>((done) => sink.stdout!.once("data", (d: Buffer) => done(d.toString().trim())));
  browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--autoplay-policy=no-user-gesture-required", "--js-flags=--expose-gc",
      "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  });
});

afterAll(async () => {
  await browser?.close();
  sink?.kill();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// A page of the test before may still say goodbye.
const before = new Set<string>();

beforeEach(async () => {
  for (const id of Object.keys(await state())) before.add(id);
  await act("reset");
  page = await browser.newPage();
});

afterEach(async () => {
  await page.close();
});

/** Makes the sink behave. */
export const act = (what: string) => fetch(`${url}/do?${what}`, { method: "POST" });
export const state = async (): Promise<Record<string, Stay>> => {
  const all = (await (await fetch(`${url}/state`)).json()) as Record<string, Stay>;
  return Object.fromEntries(Object.entries(all).filter(([id]) => !before.has(id)));
};
export const stays = async (): Promise<Stay[]> => Object.values(await state());

/** Waits for what f returns. */
export async function until<T>(what: string, f: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const got = await f();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}:\n${JSON.stringify(await state()).slice(0, 4000)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export const names = (stay: Stay, conn?: string): string[] => stay.records.filter((r) => conn === undefined || r.conn === conn).map((r) => r.name);

/** What the events called "count" said, in the order of their arrival. */
export const counted = (all: Stay[]): number[] => all.flatMap((s) => s.records.filter((r) => r.name === "count").map((r) => r.payload as number));

export const to = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
