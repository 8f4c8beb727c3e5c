// The page of two ends, on recorded calls with known damage that are told
// again, a lone dump, and a live call of two pages.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, inSight, type Program, root, startBrowser, startProgram, until } from "./harness";
import { play } from "./replay";

declare const axe: { run(context: unknown, options: unknown): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> };

const pictures = process.env.PICTURES; // a folder: what was tested is kept as pictures to look at

let program: Program;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];
const calls: Record<string, { id: string; stays: Record<string, string> }> = {};

async function logIn(of: BrowserContext): Promise<Page> {
  const p = await of.newPage();
  p.on("pageerror", (e) => faults.push(e.message));
  p.on("console", (m) => { if (m.type() === "error" && !/401/.test(m.text())) faults.push(m.text()); });
  await enter(p, program);
  return p;
}

/** The call of a room, with the stays of its users, once it is over and judged. */
const callOf = (room: string) => until(`the call in ${room}`, async () => {
  const call = (await program.api(`/apps/1/calls?room=${encodeURIComponent(room)}`)).items[0];
  if (!call) return undefined;
  const sessions: any[] = (await program.api(`/apps/1/calls/${call.id}/sessions`)).items;
  return sessions.length > 0 ? { id: call.id as string, stays: Object.fromEntries(sessions.map((s) => [s.user, s.id])) as Record<string, string> } : undefined;
});

const address = (call: { id: string }, query: Record<string, string>) => `${program.url}/calls/${call.id}/ends?${new URLSearchParams({ app: "1", ...query })}`;

/** Charts are drawn where they are in sight. */
const charts = (p: Page, least = 1) => until("charts", async () => ((await p.locator(".chart canvas").count()) >= least ? true : undefined));

async function picture(name: string, p = page) {
  if (!pictures) return;
  await p.screenshot({ path: `${pictures}/ends-${name}.png` });
}

beforeAll(async () => {
  program = await startProgram();
  browser = await startBrowser();
  const [loss, muted] = await Promise.all([play(program, "loss_up_10_burst"), play(program, "muted")]);
  await Promise.all([loss.done, muted.done]);
  calls.loss = await callOf(loss.room);
  calls.muted = await callOf(muted.room);
  const lone = await program.api<{ call: string }>("/apps/1/import?name=ada.dump", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: await readFile(join(root, "fidelity/testdata/blackout_down_3/ada.dump")) });
  const stays: any[] = (await program.api(`/apps/1/calls/${lone.call}/sessions`)).items;
  calls.lone = { id: lone.call, stays: { ada: stays[0].id } };
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page = await logIn(context);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const half = (p: Page, name: "Sender" | "Receiver") => p.getByRole("region", { name: new RegExp(`^${name}: `) });
/** The guide's event types that a half offers: each half asks for its own events. */
const types = async (name: "Sender" | "Receiver", user: string) =>
  (await half(page, name).getByRole("group", { name: new RegExp(`Events of ${user}`) }).getByRole("button").allInnerTexts()).filter((t) => !t.startsWith("Other"));

describe("from ada, whose uplink loses packets in bursts, to ben", () => {
  it("says who, how it is known, and what call it is", async () => {
    await page.goto(address(calls.loss!, { receiver: calls.loss!.stays.ben!, sender: calls.loss!.stays.ada! }));
    await page.getByRole("heading", { level: 1, name: "End to end: ada → ben" }).waitFor();
    const basics = page.getByRole("region", { name: "Basic information" });
    for (const name of ["App id", "Application", "Room id", "Users", "Start – end", "Duration"]) await basics.getByText(name, { exact: false }).first().waitFor();
    await page.getByText(/How it is known: (same SSRC|same track|peer to peer)/).waitFor();
    await charts(page);
    await picture("video");
  });

  it("has the guide's four segments in each half, and more", async () => {
    for (const title of ["Video upstream and packet loss", "Control metrics: round-trip time", "Frame rate", "Send resolution"]) await half(page, "Sender").getByText(title, { exact: true }).first().waitFor();
    for (const title of ["Video downstream and packet loss", "Control metrics: round-trip time", "Frame rate and lag", "Receive resolution", "Jitter and jitter buffer", "Delay, end to end"]) await half(page, "Receiver").getByText(title, { exact: true }).first().waitFor();
    await inSight(half(page, "Receiver").getByText("States over time"));
    await half(page, "Sender").getByRole("list", { name: /Path/ }).getByRole("listitem").first().waitFor();
  });

  it("names the loss, and the line is red past 5 %", async () => {
    const out = page.getByRole("region", { name: "What stands out in this range" });
    const said = out.getByRole("button", { name: /ben receives: Packet loss up to .*\((poor|serious congestion)\)/ });
    await said.first().waitFor();
    const flow = half(page, "Receiver").locator("[data-segment=flow]");
    await inSight(flow);
    await expect.poll(() => redPixels(flow), { timeout: 20_000 }).toBeGreaterThan(20);
    // Before the loss begins, no red.
    await said.first().click();
    await page.waitForURL(/from=\d+&to=\d+/);
    await picture("zoomed");
  });

  it("offers the guide's event types, hides them, and keeps that in the address", async () => {
    await page.keyboard.press("0");
    await page.waitForURL((u) => !u.searchParams.has("from"));
    const upper = half(page, "Sender");
    const buttons = upper.getByRole("group", { name: /Events of ada/ }).getByRole("button");
    const names = async () => (await buttons.allInnerTexts()).map((t) => t.replace(/\s*\d+$/, "")).filter((t) => t !== "Other client events");
    await expect.poll(names, { timeout: 20_000 }).toEqual(["Entered room", "Connected signaling channel", "Establishing upstream channel", "Open video", "Established downstream channel", "Disable video", "Signaling channel disconnected", "Exited voluntarily"]);
    await expect.poll(() => types("Receiver", "ben"), { timeout: 20_000 }).toHaveLength(6);
    const dots = async () => Number((await upper.getByRole("toolbar", { name: /^Events, / }).first().getAttribute("aria-label"))?.slice(8));
    await upper.getByRole("toolbar", { name: /^Events, / }).first().waitFor({ state: "attached" });
    const before = await dots();
    await buttons.filter({ hasText: "Entered room" }).click();
    await page.waitForURL(/hide=/);
    await until("fewer dots", async () => ((await dots()) < before ? true : undefined));
    await expect.poll(() => buttons.filter({ hasText: "Entered room" }).getAttribute("aria-pressed"), { timeout: 20_000 }).toBe("false");
    await buttons.filter({ hasText: "Entered room" }).click();
    await page.waitForURL((u) => !u.searchParams.has("hide"));
  });

  it("shows an event that is chosen, and leads to the list of events", async () => {
    await half(page, "Sender").locator(".chart-mark").first().click();
    const listed = page.getByRole("menuitem").first();
    await Promise.race([listed.waitFor(), page.getByRole("region", { name: "Chosen event" }).waitFor()]);
    if (await listed.isVisible()) await listed.click();
    await page.getByRole("region", { name: "Chosen event" }).waitFor();
    expect(new URL(page.url()).searchParams.get("event")).toMatch(/\/\d+$/);
    const to = await half(page, "Sender").getByRole("link", { name: "View detailed events" }).getAttribute("href");
    expect(to).toContain("view=events");
    expect(to).toContain(`session=${calls.loss!.stays.ada}`);
    await page.getByRole("region", { name: "Chosen event" }).getByRole("button", { name: "Close" }).click();
  });

  it("zooms all charts together: wheel, drag, double click, keys", async () => {
    const over = half(page, "Sender").locator(".chart .u-over").first();
    await inSight(over);
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 6 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+&to=\d+/);
    await over.dblclick();
    await page.waitForURL((u) => !u.searchParams.has("from"));
    await page.locator("body").press("+");
    await page.waitForURL(/from=\d+&to=\d+/);
    const first = new URL(page.url()).searchParams.get("from");
    await page.locator("body").press("ArrowRight");
    await page.waitForURL((u) => u.searchParams.get("from") !== first);
    await page.locator("body").press("0");
    await page.waitForURL((u) => !u.searchParams.has("from"));
  });

  it("has audio with its own segments and 8 and 5 events", async () => {
    await page.getByRole("tab", { name: "Audio" }).click();
    await page.waitForURL(/tab=audio/);
    for (const title of ["Audio upstream and packet loss", "Audio capturing volume"]) await half(page, "Sender").getByText(title, { exact: true }).first().waitFor();
    for (const title of ["Audio downstream and packet loss", "Audio playback volume", "Audio playback lag"]) await half(page, "Receiver").getByText(title, { exact: true }).first().waitFor();
    await expect.poll(() => types("Receiver", "ben"), { timeout: 20_000 }).toHaveLength(5);
    await expect.poll(() => types("Sender", "ada"), { timeout: 20_000 }).toHaveLength(8);
    expect(await page.getByRole("tab", { name: "Screen" }).count()).toBe(0);
    await picture("audio");
  });

  it("turns round: by the button, and by s", async () => {
    await page.getByRole("button", { name: "Other direction" }).click();
    await page.getByRole("heading", { level: 1, name: "End to end: ben → ada" }).waitFor();
    await page.locator("body").press("s");
    await page.getByRole("heading", { level: 1, name: "End to end: ada → ben" }).waitFor();
  });

  it("explains the thresholds", async () => {
    await page.getByRole("button", { name: "How to read this" }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("Above 10 % the network is seriously congested.").waitFor();
    await drawer.getByText("CPU of the system").waitFor();
    await picture("how");
    await drawer.getByRole("button", { name: "Close" }).click();
    await drawer.waitFor({ state: "detached" });
  });

  it("shows the sender alone with 7 events", async () => {
    await page.goto(address(calls.loss!, { sender: calls.loss!.stays.ada! }));
    await page.getByRole("heading", { level: 1, name: "End to end: ada" }).waitFor();
    await charts(page);
    await expect.poll(() => types("Sender", "ada"), { timeout: 20_000 }).toHaveLength(7);
    expect((await types("Sender", "ada")).some((n) => n.startsWith("Established downstream"))).toBe(false);
    expect(await half(page, "Receiver").count()).toBe(0);
    expect(await page.getByRole("button", { name: "Other direction" }).getAttribute("aria-disabled")).toBe("true");
  });

  it("asks for the ends where none is named, and says so where one is not of the call", async () => {
    await page.goto(address(calls.loss!, {}));
    await page.getByRole("button", { name: /ben/ }).click();
    await page.getByRole("heading", { level: 1, name: "End to end: ada → ben" }).waitFor();
    await page.goto(address(calls.loss!, { receiver: "0000000000001" }));
    await page.getByText("No such stay in this call").waitFor();
  });

  it("can be used without sight and on a phone", async () => {
    for (const [width, height, scheme] of [[1440, 900, "light"], [1440, 900, "dark"], [390, 844, "light"], [390, 844, "dark"]] as const) {
      const p = await context.newPage();
      p.on("pageerror", (e) => faults.push(e.message));
      await p.emulateMedia({ colorScheme: scheme });
      await p.setViewportSize({ width, height });
      await p.goto(address(calls.loss!, { receiver: calls.loss!.stays.ben!, sender: calls.loss!.stays.ada! }));
      await p.getByRole("region", { name: "What stands out in this range" }).waitFor();
      await picture(`top-${scheme}-${width}`, p);
      await inSight(half(p, "Sender").locator(".chart").first());
      await charts(p);
      await picture(`${scheme}-${width}`, p);
      expect(await p.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), "wider than the screen").toBeLessThanOrEqual(0);
      await p.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
      const { violations } = await p.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      expect(violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`), `${width} ${scheme}`).toEqual([]);
      if (pictures) await p.screenshot({ path: `${pictures}/ends-whole-${scheme}-${width}.png`, fullPage: true });
      await p.close();
    }
  });
});

it("shows when ada was muted, and does not call that a fault", async () => {
  await page.goto(address(calls.muted!, { receiver: calls.muted!.stays.ben!, sender: calls.muted!.stays.ada! }));
  await charts(page);
  await half(page, "Sender").getByRole("list", { name: "Muted or switched off" }).getByRole("listitem").first().waitFor();
  const said = await page.getByRole("region", { name: "What stands out in this range" }).innerText();
  expect(said).not.toMatch(/Frame rate down to 0 fps/);
  await picture("muted");
});

it("leaves the receiver's half alone where the sender's figures are missing, and says why", async () => {
  await page.goto(address(calls.lone!, { receiver: calls.lone!.stays.ada! }));
  await page.getByText(/The sender is not known|own figures are missing/).waitFor();
  await half(page, "Receiver").getByText("Video downstream and packet loss", { exact: true }).waitFor();
  await charts(page);
  expect(await half(page, "Sender").locator(".chart").count()).toBe(0);
  // Three seconds in which nothing came.
  await page.getByRole("button", { name: /receives: Picture stood still/ }).first().waitFor();
  await picture("lone");
});

it("follows a live call", async () => {
  const pages = await browser.newContext({ permissions: ["camera", "microphone"] });
  const open = async (user: string) => {
    const p = await pages.newPage();
    await p.goto(`${program.url}/demo?${new URLSearchParams({ room: "two-ends", user })}`);
    await p.click("#enter");
    return p;
  };
  await Promise.all([open("ada"), open("ben")]);
  const call = await until("two stays", async () => {
    const c = await callOf("two-ends");
    return c.stays.ada && c.stays.ben ? c : undefined;
  });
  await page.goto(address(call, { receiver: call.stays.ben!, sender: call.stays.ada! }));
  await page.getByText("Live", { exact: true }).waitFor();
  await charts(page);
  const flow = half(page, "Receiver").locator("[data-segment=flow]");
  await inSight(flow); // a chart out of sight does not read its values
  // Pictures flow, and figures go on coming.
  const value = () => flow.locator(".legend [data-cell]").first().innerText();
  const first = await until("a bit rate", async () => { const v = await value(); return /\d/.test(v) ? v : undefined; });
  await until("another bit rate", async () => ((await value()) !== first ? true : undefined));
  await picture("live");
  await pages.close();
});

it("logged no error on the way", () => {
  expect(faults).toEqual([]);
});

/** How many pixels of the drawing have the red that is kept for what is past a threshold. */
async function redPixels(segment: ReturnType<Page["locator"]>): Promise<number> {
  return segment.locator("canvas").first().evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) if (Math.abs(data[i]! - 0xd6) < 12 && Math.abs(data[i + 1]! - 0x27) < 12 && Math.abs(data[i + 2]! - 0x28) < 12 && data[i + 3]! > 200) n++;
    return n;
  });
}
