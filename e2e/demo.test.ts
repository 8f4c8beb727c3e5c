// Two tabs on the demo page, as a newcomer opens them: the SDK, the native
// protocol and the program together. One tab's connection is cut mid-call.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, type Proxy, startBrowser, startProgram, startProxy, until } from "./harness";

const room = "sunny-harbour";

let program: Program;
let proxy: Proxy;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  program = await startProgram();
  proxy = await startProxy(program.url);
  browser = await startBrowser();
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  await proxy?.close();
  await program?.stop();
});

/** What a page's own getStats said last: packets by direction and SSRC. */
type Packets = Record<string, number>;

declare const peerglass: {
  status(): { state: string; polls: number; faults: number; lost: number };
  on(name: string, f: (value: any) => void): void;
  event(name: string, data: unknown): void;
  leave(): Promise<void>;
};

async function open(url: string, user: string): Promise<{ page: Page; errors: string[] }> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (e) => errors.push(String(e)));
  await page.goto(`${url}/demo?${new URLSearchParams({ room, user })}`);
  await page.evaluate(() => {
    peerglass.on("stats", ({ report }) => {
      const packets: Record<string, number> = {};
      for (const s of report.values()) {
        if (s.type === "inbound-rtp") packets[`receive ${s.ssrc}`] = s.packetsReceived;
        if (s.type === "outbound-rtp") packets[`send ${s.ssrc}`] = s.packetsSent;
      }
      (globalThis as any).packets = packets;
    });
  });
  return { page, errors };
}

/** Tells numbered events, while other things go on. */
const count = (page: Page, from: number, to: number) =>
  page.evaluate(async ([from, to]) => {
    for (let i = from!; i <= to!; i++) {
      peerglass.event("count", i);
      await new Promise((done) => setTimeout(done, 100));
    }
  }, [from, to]);

const polls = (page: Page) => page.evaluate(() => peerglass.status().polls);

test("two tabs are a call in the console, whose numbers are those of the pages", async () => {
  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  const calls = async () => (await program.api<{ items: any[] }>(`/apps/${app!.id}/calls?room=${room}`)).items;

  // Ada's tab reaches the program through the proxy.
  const ada = await open(`http://localhost:${proxy.port}`, "Ada");
  const grace = await open(program.url, "Grace");
  await ada.page.click("#enter");
  await grace.page.click("#enter");
  const joined = Date.now();
  const call = await until("the call with both users", async () => (await calls()).find((c) => c.users === 2 && c.status === "active"));
  console.log(`the call stood in the list ${Date.now() - joined} ms after the second tab had joined`);
  const base = `/apps/${app!.id}/calls/${call.id}`;

  await until("both pages to be up", async () => (await polls(ada.page)) > 3 && (await polls(grace.page)) > 3 || undefined);
  const sessions = await until("both stays", async () => {
    const { items } = await program.api<{ items: any[] }>(`${base}/sessions`);
    expect(items.map((s) => s.user).sort()).toEqual(["Ada", "Grace"]);
    return items;
  });
  const of = (user: string) => sessions.find((s) => s.user === user).id as string;
  const media = async () => (await program.api<{ items: any[] }>(`${base}/streams`)).items.filter((s) => s.kind === "audio" || s.kind === "video");
  await until("the streams of both, and whose they are", async () => {
    const items = await media();
    expect(items).toHaveLength(8);
    for (const s of items.filter((s) => s.direction === "receive")) expect(s.remoteUser).toBe(s.session === of("Ada") ? "Grace" : "Ada");
    return true;
  });
  for (const user of ["Ada", "Grace"]) {
    await until(`samples of ${user}`, async () => {
      const { series } = await program.api<{ series: any[] }>(`${base}/samples?session=${of(user)}&width=600&metrics=bitrate`);
      const points = series.flatMap((s) => (s.values?.bitrate ?? []) as (number | null)[]).filter((v) => v !== null && v > 0);
      expect(points.length).toBeGreaterThan(4);
      return true;
    });
  }

  // The cut: what Ada's tab tells meanwhile must arrive, once.
  await count(ada.page, 1, 10);
  expect(proxy.cut()).toBeGreaterThan(0);
  await count(ada.page, 11, 20);
  await until("Ada's tab to be back", () => ada.page.evaluate(() => peerglass.status().state === "live" || undefined));
  await count(ada.page, 21, 30);

  // The last poll of each page is what the program's totals must say.
  const said: Record<string, Packets> = {};
  for (const [user, { page, errors }] of Object.entries({ Ada: ada, Grace: grace })) {
    said[user] = await page.evaluate(async () => {
      await peerglass.leave();
      return (globalThis as any).packets;
    });
    expect(await page.evaluate(() => [peerglass.status().faults, peerglass.status().lost])).toEqual([0, 0]);
    expect(errors).toEqual([]);
  }
  const ended = await until("both stays to end", async () => {
    const { items } = await program.api<{ items: any[] }>(`${base}/sessions`);
    return items.length === 2 && items.every((s) => s.end && s.hasDump) ? items : undefined;
  });
  expect(ended.map((s) => s.endReason)).toEqual(["leave", "leave"]);
  const streams = await media();
  for (const user of ["Ada", "Grace"]) {
    const got: Packets = {};
    for (const s of streams.filter((s) => s.session === of(user))) got[`${s.direction} ${s.ssrc}`] = s.packets;
    expect(got, user).toEqual(said[user]);
    expect(Math.max(...Object.values(got))).toBeGreaterThan(100);
  }

  const events: any[] = [];
  for (let cursor = ""; ;) {
    const { items, next } = await program.api(`${base}/events?session=${of("Ada")}&limit=500${cursor}`);
    events.push(...items);
    if (!next) break;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
  expect(events.filter((e) => e.name === "count").map((e) => Number(e.value))).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  for (const [name, n] of [["navigator.mediaDevices.getUserMedia", 1], ["create", 1], ["mapStream", 2]] as const) {
    expect(events.filter((e) => e.name === name), name).toHaveLength(n);
  }
  const metrics = await (await fetch(`${program.url}/metrics`)).text();
  expect(metrics).toContain('peerglass_ingest_frames_missed_total{protocol="native"} 0');
  expect(metrics).toContain('peerglass_ingest_frames_faulty_total{protocol="native"} 0');
});

test("the page in two tabs is one room with two names", async () => {
  const fresh = await browser.newContext({ permissions: ["camera", "microphone"] });
  const tabs = [await fresh.newPage(), await fresh.newPage()];
  for (const tab of tabs) await tab.goto(`${program.url}/demo`);
  const [first, second] = await Promise.all(tabs.map(async (tab) => ({ room: await tab.inputValue("#room"), user: await tab.inputValue("#user") })));
  expect(second!.room).toBe(first!.room);
  expect(second!.user).not.toBe(first!.user);
  for (const tab of tabs) await tab.click("#enter");
  for (const tab of tabs) await tab.getByText(tab === tabs[0] ? second!.user : first!.user, { exact: true }).first().waitFor();
  await fresh.close();
});
