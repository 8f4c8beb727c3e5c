// Events and time line: of a live call of two pages with the SDK, and of a
// recording.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, root, until } from "./harness";
import { negotiate, received, shown, type Stage, startStage } from "./stage";

declare const pc: RTCPeerConnection; // of the users' pages
declare const peerglass: { event(name: string, data?: unknown): void; log(level: string, line: unknown): void; feedback(f: object): void; keys(k: object): void };
declare function hangUp(): Promise<void>;
declare const axe: { run(context: unknown, options: unknown): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };

const pictures = process.env.PICTURES; // a folder: what was tested is kept as pictures to look at

let stage: Stage;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let ada: Page, ben: Page;
let call: string, recorded: string;
const faults: string[] = [];

async function logIn(of: BrowserContext): Promise<Page> {
  const { program } = stage;
  const p = await of.newPage();
  p.on("pageerror", (e) => faults.push(e.message));
  p.on("console", (m) => { if (m.type() === "error" && !/401/.test(m.text())) faults.push(m.text()); });
  await enter(p, program);
  return p;
}

const address = (id: string, query: Record<string, string> = {}) => `${stage.program.url}/calls/${id}?${new URLSearchParams({ app: "1", view: "events", ...query })}`;
const list = (p = page) => p.getByRole("table", { name: "Events" });
const row = (text: string | RegExp, p = page) => list(p).getByRole("row").filter({ hasText: text });
/** Scrolls the list until a row is there: only what is in sight is in the page. */
async function see(text: string | RegExp, p = page) {
  await until(`the row ${text}`, async () => {
    if (await row(text, p).first().isVisible()) return true;
    await p.locator(".events-body").evaluate((body) => { body.scrollTop = body.scrollTop + body.clientHeight >= body.scrollHeight - 2 ? 0 : body.scrollTop + 300; }).catch(() => undefined);
    await p.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return undefined;
  });
  return row(text, p).first();
}
const lane = (name: string, p = page) => p.getByRole("group", { name: new RegExp(`^${name}: \\d+ events`) });
const picture = async (name: string, p = page) => { if (pictures) await p.screenshot({ path: `${pictures}/events-${name}.png` }); };

beforeAll(async () => {
  stage = await startStage("npm", { before: "const me = { id: args.user, name: args.name };", after: "const pc = new RTCPeerConnection(); Object.assign(globalThis, { pc, hangUp });" });
  const { program } = stage;
  [ada, ben] = [await stage.open("ada", { name: "Ada Lovelace" }), await stage.open("ben", { name: "Ben" })];
  browser = ada.context().browser()!;
  for (const p of [ada, ben]) {
    await p.evaluate(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180 } });
      for (const track of stream.getTracks()) pc.addTrack(track, stream);
    });
  }
  await negotiate(ada, ben);
  call = (await shown(program, "standup", "what both receive", (s) => received(s, "ada").length === 2 && received(s, "ben").length === 2 && s)).call.id;
  recorded = (await program.api<{ call: string }>("/apps/1/import?name=session.jsonl.gz", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: await readFile(join(root, "protocol/jitsi/testdata/session.jsonl.gz")) })).call;
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page = await logIn(context);
}, 120_000);

afterAll(() => stage?.stop());

describe("while the call goes on", () => {
  it("lists joins, connections and media with the ids of Table 4-1", async () => {
    await page.goto(address(call));
    await see(/Ada Lovelace.*Entered room/s);
    for (const [id, label] of [["1", "Entered room"], ["18", "Signaling connected"], ["18", "Upstream connected"], ["18", "Downstream connected"], ["12", "Audio on"], ["12", "Video on"], ["3", "Subscribed"], ["16", "Subscribed"], ["7", "Device opened"], ["22", "Push succeeded"], ["23", "Pull succeeded"]] as const) {
      await see(new RegExp(`\\D${id}${label}`));
    }
    await page.getByRole("group", { name: "The room" }).getByText("not yet").waitFor();
    await picture("live");
  });

  it("shows at once what the users do and what the application tells", async () => {
    await ada.evaluate(() => {
      const track = pc.getSenders().find((s) => s.track?.kind === "audio")!.track!;
      track.enabled = false;
      peerglass.event("devices", { audiooutput: "Built-in speakers" });
      peerglass.event("devices", { audiooutput: "Headset" });
      peerglass.event("error", { function: "getUserMedia", name: "NotReadableError", message: "Could not start video source" });
      peerglass.log("warn", "the bridge is slow: " + "x".repeat(900));
      peerglass.keys({ plan: "pro" });
      peerglass.feedback({ overall: 2, audio: 1, video: 4, comment: "Ben was silent" });
    });
    await ben.evaluate(async () => {
      const screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
      for (const track of screen.getTracks()) pc.addTrack(track, screen);
      peerglass.event("whiteboard", { opened: true });
      peerglass.event("role", {});
    });
    await negotiate(ben, ada);
    for (const text of [/5.*Muted/s, /9.*Device switched.*Built-in speakers → Headset/s, /Error.*getUserMedia: NotReadableError: Could not start video source/s, /Log: warn.*the bridge is slow/s, /Keys set.*plan: pro/s,
      /Feedback.*2 of 5, audio 1 of 5, video 4 of 5: “Ben was silent”/s, /14.*Screen sharing on/s, /whiteboard.*opened: true/s]) await see(text);
    await ada.evaluate(() => { pc.getSenders().find((s) => s.track?.kind === "audio")!.track!.enabled = true; });
    await ben.evaluate(() => pc.getSenders().at(-1)!.track!.stop());
    await see(/5.*Unmuted/s);
    await see(/14.*Screen sharing off/s);
  });
});

describe("when it is over", () => {
  it("says who left, how, and that the room is dissolved", async () => {
    for (const p of [ada, ben]) await p.evaluate(() => hangUp());
    await see(/2.*Exited voluntarily.*the user left.*nobody in the room/s);
    await see("Room dissolved");
    await page.getByRole("group", { name: "The room" }).getByText("not yet").waitFor({ state: "detached" });
    // What follows counts events: none may come any more.
    await shown(stage.program, "standup", "the dumps of both stays", (s) => s.sessions.every((x) => x.hasDump));
    await page.goto(address(call));
    await see("Room dissolved");
    await picture("ended");
  });

  it("filters by user, type, severity and text, and keeps that in the address", async () => {
    const count = async () => Number((await page.getByRole("status").filter({ hasText: /events?/ }).innerText()).match(/^[\d\u202f]+/)![0].replace("\u202f", ""));
    const all = await until("how many events there are", count);
    await page.getByRole("combobox", { name: "User" }).click();
    await page.getByRole("option", { name: /Ben/ }).click();
    await see("whiteboard");
    await row("the bridge is slow").waitFor({ state: "detached" });
    expect(new URL(page.url()).searchParams.get("session")).toBeTruthy();
    await expect.poll(count, { timeout: 20_000 }).toBeLessThan(all);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await see("the bridge is slow");

    await page.getByRole("combobox", { name: "Types of event" }).click();
    await page.getByRole("option", { name: /^Feedback \(1\)/ }).click();
    await expect.poll(count, { timeout: 20_000 }).toBe(1);
    expect(new URL(page.url()).searchParams.get("types")).toBe("feedback");
    await page.keyboard.press("Escape");
    await (await see("Ben was silent")).getByRole("img", { name: "2 of 5 stars" }).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();

    await page.getByText("Errors", { exact: true }).first().click();
    await see("Could not start video source");
    await row("Entered room").first().waitFor({ state: "detached" });
    await page.reload(); // the address alone brings the filter back
    await see("Could not start video source");
    expect(await row("Entered room").count()).toBe(0);
    await page.getByRole("button", { name: "Clear filters" }).click();

    await page.getByRole("textbox", { name: "Search events" }).fill("HEADSET");
    await expect.poll(count, { timeout: 20_000 }).toBe(1);
    await page.getByRole("textbox", { name: "Search events" }).fill("no such words");
    await page.getByText("No event matches").waitFor();
    await picture("nothing");
    await page.getByRole("button", { name: "Show all events" }).click();
    await expect.poll(count, { timeout: 20_000 }).toBe(all);
  });

  it("opens a row: what it says, the raw value, and the ways to the moment in charts", async () => {
    await (await see("Could not start video source")).getByRole("button").click();
    await page.locator("pre[aria-label='Raw value']").getByText('"function": "getUserMedia"').waitFor();
    const event = new URL(page.url()).searchParams.get("event")!;
    expect(event).toMatch(/^[0-9a-z]+\/\d+$/);
    const charts = new URL((await page.getByRole("link", { name: "Charts at this moment" }).getAttribute("href"))!, page.url());
    expect(charts.searchParams.get("session")).toBe(event.split("/")[0]);
    expect(Number(charts.searchParams.get("to")) - Number(charts.searchParams.get("from"))).toBeGreaterThan(1_000);
    expect(await page.getByRole("link", { name: "Ada Lovelace’s page" }).getAttribute("href")).toContain(`/users/${event.split("/")[0]}`);
    expect(await page.getByRole("link", { name: "In the API trace" }).getAttribute("href")).toContain("view=trace");
    await picture("open");
    await page.goto((await page.getByRole("link", { name: "Link to this event" }).getAttribute("href"))!.replace(/^/, stage.program.url));
    await page.locator("pre[aria-label='Raw value']").waitFor();
  });

  it("goes from row to row and from dot to dot by keys", async () => {
    await page.goto(address(call));
    await see("Room created");
    await list().getByRole("row").nth(1).getByRole("button").focus();
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest("[data-index]")?.getAttribute("data-index")), { timeout: 20_000 }).toBe("1");
    await page.keyboard.press("Enter");
    await page.waitForURL(/event=/);
    await list().locator("button[aria-expanded=true]").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL((u) => !u.searchParams.has("event"));

    const line = page.getByRole("group", { name: /^Time line/ });
    await line.focus();
    await page.keyboard.press("ArrowRight");
    const here = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.lane);
    await expect.poll(here, { timeout: 20_000 }).toBe("room");
    for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowDown");
    await expect.poll(here, { timeout: 20_000 }).toBe("feedback");
    await page.keyboard.press("Enter");
    await page.waitForURL(/event=/);
    await see("Ben was silent");
    await page.keyboard.press("+");
    await page.waitForURL(/from=\d+/);
    await page.keyboard.press("0");
    await page.waitForURL((u) => !u.searchParams.has("from"));
  });

  it("has a lane for each kind; a bundle and a drag zoom in, double click shows all", async () => {
    for (const name of ["Joins and leaves", "Connection", "Media and mute", "Devices and page", "Errors", "Application", "Feedback"]) await lane(name).waitFor();
    await lane("Errors").getByRole("button", { name: /getUserMedia/ }).hover();
    await page.locator(".timeline-card").getByText("Could not start video source").waitFor();
    const box = (await lane("Connection").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + 3);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 3, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+&to=\d+/);
    await page.mouse.dblclick(box.x + box.width * 0.55, box.y + 3);
    await page.waitForURL((u) => !u.searchParams.has("from"));
    await lane("Connection").getByRole("button", { name: /^\d+ events from/ }).first().click();
    await page.waitForURL(/from=\d+&to=\d+/);
    await picture("zoomed");
  });

  it("draws what held of one user, from its beginning to its end", async () => {
    const session = (await stage.program.api(`/apps/1/calls/${call}/sessions`)).items.find((s: any) => s.user === "ada").id;
    await page.goto(address(call, { session }));
    await page.locator(".timeline-held[data-what='Audio off']").waitFor();
    await page.locator(".timeline-held[data-what='In the room']").waitFor();
    await picture("of-ada");
  });
});

it("of a recording says what there is, and of what there is not how to have it", async () => {
  await page.goto(address(recorded));
  await see("Recording ends");
  await lane("Feedback").getByText("no user rated the call").waitFor();
  await picture("recording");
  await page.goto(address(recorded, { types: "feedback" }));
  await page.getByText("No event matches").waitFor();
  await page.getByText("an application tells it with peerglass.feedback({").waitFor();
});

it("is right for screen readers and on a phone, in light and dark", async () => {
  for (const [width, height, scheme] of [[1440, 900, "light"], [1440, 900, "dark"], [390, 844, "light"], [390, 844, "dark"]] as const) {
    const p = await context.newPage();
    await p.setViewportSize({ width, height });
    await p.emulateMedia({ colorScheme: scheme });
    await p.addInitScript((s) => localStorage.setItem("mantine-color-scheme-value", s), scheme);
    await p.goto(address(call));
    await (await see("Could not start video source", p)).getByRole("button").click();
    await p.locator("pre[aria-label='Raw value']").waitFor();
    await picture(`${scheme}-${width}`, p);
    expect(await p.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), "wider than the screen").toBeLessThanOrEqual(0);
    await p.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
    const { violations } = await p.evaluate(() => axe.run(document.querySelector("[role=tabpanel]:not([hidden])") ?? document, { resultTypes: ["violations"] }));
    expect(violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`), `${width} ${scheme}`).toEqual([]);
    if (pictures) await p.screenshot({ path: `${pictures}/events-whole-${scheme}-${width}.png`, fullPage: true });
    await p.close();
  }
  expect(faults).toEqual([]);
  expect(stage.errors).toEqual([]);
});
