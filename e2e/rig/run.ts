// One call: its pages, its relay, what is done to it, and what becomes of it on
// disk: truth.json.gz and the raw dump of each stay.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { cpus } from "node:os";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { type Program, root, startBrowser, until } from "../harness";
import type { Condition, Deed, User } from "./conditions";
import type { Config, PageTruth, Rig } from "./page/page";
import type { Relay, Relays } from "./relay";

declare const rig: Rig;

const flags = [
  "--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
];
const picture = { width: 320, height: 240, fps: 20 };

/** What all runs share. */
export interface Stage {
  program: Program;
  app: number;
  relays: Relays;
  pages: string; // URL
  out: string;
  pollMs: number;
  /** Refuse a call in which the machine was too busy for the truth. */
  strict: boolean;
}

/** Serves the page and its scripts on loopback; a page there may use devices. */
export async function servePages(): Promise<{ url: string; stop(): Promise<void> }> {
  const from = join(root, "e2e", "rig", "page");
  const built = await build({
    entryPoints: ["page", "source", "meter", "counter"].map((f) => join(from, `${f}.ts`)), bundle: true, write: false, outdir: "/", format: "iife", target: "es2022",
  });
  const files = new Map(built.outputFiles.map((f) => [f.path, f.text]));
  const server = createServer((req, res) => {
    const path = req.url!.split("?")[0]!;
    const script = files.get(path);
    res.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    res.end(script ?? '<!doctype html><meta charset="utf-8"><title>rig</title><body><script src="/page.js"></script>');
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const names: User[] = ["ada", "ben", "cleo"];
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, Math.max(0, ms)));

// A machine that is busy with something else adds damage of its own, which
// nobody would know of: such a call is refused.
const lateness = 100; // ms that the relay may be late: half of the shortest gap in a sound that counts
const pause = 250; // ms between two frames of a camera that nothing is done to: five times the usual

/** Makes the call; what it resolves to resolves when its dumps are on disk. */
export async function makeCall(stage: Stage, c: Condition, run: number): Promise<() => Promise<void>> {
  const seed = [...c.name].reduce((h, ch) => (Math.imul(h, 31) + ch.charCodeAt(0)) >>> 0, run);
  const users = names.slice(0, c.users);
  const room = `rig-${c.name}-${run}-${Date.now().toString(36)}`;
  const relay = await stage.relays.create({ seed, schedule: c.rules });
  if (c.turn === "shut") await relay.shut();
  const browsers: Browser[] = [];
  try {
    const pages = await openPages(stage, c, users, browsers);
    const call = { c, users, room, relay, pages, truths: new Map<User, PageTruth>(), browsers };
    const errors = connectSignals(call, c.signalDelay);

    let start = Date.now();
    if (c.fromJoin) await relay.start(start);
    await Promise.all(users.map((u) => pages.get(u)!.evaluate((config) => rig.begin(config), config(stage, c, room, u, relay))));
    for (const [i, offerer] of users.entries()) {
      for (const other of users.slice(i + 1)) {
        await pages.get(other)!.evaluate((user) => rig.connect(user, false), offerer);
        await pages.get(offerer)!.evaluate((user) => rig.connect(user, true), other);
      }
    }
    if (!c.fromJoin) {
      await until("all to see and hear each other", async () =>
        (await Promise.all([...pages.values()].map((p) => p.evaluate(() => rig.ready())))).every((seen) => seen.length === users.length - 1) || undefined, 20_000,
        () => errors.join("\n"));
      start = Date.now();
      await relay.start(start);
    }

    const deeds: Deed[] = [];
    await Promise.all(c.deeds.map(async (d) => {
      await sleep(start + d.at - Date.now());
      deeds.push({ ...d, at: Date.now() - start });
      await act(call, d);
    }));
    await sleep(start + 1000 * c.seconds - Date.now());
    const end = Date.now();
    const counts = await relay.counts();
    const late = Math.max(...counts.map((l) => l.late));
    if (stage.strict && late > lateness) throw new Error(`the relay was ${late.toFixed(0)} ms late: the machine is too busy`);
    const left = users.filter((u) => !call.truths.has(u));
    for (const u of left) call.truths.set(u, await pages.get(u)!.evaluate(() => rig.truth()));
    await Promise.all(left.map((u) => pages.get(u)!.evaluate(() => rig.leave())));
    const times = call.truths.get("ben")!.made.map(([, at]) => at).filter((at) => at >= start && at <= end);
    const longest = Math.max(...times.map((at, i) => at - (times[i - 1] ?? at)));
    if (stage.strict && longest > pause) throw new Error(`ben's camera stood still for ${longest} ms: the machine is too busy`);
    const truth = {
      condition: c.name, run, seed, room, start, end, users, pollMs: stage.pollMs, picture, turn: c.turn, schedule: c.rules, signalDelay: c.signalDelay, deeds,
      browser: browsers[0]!.version(), errors, pages: users.map((u) => compact(call.truths.get(u)!)), relay: counts,
    };
    return () => harvest(stage, truth, users);
  } finally {
    await pin([stage.relays.pid, stage.program.pid], `0-${cpus().length - 1}`);
    await Promise.all(browsers.map((b) => b.close()));
    await relay.close();
  }
}

/** What a page knows, small: lists of rising numbers become their differences. */
function compact(p: PageTruth) {
  const steps = (list: number[]) => list.map((v, i) => Math.round(v - (i ? list[i - 1]! : 0)));
  const columns = (rows: number[][], ...names: string[]) => Object.fromEntries(names.map((name, i) => [name, steps(rows.map((r) => r[i]!))]));
  return {
    ...p,
    made: columns(p.made, "number", "at"),
    seen: p.seen.map((s) => ({
      user: s.user,
      frames: columns(s.frames, "number", "at", "presented"),
      decoded: steps(s.decoded),
      sound: { at: s.audio.map((a) => a.at), level: s.audio.map((a) => steps(a.level)), hertz: s.audio.map((a) => steps(a.hertz)) },
    })),
  };
}

function config(stage: Stage, c: Condition, room: string, user: User, relay: Relay): Config {
  return {
    user, room, key: stage.program.key, endpoint: stage.program.url, pollMs: stage.pollMs, ...picture,
    turn: `turn:127.0.0.1:${relay.port}?transport=${c.turn === "tcp" ? "tcp" : "udp"}`,
    devices: user === "ada" && c.devices !== "drawn" ? "native" : "drawn",
  };
}

/** A page for each user, in a process of its own. */
async function openPages(stage: Stage, c: Condition, users: User[], browsers: Browser[]): Promise<Map<User, Page>> {
  const pages = new Map<User, Page>();
  let shared: Browser | undefined;
  for (const user of users) {
    const special = user === "ada" && (c.devices !== "drawn" || c.deeds.some((d) => d.by === "driver" && d.kind === "burn"));
    let browser = special ? undefined : shared;
    if (!browser) {
      browser = await startBrowser({ args: flags, devices: !special || c.devices === "drawn" ? "fake" : c.devices === "denied" ? "asked" : "none" });
      browsers.push(browser);
      if (!special) shared = browser;
    }
    const context = await browser.newContext({ viewport: { width: 400, height: 300 } });
    await context.grantPermissions(c.devices === "denied" && special ? [] : ["camera", "microphone"]); // none: the browser refuses
    const page = await context.newPage();
    await page.goto(stage.pages);
    pages.set(user, page);
  }
  if (c.deeds.some((d) => d.by === "driver" && d.kind === "burn")) {
    for (const [user, page] of pages) await pin(await processes(page), user === "ada" ? hers : others);
    await pin([stage.relays.pid, stage.program.pid], others);
  }
  return pages;
}

type Call = { c: Condition; users: User[]; relay: Relay; pages: Map<User, Page>; truths: Map<User, PageTruth>; browsers: Browser[] };

/** Messages go from page to page through the driver, in order, each late by delay. */
function connectSignals(call: Call, delay: number): string[] {
  const errors: string[] = [];
  for (const [user, page] of call.pages) {
    page.on("pageerror", (e) => errors.push(`${user}: ${e}`));
    let last: Promise<unknown> = Promise.resolve();
    void page.exposeBinding("signal", (_, to: User, message: object) => {
      const due = Date.now() + delay;
      last = last.then(async () => {
        await sleep(due - Date.now());
        if (call.truths.has(to)) return; // it is gone
        await call.pages.get(to)!.evaluate(([from, m]) => rig.hear(from as string, m as object), [user, message] as const);
      }).catch((e) => errors.push(`${user} to ${to}: ${e}`));
    });
  }
  return errors;
}

async function act(call: Call, d: Deed): Promise<void> {
  const page = call.pages.get(d.user)!;
  if (d.by === "page") return page.evaluate((f) => rig.fault(f), d);
  switch (d.kind) {
    case "shut": return call.relay.shut();
    case "open": return call.relay.open();
    case "burn": return burn(d.ms!);
    case "kill": {
      call.truths.set(d.user, await page.evaluate(() => rig.truth()));
      const session = await page.context().newCDPSession(page);
      void session.send("Page.crash").catch(() => undefined); // nobody is left to answer
    }
  }
}

// One processor is ada's: her browser's processes and what starves them. All
// else, the truth above all, keeps to the other.
const hers = "0";
const others = "1";

async function processes(page: Page): Promise<number[]> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.map((p) => p.id);
}

async function pin(pids: number[], processor: string): Promise<void> {
  await Promise.all(pids.map((pid) => finished("taskset", ["-apc", processor, String(pid)])));
}

/** Work that leaves a browser on the same processor a twentieth of it. */
async function burn(ms: number): Promise<void> {
  const work = `const end = Date.now() + ${ms}; while (Date.now() < end);`;
  await Promise.all(Array.from({ length: 20 }, () => finished("taskset", ["-c", hers, process.execPath, "-e", work])));
}

function finished(command: string, args: string[]): Promise<void> {
  return new Promise((done) => {
    // A session of its own: Linux shares the processor between sessions first (sched_autogroup).
    const child = spawn(command, args, { stdio: "ignore", detached: true });
    child.once("exit", () => done());
    child.once("error", () => done());
  });
}

/** Waits until the stays are over and keeps them with their truth. */
async function harvest(stage: Stage, truth: { condition: string; run: number; room: string }, users: User[]): Promise<void> {
  const calls = `/apps/${stage.app}/calls`;
  const sessions = await until(`the stays of ${truth.room}`, async () => {
    const [call] = (await stage.program.api<{ items: { id: string }[] }>(`${calls}?room=${truth.room}`)).items;
    if (!call) return undefined;
    const { items } = await stage.program.api<{ items: { id: string; user: string; hasDump: boolean }[] }>(`${calls}/${call.id}/sessions`);
    return items.length >= users.length && items.every((s) => s.hasDump) ? items.map((s) => ({ ...s, call: call.id })) : undefined;
  }, 90_000);
  const folder = join(stage.out, `${truth.condition}-${truth.run}`);
  await mkdir(folder, { recursive: true });
  for (const s of sessions) {
    await writeFile(join(folder, `${s.user}.dump`), await stage.program.download(`${calls}/${s.call}/sessions/${s.id}/dump?format=raw`));
  }
  await writeFile(join(folder, "truth.json.gz"), gzipSync(JSON.stringify(truth), { level: 9 }));
}
