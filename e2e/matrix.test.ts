// Who hears whom: a recorded call of three in which one user's uplink is bad, a
// lone dump of which nothing tells who sends what, with keyboard and phone.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, inSight, type Program, root, startBrowser, startProgram, until } from "./harness";
import { play } from "./replay";

declare const axe: { run(context: unknown, options: unknown): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };

const pictures = process.env.PICTURES; // a folder: what was tested is kept as pictures to look at

let program: Program;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let three: { id: string; stays: Record<string, string> };
let lone: string;
const faults: string[] = [];

async function logIn(of: BrowserContext): Promise<Page> {
  const p = await of.newPage();
  p.on("pageerror", (e) => faults.push(e.message));
  p.on("console", (m) => { if (m.type() === "error" && !/401/.test(m.text())) faults.push(m.text()); });
  await enter(p, program);
  return p;
}

/** What axe finds that keeps people out of this part of the page; the others have tests of their own. */
async function barriers(p: Page): Promise<string[]> {
  await p.evaluate(await readFile(join(root, "node_modules", "axe-core", "axe.min.js"), "utf8"));
  const found = await p.evaluate(async () => (await axe.run("section[aria-label='Who hears and sees whom']", { resultTypes: ["violations"] })).violations);
  return found.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html).join(" ")}`);
}

async function picture(name: string, p = page) {
  if (pictures) await p.screenshot({ path: `${pictures}/matrix-${name}.png` });
}

const address = (call: string, rest: Record<string, string> = {}) => `${program.url}/calls/${call}?${new URLSearchParams({ app: "1", view: "matrix", ...rest })}`;
const grid = (p = page) => p.getByRole("grid", { name: /Who hears and sees whom/ });
const focused = (p = page) => p.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");

beforeAll(async () => {
  program = await startProgram();
  browser = await startBrowser();
  const { room, done } = await play(program, "three_loss_up_10");
  lone = (await program.api<{ call: string }>("/apps/1/import?name=session.jsonl.gz", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: await readFile(join(root, "protocol/jitsi/testdata/session.jsonl.gz")) })).call;
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page = await logIn(context);
  await done;
  three = await until("the call of three is over", async () => {
    const call = (await program.api(`/apps/1/calls?room=${encodeURIComponent(room)}`)).items[0];
    if (!call) return undefined;
    const sessions: any[] = (await program.api(`/apps/1/calls/${call.id}/sessions`)).items;
    return sessions.length === 3 && sessions.every((s) => s.end) ? { id: call.id as string, stays: Object.fromEntries(sessions.map((s) => [s.user, s.id])) as Record<string, string> } : undefined;
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

describe("the API", () => {
  it("knows the sender of every stream of a call of three", async () => {
    const { items, next } = await program.api(`/apps/1/calls/${three.id}/matches`);
    expect(next).toBeNull();
    const streams = (await program.api(`/apps/1/calls/${three.id}/streams`)).items.filter((s: any) => s.direction === "receive" && ["audio", "video", "screen"].includes(s.kind));
    expect(items).toHaveLength(streams.length);
    const user = Object.fromEntries(Object.entries(three.stays).map(([u, s]) => [s, u]));
    for (const m of items) {
      const of = streams.find((s: any) => s.session === m.receiver.session && s.id === m.receiver.stream);
      expect(m.sender, JSON.stringify(m)).not.toBeNull();
      expect(user[m.sender.session]).not.toBe(user[m.receiver.session]);
      if (of.remoteUser) expect(user[m.sender.session]).toBe(of.remoteUser);
      expect(m.basis).not.toBe("");
    }
    const of = (await program.api(`/apps/1/calls/${three.id}/matches?session=${three.stays.ada}`)).items;
    expect(of.length).toBeGreaterThan(0);
    expect(of.every((m: any) => m.receiver.session === three.stays.ada)).toBe(true);
  });

  it("has a cell for each two users with the figures that the receiver measured", async () => {
    const m = await program.api(`/apps/1/calls/${three.id}/matrix`);
    expect(m.users.map((u: any) => u.user).sort()).toEqual(["ada", "ben", "cleo"]);
    expect(m.cells).toHaveLength(6);
    const cell = (receiver: string, sender: string) => m.cells.find((c: any) => m.users[c.receiver].user === receiver && m.users[c.sender].user === sender);
    for (const c of m.cells) for (const part of [c.audio, c.video]) {
      expect(part.bitrate, JSON.stringify(c)).toBeGreaterThan(0);
      expect(part.loss).not.toBeNull();
    }
    // 10 % of what Ada sends is lost for 12 of the 25 seconds; what others send is not.
    for (const receiver of ["ben", "cleo"]) expect(cell(receiver, "ada").audio.loss).toBeGreaterThan(0.02);
    expect(cell("ben", "cleo").audio).toMatchObject({ level: "good", reason: "" });
    // A part of the call in which nobody was there has nobody to hear.
    const before = await program.api(`/apps/1/calls/${three.id}/matrix?from=0&to=1000`);
    expect(before.cells).toEqual([]);
    const two = await program.api(`/apps/1/calls/${three.id}/matrix?session=${three.stays.ada}&session=${three.stays.ben}&worst=5`);
    expect(two.users).toHaveLength(2);
    expect(two.cells).toHaveLength(2);
    expect(two.total).toBe(3);
  });

  it("guesses nothing about a lone dump", async () => {
    const { items } = await program.api(`/apps/1/calls/${lone}/matches`);
    expect(items.length).toBeGreaterThan(0);
    for (const m of items) {
      expect(m.sender).toBeNull();
      expect(m.user || m.tried.length > 0, JSON.stringify(m)).toBeTruthy();
    }
  });
});

describe("a call of three", () => {
  it("shows rows that receive and columns that send", async () => {
    await page.goto(address(three.id));
    await grid().waitFor();
    expect(await grid().getByRole("columnheader").count()).toBe(4);
    expect(await grid().getByRole("rowheader").count()).toBe(3);
    expect(await grid().getByRole("gridcell").count()).toBe(9);
    await grid().getByRole("link", { name: /receives Cleo: audio good/i }).first().waitFor();
    await picture("light");
  });

  it("says whose uplink it was, in the part of the call that was bad", async () => {
    const issues = await until("the issues", async () => {
      const found: any[] = (await program.api(`/apps/1/calls/${three.id}/issues`)).items.filter((i: any) => i.cause === "packet_loss" && i.end);
      return found.length > 0 ? found : undefined;
    });
    const from = Math.min(...issues.map((i) => Date.parse(i.start)));
    const to = Math.max(...issues.map((i) => Date.parse(i.end)));
    await page.goto(address(three.id, { from: String(from), to: String(to) }));
    await page.getByRole("list", { name: "What the matrix shows" }).getByText("ada is not heard or seen well by both others: probably ada’s uplink.").waitFor();
    await grid().getByRole("link", { name: /^ben receives ada: audio fair, \d+(\.\d)? % of the packets lost; video fair/ }).waitFor();
    await picture("range");
    await page.getByText("Worst first", { exact: true }).click();
    await until("who is worst stands first", async () => ((await grid().getByRole("rowheader").first().textContent()) === "ada" ? true : undefined));
    await page.getByRole("button", { name: "Whole call" }).click();
    await page.getByText(/Figures of the (whole call|call so far)/).waitFor();
    await page.getByText("As they joined", { exact: true }).click();
  });

  it("tells the figures beside a cell, and what tells whose they are", async () => {
    await grid().getByRole("link", { name: /^Ben receives Ada/i }).hover();
    const card = page.getByRole("tooltip").filter({ hasText: "Known by:" });
    await card.getByText("Packet loss").first().waitFor();
    await card.getByText(/the same SSRC at both ends/).first().waitFor();
    const box = await card.boundingBox();
    expect(box!.y).toBeGreaterThanOrEqual(0);
    expect(box!.y + box!.height).toBeLessThanOrEqual(900);
    await picture("card");
    await page.keyboard.press("Escape");
    await card.waitFor({ state: "detached" });
  });

  it("goes by the arrow keys from cell to cell, and Enter opens both ends", async () => {
    await page.getByRole("radiogroup", { name: "Order" }).getByRole("radio").first().focus();
    // Tab leads past the range into the grid, and is there but once.
    for (let i = 0; i < 20 && !(await focused()).includes("themselves") && !/receives/.test(await focused()); i++) await page.keyboard.press("Tab");
    const first = await focused();
    expect(first).toMatch(/themselves|receives/);
    await page.keyboard.press("ArrowRight");
    const right = await focused();
    expect(right).toMatch(/receives/);
    expect(right).not.toBe(first);
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toMatch(/themselves/);
    await page.keyboard.press("Control+End");
    expect(await focused()).toMatch(/themselves/);
    await page.keyboard.press("Home");
    expect(await focused()).toMatch(/receives/);
    expect(await page.locator(".matrix [tabindex='0']").count()).toBe(1);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/ends\?/);
    const to = new URL(page.url()).searchParams;
    expect(Object.values(three.stays)).toContain(to.get("receiver"));
    expect(Object.values(three.stays)).toContain(to.get("sender"));
    expect(to.get("receiver")).not.toBe(to.get("sender"));
    await page.goBack();
    await grid().waitFor();
    await page.mouse.move(2, 2); // no card in the way of what follows
    await page.keyboard.press("Escape");
  });

  it("filters by kind", async () => {
    await page.getByRole("radiogroup", { name: "Kind" }).getByText("Audio", { exact: true }).click();
    await page.waitForURL(/tab=audio/);
    await until("only audio", async () => (/video/.test((await grid().getByRole("link").first().getAttribute("aria-label")) ?? "") ? undefined : true));
    await page.getByRole("radiogroup", { name: "Kind" }).getByText("All", { exact: true }).click();
  });

  it("has room for thirty, with names that stay in sight", async () => {
    const m = await program.api(`/apps/1/calls/${three.id}/matrix`);
    const levels = ["good", "good", "good", "good", "fair", "poor", "none", "muted", "unknown"];
    const users = Array.from({ length: 30 }, (_, i) => ({ user: `user-${i}`, userName: ["Ada Lovelace", "Ben", "Cleo of the Long Name"][i % 3] + ` ${i}`, sessions: [`session${i}`] }));
    const cells = users.flatMap((_, r) => users.flatMap((_, s) => {
      const part = (k: number) => ({ ...m.cells[0].audio, level: levels[s === 4 ? 5 : (r * 7 + s * 3 + k) % (r % 5 ? 4 : 9)], reason: "" });
      return r === s ? [] : [{ ...m.cells[0], receiver: r, sender: s, audio: part(0), video: part(1) }];
    }));
    const wide = await context.newPage();
    await wide.route("**/matrix?*", (route) => route.fulfill({ json: { ...m, users, cells, total: 300 } }));
    await wide.goto(address(three.id));
    await grid(wide).waitFor();
    expect(await grid(wide).getByRole("gridcell").count()).toBe(900);
    expect(await wide.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1440);
    await wide.getByText("30 of 300 users").waitFor();
    await picture("thirty", wide);
    // The last cell: its row's and its column's names are still there.
    const last = grid(wide).getByRole("gridcell").last();
    await inSight(last);
    const box = await wide.locator(".matrix").boundingBox();
    const header = await grid(wide).getByRole("columnheader").last().boundingBox();
    const name = await grid(wide).getByRole("rowheader").last().boundingBox();
    expect(header!.y).toBeGreaterThanOrEqual(box!.y - 1);
    expect(header!.y).toBeLessThan(box!.y + 20);
    expect(name!.x).toBeLessThan(box!.x + 20);
    await wide.close();
  });

  it("keeps nobody out", async () => {
    await page.goto(address(three.id));
    await grid().waitFor();
    await grid().getByRole("link").first().focus();
    expect(await barriers(page)).toEqual([]);
  });

  it("is a list on a phone, right in the dark", async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: "dark", storageState: await context.storageState() });
    const p = await phone.newPage();
    await p.goto(address(three.id));
    const row = p.locator("details", { hasText: /^ben receives/ }).getByRole("link", { name: /^ada/ });
    await row.waitFor();
    expect(await p.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await barriers(p)).toEqual([]);
    await inSight(row);
    await picture("phone-dark", p);
    await row.click();
    await p.waitForURL(/\/ends\?/);
    await phone.close();
  });

  it("is right in the dark", async () => {
    const dark = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "dark", storageState: await context.storageState() });
    const p = await dark.newPage();
    await p.goto(address(three.id));
    await grid(p).waitFor();
    expect(await barriers(p)).toEqual([]);
    await picture("dark", p);
    await dark.close();
  });
});

describe("a lone dump", () => {
  it("lists what nothing is known of, or whom the application named, and guesses nothing", async () => {
    const m = await program.api(`/apps/1/calls/${lone}/matrix`);
    await page.goto(address(lone));
    if (m.unmatched.length > 0) {
      const section = page.getByRole("region", { name: "Streams without a known sender" });
      await section.getByText(/no known sender/).first().waitFor();
      await section.getByText(/nobody here sends its SSRC|nobody else sent data/).first().waitFor();
      expect(await section.getByRole("link", { name: "how to tell it" }).getAttribute("href")).toContain("collect.md#whose-stream-is-whose");
    }
    if (m.cells.length > 0) await grid().getByText("no data").first().waitFor();
    expect(m.unmatched.length + m.cells.length).toBeGreaterThan(0);
    expect(await barriers(page)).toEqual([]);
    await picture("lone");
  });

  it("threw nothing", () => {
    expect(faults).toEqual([]);
  });
});
