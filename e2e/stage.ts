// What the adapters' tests share: pages that run a snippet of docs/collect.md
// with the library it is written for, and what the API must show of a call.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { type Program, snippet, startBrowser, startProgram, until } from "./harness";

declare const pc: RTCPeerConnection; // of the pages

export interface Stage {
  program: Program;
  /** Where pages open, for those that are not a user's. */
  context: BrowserContext;
  /** Opens a page for a user; args are what the snippet leaves open. */
  open(user: string, args?: Record<string, string>): Promise<Page>;
  /** What pages threw, and did not catch. */
  errors: string[];
  stop(): Promise<void>;
}

/** What a page of the tests may have besides its snippet. */
interface Around {
  /** A classic script that the page carries, as a reader's page does. */
  script?: string;
  /** Gives names to what the snippet leaves open, out of args. */
  before?: string;
  /** Hands the test what it needs. */
  after?: string;
}

/**
 * Starts the program, a browser and a server of pages that run the snippet of
 * that name, as a module, between pieces of the test's own.
 */
export async function startStage(name: string, { script = "", before = "", after = "" }: Around): Promise<Stage> {
  const program = await startProgram();
  let browser: Browser | undefined, pages: Server | undefined;
  try {
    const own = "const args = Object.fromEntries(new URLSearchParams(location.search));\n";
    const bundle = await build({
      stdin: { contents: own + before + "\n" + (await snippet(name, program)) + "\nglobalThis.peerglass = peerglass;\n" + after, resolveDir: import.meta.dirname },
      bundle: true, write: false, format: "esm", target: "es2022",
    });
    const inline = (text: string) => text.replaceAll("</script", "<\\/script");
    const html = `<!doctype html><title>${name}</title><body><script>${inline(script)}</script><script type="module">${inline(bundle.outputFiles[0]!.text)}\nglobalThis.ready = true;</script>`;
    pages = createServer((req, res) => (req.url!.startsWith("/?") ? res.setHeader("Content-Type", "text/html; charset=utf-8").end(html) : res.writeHead(404).end()));
    await new Promise<void>((done) => pages!.listen(0, "127.0.0.1", done));
    browser = await startBrowser({ args: ["--allow-loopback-in-peer-connection"] });
  } catch (error) {
    await browser?.close();
    pages?.close();
    await program.stop();
    throw error;
  }
  const address = `http://localhost:${(pages.address() as AddressInfo).port}/`;
  const context: BrowserContext = await browser.newContext({ permissions: ["camera", "microphone"] });
  const errors: string[] = [];
  return {
    program, context, errors,
    async open(user, args = {}) {
      const page = await context.newPage();
      page.on("pageerror", (e) => errors.push(`${user}: ${e}`));
      page.on("console", (m) => m.type() === "error" && process.env.DEBUG && console.log(user, m.text()));
      await page.goto(address + "?" + new URLSearchParams({ user, ...args }));
      await page.waitForFunction(() => (globalThis as any).ready, undefined, { timeout: 60_000 }).catch((e) => {
        throw new Error(`the page of ${user} did not come up: ${errors.join("; ") || e}`);
      });
      return page;
    },
    async stop() {
      await browser!.close();
      pages!.closeAllConnections();
      pages!.close();
      await program.stop();
    },
  };
}

/** Carries an offer and its answer between the connections pc of two pages, each with all candidates. */
export async function negotiate(from: Page, to: Page): Promise<void> {
  const complete = async (description: RTCSessionDescriptionInit | null) => {
    if (description) await pc.setRemoteDescription(description);
    await pc.setLocalDescription();
    if (pc.iceGatheringState !== "complete") {
      await new Promise<void>((done) => pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && done()));
    }
    return pc.localDescription!.toJSON() as RTCSessionDescriptionInit;
  };
  const offer = await from.evaluate(complete, null);
  const answer = await to.evaluate(complete, offer);
  await from.evaluate((a) => pc.setRemoteDescription(a), answer);
}

/** A call as the API shows it. */
export interface Seen {
  call: any;
  sessions: any[];
  /** Of media, by user. */
  streams(user: string): any[];
  /** The values of a user's events of that name, in their order. */
  events(user: string, name: string): any[];
  /** Names and values of what a user's page told as events. */
  told(user: string): string[];
}

/** Reads the newest call of a room; undefined if there is none. */
export async function look(program: Program, room: string): Promise<Seen | undefined> {
  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  const call = (await program.api<{ items: any[] }>(`/apps/${app!.id}/calls?room=${encodeURIComponent(room)}`)).items[0];
  if (!call) return undefined;
  const base = `/apps/${app!.id}/calls/${call.id}`;
  const sessions = (await program.api<{ items: any[] }>(`${base}/sessions`)).items;
  const streams = (await program.api<{ items: any[] }>(`${base}/streams`)).items;
  const events: any[] = [];
  for (let cursor = ""; ;) {
    const { items, next } = await program.api(`${base}/events?limit=500${cursor}`);
    events.push(...items);
    if (!next) break;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
  const of = (user: string) => new Set(sessions.filter((s) => s.user === user).map((s) => s.id));
  return {
    call, sessions,
    streams: (user) => streams.filter((s) => of(user).has(s.session) && ["audio", "video", "screen"].includes(s.kind)),
    events: (user, name) => events.filter((e) => of(user).has(e.session) && e.name === name).map((e) => e.value),
    told: (user) => events.filter((e) => of(user).has(e.session) && e.kind === "event").map((e) => `${e.name} ${JSON.stringify(e.value)}`),
  };
}

/**
 * Waits until the API shows what f finds, and expects, of the room's call.
 * What is asserted of a call belongs in f where it may come later than what
 * was waited for: calls, stays, streams and events are rows of their own, each
 * seen up to a second after it is told.
 */
export function shown<T>(program: Program, room: string, what: string, f: (seen: Seen) => T | undefined | false, ms?: number): Promise<T> {
  let last: Seen | undefined;
  return until(what, async () => {
    last = await look(program, room);
    return (last && f(last)) || undefined;
  }, ms, () => JSON.stringify(last && { call: last.call, users: last.sessions.map((s) => ({ user: s.user, streams: last!.streams(s.user).map((t) => `${t.direction} ${t.kind} ${t.remoteUser} ${t.bytes}`), events: last!.told(s.user) })) }, undefined, 1));
}

/** What a user receives: kinds of the streams that brought something, by whom. */
export function received(seen: Seen, user: string): string[] {
  return seen.streams(user).filter((s) => s.direction === "receive" && s.bytes > 0).map((s) => `${s.kind} of ${s.remoteUser || "nobody"}`).sort();
}

/** Expects one stay of each user under that name, and media in both directions with bit rates. */
export async function expectCall(program: Program, { call }: Seen, room: string, users: string[]): Promise<void> {
  const seen = await shown(program, room, "each user once", (s) => {
    expect(s.call).toMatchObject({ id: call.id, room, users: users.length });
    expect(s.sessions.map((x) => x.user).sort()).toEqual([...users].sort());
    return s;
  });
  for (const s of seen.sessions) {
    await until(`bit rates of what ${s.user} sends and receives`, async () => {
      const { series } = await program.api<{ series: any[] }>(`/apps/${seen.call.app}/calls/${seen.call.id}/samples?session=${s.id}&width=600&metrics=bitrate`);
      const rates = (direction: string) => series.filter((x) => x.direction === direction).flatMap((x) => x.values?.bitrate ?? []).filter((v: number | null) => v !== null && v > 0);
      return (rates("send").length > 1 && rates("receive").length > 1) || undefined;
    });
  }
}
