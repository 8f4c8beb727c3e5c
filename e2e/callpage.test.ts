// The call page's frame: facts, verdict with what it rests on, room profile,
// users, states; of a lone dump, of a recorded call with damage, of a call of
// hundreds, and of one that goes on meanwhile.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, type Program, root, startBrowser, startProgram, until } from "./harness";
import { play } from "./replay";

let program: Program;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let lone: string;
let bad: string;
let damaged: Promise<string>;
let oneSided: Promise<string>;
const faults: string[] = [];

const axeSource = readFile(join(root, "node_modules", "axe-core", "axe.min.js"), "utf8");

async function newestCall(room: string): Promise<any> {
  return (await program.api(`/apps/1/calls?room=${encodeURIComponent(room)}`)).items[0];
}

async function logIn(to: BrowserContext): Promise<Page> {
  const p = await to.newPage();
  p.on("pageerror", (e) => faults.push(e.message));
  p.on("console", (m) => { if (m.type() === "error" && !/status of 40[14]/.test(m.text())) faults.push(m.text()); });
  await enter(p, program);
  return p;
}

/** What axe finds that keeps people out; the charts and the other parts have tests of their own. */
async function barriers(p: Page): Promise<string[]> {
  await p.evaluate(await axeSource);
  const found = await p.evaluate(async () => (await (globalThis as any).axe.run({ exclude: ["#charts"] }, { resultTypes: ["violations"] })).violations);
  return found.filter((v: any) => v.impact === "serious" || v.impact === "critical").map((v: any) => `${v.id}: ${v.nodes.slice(0, 3).map((n: any) => n.html).join(" ")}`);
}

const open = (p: Page, call: string, rest = "") => p.goto(`${program.url}/calls/${call}?app=1${rest}`);

beforeAll(async () => {
  program = await startProgram();
  // Its 25 seconds go by while the others are looked at.
  damaged = play(program, "three_loss_up_10").then(({ room, done }) => done.then(() => room));
  oneSided = play(program, "clean", { without: ["ben"] }).then(({ room, done }) => done.then(() => room));
  for (const call of [damaged, oneSided]) call.catch(() => {}); // whoever waits for it is told
  lone = (await program.api("/apps/1/import?name=session.jsonl.gz", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: await readFile(join(root, "protocol/jitsi/testdata/session.jsonl.gz")) })).call;
  browser = await startBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", permissions: ["clipboard-read", "clipboard-write"] });
  page = await logIn(context);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

describe("a lone dump", () => {
  it("has the facts of both guides, in the viewer's zone", async () => {
    await open(page, lone);
    const call = await program.api(`/apps/1/calls/${lone}`);
    for (const name of ["Application", "App id (SDKAppID)", "Room id", "Call id", "Room duration", "Status", "Users"]) await page.locator(".facts dt", { hasText: name }).first().waitFor();
    const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
    expect(await page.locator(".facts dt", { hasText: "Start – end" }).innerText()).toContain(zone);
    expect(await page.locator(".facts").innerText()).toContain(call.id);
  });

  it("says that it is one, and what to do", async () => {
    const about = page.getByRole("status", { name: "About this call" });
    await about.getByText("Imported from a file").waitFor();
    expect(await about.getByRole("link", { name: /Import dumps/ }).getAttribute("href")).toMatch(/^\/calls\?app=1/);
  });

  it("shows its issues of low severity, as there are no others", async () => {
    const { issues: counts } = await program.api(`/apps/1/calls/${lone}/verdict`);
    expect(counts).toMatchObject({ high: 0, medium: 0 });
    await page.getByRole("region", { name: "Issues" }).locator('.level[data-level="low"]').first().waitFor();
  });

  it("has a profile whose figures say how they are counted", async () => {
    const profile = await program.api(`/apps/1/calls/${lone}/profile`);
    const region = page.getByRole("region", { name: "Room profile" });
    for (const f of profile.items) await region.getByRole("button", { name: f.label, exact: true }).waitFor();
    const freeze = profile.items.find((f: any) => f.id === "video_freeze");
    await region.getByRole("button", { name: "Video freeze", exact: true }).focus();
    await page.getByRole("tooltip", { name: freeze.help }).waitFor();
    expect(profile.items.find((f: any) => f.id === "recording_success").value).toBeNull();
    await region.getByText("not recorded").waitFor();
  });

  it("keeps nobody out", async () => {
    await page.getByRole("table", { name: "Users" }).waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  it("has its questions to copy, its dump, and a link to this very view", async () => {
    await page.getByRole("button", { name: "API", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Copy: The call as a whole (room profile)" }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText()), { timeout: 20_000 }).toBe(`curl -H "Authorization: Bearer $KEY" "${program.url}/api/v1/apps/1/calls/${lone}/profile"`);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Dumps" }).focus();
    await page.keyboard.press("Enter");
    const dump = page.getByRole("menuitem").first();
    expect((await program.download((await dump.getAttribute("href"))!.replace("/api/v1", ""))).length).toBeGreaterThan(100);
    await page.keyboard.press("Escape");
    await page.getByRole("tab", { name: "API trace" }).click();
    await page.waitForURL(/view=trace/);
    await page.getByRole("button", { name: "Share" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  });

  it("goes from part to part by keyboard, with the findings in one line", async () => {
    await page.getByRole("tab", { name: "API trace" }).focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.waitForURL((u) => !u.searchParams.has("view"));
    await page.getByRole("region", { name: "Room profile" }).waitFor(); // the address is there a moment before
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/view=matrix/);
    await page.getByRole("button", { name: "Room profile and issues" }).waitFor();
    expect(await page.getByRole("region", { name: "Room profile" }).count()).toBe(0);
    await page.getByRole("button", { name: "Room profile and issues" }).click();
    await page.getByRole("region", { name: "Room profile" }).waitFor();
    await page.getByRole("tab", { name: "Quality" }).click();
  });
});

describe("addresses that lead nowhere", () => {
  it("says that there is no such call", async () => {
    await open(page, "0000000000001");
    await page.getByText("There is no such call in").waitFor();
    await page.getByRole("link", { name: "To the list of calls" }).click();
    await page.waitForURL("**/calls?app=1*");
  });

  it("shows the call without a user who is not in it", async () => {
    await open(page, lone, "&session=0000000000009&users=0000000000008");
    await page.getByText("This link is of a user who is not in this call").waitFor();
    await page.getByRole("button", { name: "Show the call without them" }).click();
    await page.waitForURL((u) => !u.searchParams.has("session") && !u.searchParams.has("users"));
    await page.getByText("This link is of a user who is not in this call").waitFor({ state: "detached" });
  });
});

describe("a call that goes on", () => {
  it("moves with it: from joining to figures to its end", async () => {
    const room = "harbour-at-noon";
    const users = await browser.newContext({ permissions: ["camera", "microphone"] });
    const join = async (user: string) => {
      const p = await users.newPage();
      await p.goto(`${program.url}/demo?${new URLSearchParams({ room, user })}`);
      await p.click("#enter");
      return p;
    };
    const ada = await join("Ada");
    const call = await until("the call in the list", () => newestCall(room));
    await open(page, call.id);
    await page.getByText("Still joining").waitFor();
    const table = page.getByRole("table", { name: "Users" });
    await table.getByRole("link", { name: "Ada" }).waitFor();
    const grace = await join("Grace");
    await table.getByRole("link", { name: "Grace" }).waitFor();
    await page.getByText("Still joining").waitFor({ state: "detached" });
    const profile = page.getByRole("region", { name: "Room profile" });
    await until("both joins in the profile", async () => (await profile.innerText()).includes("2 of 2 users") || undefined);
    const row = table.getByRole("row").filter({ hasText: "Ada" });
    await until("Ada to send and receive", async () => (await row.innerText()).includes("has sent media, has received media") || undefined);
    // Where more is said above what is looked at, the browser keeps that in its place: a moment is looked for in which nothing else changes.
    const scrolled = await until("her stay to grow, and the page to be as high as before", async () => {
      const height = await page.evaluate(() => { window.scrollTo(0, 200); return document.documentElement.scrollHeight; });
      const before = await row.innerText();
      await until("her stay to grow", async () => (await row.innerText()) !== before || undefined);
      const now = await page.evaluate(() => ({ y: window.scrollY, height: document.documentElement.scrollHeight }));
      return now.height === height ? now.y : undefined;
    });
    expect(scrolled).toBe(200);
    for (const p of [ada, grace]) await p.click("#hang-up");
    await users.close();
    await page.locator(".facts").getByText("Ended").waitFor({ timeout: 60_000 });
    expect(faults).toEqual([]);
  });
});

describe("a call with damage", () => {
  it("leads from its sentences to the ends, at the time", async () => {
    const room = await damaged;
    bad = (await until("the verdict", async () => { const c = await newestCall(room); return c?.verdict?.sentences.length && c.status === "ended" ? c : undefined; }, 60_000)).id;
    await open(page, bad);
    const verdict = page.getByRole("region", { name: "Verdict" });
    const evidence = verdict.getByRole("list", { name: "Evidence" }).first().getByRole("link").first();
    const to = new URL((await evidence.getAttribute("href"))!, program.url);
    expect(to.pathname).toMatch(new RegExp(`^/calls/${bad}/(ends|users/)`));
    const call = await program.api(`/apps/1/calls/${bad}`);
    const [from, until_] = [Number(to.searchParams.get("from")), Number(to.searchParams.get("to"))];
    expect(from).toBeGreaterThanOrEqual(Date.parse(call.start));
    expect(until_).toBeGreaterThan(from);
    await evidence.click();
    await page.waitForURL((u) => u.pathname === to.pathname && u.searchParams.get("from") === String(from) && u.searchParams.get("to") === String(until_));
    await page.goBack();
    await verdict.getByRole("button", { name: "Show on the charts" }).first().click();
    await page.waitForURL(/from=\d+.*to=\d+|to=\d+.*from=\d+/);
  });

  it("lists its issues by user and by severity, each with its place on the charts", async () => {
    await open(page, bad);
    const issues = page.getByRole("region", { name: "Issues" });
    const group = issues.locator(".issue-group").first();
    if ((await group.getAttribute("aria-expanded")) !== "true") await group.click();
    await issues.getByRole("button", { name: /: show .* on the charts/ }).first().click();
    await page.waitForURL(/session=/);
    expect(await barriers(page)).toEqual([]);
  });

  it("orders its users, and opens their pages", async () => {
    await open(page, bad);
    const table = page.getByRole("table", { name: "Users" });
    const names = async () => (await table.getByRole("link").allInnerTexts());
    await until("three users", async () => (await names()).length === 3 || undefined);
    await table.getByRole("button", { name: "User", exact: true }).click();
    await expect.poll(names, { timeout: 20_000 }).toEqual(["ada", "ben", "cleo"]);
    await table.getByRole("button", { name: "User", exact: true }).press("Enter");
    await expect.poll(names, { timeout: 20_000 }).toEqual(["cleo", "ben", "ada"]);
    await table.getByRole("link", { name: "ben" }).press("Enter");
    await page.waitForURL(`**/calls/${bad}/users/*`);
    await page.goBack();
    await table.getByRole("row").filter({ hasText: "cleo" }).getByRole("cell").nth(5).click();
    await page.waitForURL(`**/calls/${bad}/users/*`);
  });

  it("says whose side is missing where only one told", async () => {
    const call = await until("the call of one", () => newestCall("rig-clean*"));
    await oneSided;
    await open(page, call.id);
    await page.getByRole("status", { name: "About this call" }).locator('[data-state="one-side"]').waitFor();
  });

  it("goes back to the list with the filters it was left with", async () => {
    await page.goto(`${program.url}/calls?app=1&range=all&room=rig*`);
    await page.getByRole("link", { name: /^rig-three/ }).first().click();
    await page.waitForURL(`**/calls/${bad}*`);
    await page.getByRole("main").getByRole("link", { name: "Calls", exact: true }).click();
    await page.waitForURL((u) => u.pathname === "/calls" && u.searchParams.get("room") === "rig*");
  });

  it("fits a phone", async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });
    const small = await logIn(phone);
    await open(small, bad);
    await small.getByRole("list", { name: "Users" }).getByRole("link", { name: "ada" }).waitFor();
    await small.getByRole("region", { name: "Room profile" }).getByText("Video freeze").waitFor();
    expect(await small.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await barriers(small)).toEqual([]);
    await phone.close();
  });
});

describe("a call of hundreds", () => {
  let crowd: any;

  beforeAll(async () => {
    await promisify(execFile)("go", ["run", "./e2e/crowd", "--data", program.data, "--users", "300", "--party", "0", "--every", "10s"], { cwd: root });
    crowd = await until("the call of 300", async () => (await program.api("/apps/1/calls")).items.find((c: any) => c.users === 300));
  });

  it("shows six, and all when asked", async () => {
    const began = Date.now();
    await open(page, crowd.id);
    const table = page.getByRole("table", { name: "Users" });
    await table.getByRole("link").nth(5).waitFor();
    console.log(`the call of 300 users stood there after ${Date.now() - began} ms`);
    expect(await table.getByRole("link").count()).toBe(6);
    await page.getByRole("button", { name: "Add users" }).click();
    await expect.poll(() => table.getAttribute("aria-rowcount"), { timeout: 20_000 }).toBe("301");
    // Only the rows in sight exist.
    expect(await table.getByRole("row").count()).toBeLessThan(40);
  });

  it("scrolls to the last, and finds a user", async () => {
    const table = page.getByRole("table", { name: "Users" });
    const { people } = await program.api(`/apps/1/calls/${crowd.id}`);
    const name = (u: any) => u.userName || u.user;
    await table.evaluate((el) => el.scrollTo(0, el.scrollHeight));
    await table.getByRole("link", { name: name(people[299]), exact: true }).waitFor();
    await page.getByRole("textbox", { name: "Search users" }).fill(people[150].user);
    await until("one match", async () => (await table.getByRole("link").count()) === 1 || undefined);
    await table.getByRole("link", { name: name(people[150]), exact: true }).waitFor();
    await table.getByRole("checkbox").click(); // its state is in the address, a moment later
    await page.waitForURL((u) => u.searchParams.get("users")?.split(",").length === 7);
    expect(new URL(page.url()).searchParams.get("users")).toContain(people[150].stays[0].id);
  });

  it("narrows its issues to a severity, and shows everybody's when asked", async () => {
    await open(page, crowd.id);
    const issues = page.getByRole("region", { name: "Issues" });
    const groups = issues.locator(".issue-group");
    await until("four users", async () => (await groups.count()) === 4 || undefined);
    await issues.getByText(/^High \(/).click();
    await issues.getByRole("button", { name: /^Show all \d+ users with issues/ }).click();
    const high = await until("those with high ones, and no others", async () => {
      const texts = await groups.allInnerTexts();
      for (const text of texts) expect(text).toContain("high");
      return texts.length > 4 ? texts.length : undefined;
    });
    await issues.getByText(/^All \(/).click();
    await until("those with low ones too", async () => (await groups.count()) > high || undefined);
    await groups.first().press("Enter");
    await issues.getByRole("button", { name: /: show .* on the charts/ }).first().waitFor();
  });

  it("takes no more than twenty into the charts", async () => {
    const { people } = await program.api(`/apps/1/calls/${crowd.id}`);
    await open(page, crowd.id, `&users=${people.slice(10, 30).map((u: any) => u.stays[0].id).join(",")}`);
    const table = page.getByRole("table", { name: "Users" });
    await until("twenty users", async () => (await table.getByRole("link").count()) === 20 || undefined);
    await page.getByText(/^All users \(/).click();
    await page.getByText("20 of at most 20").waitFor();
    expect(await table.getByRole("checkbox", { checked: false }).first().isDisabled()).toBe(true);
    await table.getByRole("checkbox", { checked: true }).first().focus();
    await page.keyboard.press("Space");
    await page.getByText("19 of at most 20").waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  it("has thirty of them in the matrix, and below it the worst among all, each with the way to its two ends", async () => {
    await open(page, crowd.id, "&view=matrix");
    const grid = page.getByRole("grid", { name: /Who hears and sees whom/ });
    await page.getByText("30 of 300 users: those who joined first", { exact: false }).waitFor();
    await expect.poll(() => grid.getByRole("rowheader").count(), { timeout: 20_000 }).toBe(30);
    await page.getByRole("radiogroup", { name: "Order" }).getByText("Worst first").click();
    await page.getByText("those with the worst reception.", { exact: false }).waitFor();
    const worst = page.getByRole("region", { name: "Worst of all users" });
    const rows = worst.getByRole("row");
    await until("twenty of the worst", async () => (await rows.count()) === 21 || undefined);
    // The worst of all receives no better than any that is shown.
    const { worst: told } = await program.api(`/apps/1/calls/${crowd.id}/matrix?order=worst&worst=20`);
    const [level, receiver, sender] = await rows.nth(1).getByRole("cell").allInnerTexts();
    expect(["Nothing came", "Poor", "Fair"]).toContain(level?.trim().split("\n").at(-1));
    expect([receiver, sender]).toEqual([told[0].receiver.userName || told[0].receiver.user, told[0].sender.userName || told[0].sender.user]);
    await rows.nth(1).getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: `End to end: ${sender} → ${receiver}` }).waitFor();
  });
});

it("logged no error on the way", () => expect(faults).toEqual([]));
