// The call list: every filter, order and field, by mouse and by keyboard, on
// imported recordings and on a call that goes on; what of it is in the address;
// the list as a file.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, type Program, root, startBrowser, startProgram, until } from "./harness";

const recordings = [
  ...["clean/ada", "clean/ben", "loss_up_20/ben", "rate_up_150/ben", "camera_unplugged/ada", "cpu_starved/ada", "microphone_silent/ada", "turn_blocked/ada", "three_loss_up_10/ada", "three_loss_up_10/ben", "three_loss_up_10/cleo"]
    .map((name) => `fidelity/testdata/${name}.dump`),
  "protocol/jitsi/testdata/session.jsonl.gz",
];

let program: Program;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

interface Listed { id: string; room: string; status: string; durationMs: number; users: number; verdict: { score: number | null; sentences: string[] } | null; people: { user: string; userName: string }[]; slices: { level: string; label: string; issue: string }[] }

/** What the API lists. */
const asked = async (query = ""): Promise<{ items: Listed[]; total: number }> => program.api(`/apps/1/calls?limit=100&people=4&slices=24&${query}`);

/** Ids of the calls that the page shows. */
const shown = (): Promise<string[]> => page.locator("a[data-call]").evaluateAll((links) => links.map((a) => new URL((a as HTMLAnchorElement).href).pathname.split("/").at(-1) as string));

/** Waits until the page shows what the API answers to query, in its order. */
async function shows(query: string): Promise<Listed[]> {
  let wanted: Listed[] = [], got: string[] = [];
  await until(`the list of ${query || "all"}`, async () => {
    wanted = (await asked(query)).items;
    got = await shown();
    return JSON.stringify(got) === JSON.stringify(wanted.slice(0, 50).map((c) => c.id)) || undefined;
  }, 30_000, () => `${got.length} shown: ${got}\nwanted ${wanted.map((c) => `${c.id} ${c.room}`)}`);
  return wanted;
}

const address = () => new URL(page.url()).searchParams;
const list = (query = "") => page.goto(`${program.url}/calls?app=1&range=all&size=50&${query}`);
const chip = (name: string) => page.getByRole("group", { name: "Active filters" }).getByRole("button", { name: `Remove the filter ${name}` });
const more = () => page.getByRole("button", { name: /More filters/ });

/** Chooses in a list that a field opens. */
async function choose(field: Locator, option: string) {
  await field.click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

async function logIn(to: BrowserContext): Promise<Page> {
  const p = await to.newPage();
  p.on("pageerror", (e) => faults.push(e.message));
  p.on("console", (m) => { if (m.type() === "error" && !/status of 4(01|22)/.test(m.text())) faults.push(m.text()); });
  await enter(p, program);
  return p;
}

async function attend(room: string, name: string): Promise<Page> {
  const p = await (await browser.newContext()).newPage();
  await p.goto(`${program.url}/demo?room=${room}`);
  await p.getByLabel(/name/i).first().fill(name);
  await p.getByRole("button", { name: /join/i }).first().click();
  return p;
}

beforeAll(async () => {
  program = await startProgram();
  for (const file of recordings) {
    await program.api(`/apps/1/import?name=${encodeURIComponent(file)}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: await readFile(join(root, file)) });
  }
  await until("the verdicts", async () => ((await asked()).items.every((c) => c.verdict) && (await asked()).total === recordings.length) || undefined);
  browser = await startBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", timezoneId: "Asia/Kolkata", acceptDownloads: true });
  page = await logIn(context);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

describe("what a call shows", () => {
  it("has the fields of both guides, and how the call was at a glance", async () => {
    await list();
    const calls = await shows("");
    const bad = calls.find((c) => c.verdict?.sentences.length && c.slices.some((s) => s.level === "high")) as Listed;
    const row = page.getByRole("row").filter({ has: page.locator(`a[href*="${bad.id}"]`) });
    for (const head of ["Room", "Start – end", "Status", "Duration", "Joined users", "Score and quality", "Operation"]) await page.getByRole("columnheader", { name: head }).waitFor();
    const text = await row.innerText();
    expect(text).toContain("Ended");
    expect(text).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+– \d\d:\d\d:\d\d/);
    expect(text).toMatch(/\d+ s/);
    expect(text).toContain((bad.verdict?.score as number).toFixed(1));
    expect(text).toContain((bad.verdict?.sentences[0] as string).slice(0, 12));
    // Room and time stand there in the viewer's zone, which is named.
    await page.getByText("Times are in your zone, Asia/Calcutta").or(page.getByText("Times are in your zone, Asia/Kolkata")).waitFor();
    expect(await row.getByRole("link", { name: "Call details" }).count()).toBe(1);
    // The bar has a part for each slice, and says in words what it shows.
    const bar = row.getByRole("img", { name: /^Quality over the call/ });
    expect(await bar.locator("span").evaluateAll((parts) => parts.map((p) => p.getAttribute("data-level")))).toEqual(bad.slices.map((s) => s.level));
    expect(await bar.getAttribute("aria-label")).toContain(`${(bad.slices.find((s) => s.level === "high") as { label: string }).label}, high`);
    // Each level looks different without its colour.
    const heights = await page.evaluate(() => {
      const bar = document.body.appendChild(Object.assign(document.createElement("div"), { className: "quality-bar" }));
      const told = ["unknown", "clear", "low", "medium", "high"].map((level) => {
        const part = bar.appendChild(document.createElement("span"));
        part.dataset.level = level;
        const style = getComputedStyle(part);
        return `${style.height} ${style.backgroundImage.replace(/rgba?\([^)]*\)|#\w+/g, "")}`;
      });
      bar.remove();
      return told;
    });
    expect(new Set(heights).size).toBe(5);
    await page.getByRole("note", { name: /What the bar shows/ }).focus();
    await page.getByRole("tooltip").getByText("nobody was measured").waitFor();
  });

  it("takes the viewer to the call by mouse, by keyboard, and in a new tab", async () => {
    await list();
    const ids = (await shows("")).map((c) => c.id);
    await page.getByRole("row").nth(2).getByText("Ended").click();
    await page.waitForURL(`**/calls/${ids[1]}?app=1`);
    await page.goBack();
    await shows("");
    await page.locator("a[data-call]").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("href"))).toContain(ids.at(-1));
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/calls/${ids[1]}?app=1`);
    await page.goBack();
    await shows("");
    const [tab] = await Promise.all([context.waitForEvent("page"), page.getByRole("row").nth(3).getByText("Ended").click({ modifiers: ["Control"] })]);
    await tab.waitForURL(`**/calls/${ids[2]}?app=1`);
    await tab.close();
  });
});

describe("pages and orders", () => {
  it("has ten calls on a page, turns pages, and comes back to the page that was left", async () => {
    await page.goto(`${program.url}/calls?app=1&range=all`);
    const all = (await asked()).items.map((c) => c.id);
    await until("the first page", async () => (JSON.stringify(await shown()) === JSON.stringify(all.slice(0, 10)) ? true : undefined));
    await page.getByText(`${all.length} calls, page 1 of 2`).waitFor();
    await page.getByRole("button", { name: "Next page" }).focus();
    await page.keyboard.press("Enter");
    const second = () => until("the second page", async () => (JSON.stringify(await shown()) === JSON.stringify(all.slice(10)) ? true : undefined));
    await second();
    expect(await page.getByRole("button", { name: "Next page" }).isDisabled()).toBe(true);
    await page.locator("a[data-call]").first().click();
    await page.waitForURL("**/calls/*?app=1");
    await page.goBack();
    await second();
    await page.getByRole("button", { name: "Previous page" }).click();
    await page.getByText("page 1 of 2").waitFor();
    await choose(page.getByRole("combobox", { name: "Calls on a page" }).or(page.getByRole("textbox", { name: "Calls on a page" })), "20 / page");
    await shows("");
    expect(address().get("size")).toBe("20");
  });

  it("orders by every column, either way", async () => {
    await list();
    for (const [head, sort, first] of [["Room", "room", "asc"], ["Status", "status", "desc"], ["Duration", "duration", "desc"], ["Joined users", "users", "desc"], ["Score and quality", "score", "asc"], ["Start – end", "start", "desc"]] as const) {
      const button = page.getByRole("columnheader", { name: head }).getByRole("button");
      await button.click();
      await shows(`sort=${sort}&order=${first}`);
      await button.focus();
      await page.keyboard.press("Enter");
      const other = first === "asc" ? "desc" : "asc";
      await shows(`sort=${sort}&order=${other}`);
      expect(await page.getByRole("columnheader", { name: head }).getAttribute("aria-sort")).toBe(other === "asc" ? "ascending" : "descending");
    }
    await page.reload();
    await shows("sort=start&order=asc");
  });
});

describe("filters", () => {
  it("finds rooms and users by id, by name and by how they begin", async () => {
    await list();
    await shows("");
    const room = page.getByRole("textbox", { name: "Room id" });
    await room.fill("rig-three*");
    expect((await shows("room=rig-three*")).length).toBe(3);
    expect(address().get("room")).toBe("rig-three*");
    await page.getByRole("textbox", { name: "User id" }).fill("cl*");
    expect((await shows("room=rig-three*&user=cl*")).map((c) => c.people[0]?.user)).toEqual(["cleo"]);
    await page.reload();
    await shows("room=rig-three*&user=cl*");
    expect(await room.inputValue()).toBe("rig-three*");
    await chip("Room rig-three*").focus();
    await page.keyboard.press("Enter");
    await shows("user=cl*");
    await page.getByRole("button", { name: "Empty User id" }).click();
    await shows("");
    await room.fill("no such room");
    await page.getByText("No call matches").waitFor();
    await page.getByRole("button", { name: /Show every call/ }).click();
    await page.waitForURL((u) => !u.searchParams.has("room"));
  });

  it("narrows by what was wrong: issues, severity, score", async () => {
    await list();
    const found = (await asked()).items.flatMap((c) => c.slices).find((s) => s.level !== "clear" && s.label) as Listed["slices"][number];
    await more().click();
    await choose(page.getByRole("textbox", { name: "Issue" }).or(page.getByRole("combobox", { name: "Issue" })), found.label);
    await page.keyboard.press("Escape");
    const some = await shows(`issue=${found.issue}`);
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(recordings.length);
    expect(address().getAll("issue")).toEqual([found.issue]);
    await choose(page.getByLabel("Worst severity").first(), "High");
    await shows(`issue=${found.issue}&severity=high`);
    await chip(`Issue ${found.label}`).click();
    expect((await shows("severity=high")).length).toBeGreaterThan(0);
    await choose(page.getByLabel("Worst severity").first(), "No issue found");
    expect((await shows("severity=none")).length).toBeGreaterThan(0);
    await chip("Severity").click();
    const lowest = page.getByRole("slider", { name: "Lowest score" });
    await lowest.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    await page.getByRole("slider", { name: "Highest score" }).focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
    await page.waitForURL(/maxScore=8/);
    await shows("minScore=1.5&maxScore=8");
    await chip("Score 1.5 to 8").waitFor();
    await page.reload();
    await shows("minScore=1.5&maxScore=8");
  });

  it("narrows by who came with what: key, region, browser, system, and by the call's id", async () => {
    await list();
    await more().click();
    const key = Object.entries((await program.api(`/apps/1/calls/${(await asked("room=*")).items.find((c) => !c.room.startsWith("rig-"))?.id}/sessions`)).items[0].keys as Record<string, string>).find(([k, v]) => k && v && !v.includes("=")) as [string, string];
    const field = page.getByRole("combobox", { name: "Key or key=value" });
    await field.click();
    await page.getByRole("option", { name: key[0], exact: true }).click();
    expect((await shows(`key=${encodeURIComponent(key[0])}`)).length).toBeGreaterThan(0);
    await field.fill(key.join("="));
    expect((await shows(`key=${encodeURIComponent(key.join("="))}`)).length).toBeGreaterThan(0);
    await page.waitForURL((u) => u.searchParams.get("key") === key.join("="));
    await field.fill(`${key[0]}=something else`);
    await page.getByText("No call matches").waitFor();
    await field.fill("");
    await shows("");
    const choices = await program.api("/apps/1/calls/choices");
    for (const [label, word, values] of [["Browser", "browser", choices.browsers], ["Operating system", "os", choices.systems]] as const) {
      const tags = page.getByRole("textbox", { name: label }).or(page.getByRole("combobox", { name: label })).first();
      await choose(tags, values[0]);
      await shows(`${word}=${encodeURIComponent(values[0])}`);
      expect(address().getAll(word)).toEqual([values[0]]);
      await chip(`${label === "Browser" ? "Browser" : "OS"} ${values[0]}`).click();
      await shows("");
      await page.keyboard.press("Escape");
    }
    const region = page.getByRole("textbox", { name: "Country or region" }).or(page.getByRole("combobox", { name: "Country or region" })).first();
    await region.fill("IS");
    await page.keyboard.press("Enter");
    await page.getByText("No call matches").waitFor();
    expect(address().getAll("region")).toEqual(["IS"]);
    await page.getByRole("group", { name: "Active filters" }).getByRole("button", { name: "Clear" }).click();
    const [some] = await shows("");
    const id = page.getByRole("textbox", { name: "Call id" });
    await id.fill("12");
    await page.getByText("Not a call's id yet").waitFor();
    await id.fill((some as Listed).id);
    expect((await shows(`call=${(some as Listed).id}`)).length).toBe(1);
  });

  it("keeps every filter in the address, and lets go of all at once", async () => {
    const every = "room=rig-*&user=ad*&status=ended&severity=low&issue=packet_loss&issue=lag&key=none&region=DE&region=FR%2C+Paris&browser=Chrome&os=Linux&minScore=1&maxScore=9&sort=score";
    await list(every);
    await page.getByText("No call matches").waitFor();
    const chips = page.getByRole("group", { name: "Active filters" }).getByRole("button", { name: /^Remove/ });
    expect(await chips.count()).toBe(12);
    expect(address().getAll("region")).toEqual(["DE", "FR, Paris"]);
    await page.getByRole("group", { name: "Active filters" }).getByRole("button", { name: "Clear" }).click();
    await shows("sort=score&order=asc");
    expect([...address().keys()].sort()).toEqual(["app", "range", "size", "sort"]);
    await page.goto(`${program.url}/calls?app=1&call=nonsense`);
    await page.getByText("a call's id has 13 characters").waitFor();
  });

  it("looks at today, yesterday, the last hours and days, and any time", async () => {
    await page.goto(`${program.url}/calls?app=1&range=all&size=50`);
    const all = await shows("");
    const ranges = page.getByRole("radiogroup", { name: "Time range" });
    for (const [name, word] of [["Today", "today"], ["Yesterday", "yesterday"], ["Last 6 hours", "6h"], ["Last 14 days", "14d"]] as const) {
      await ranges.getByText(name, { exact: true }).click();
      await page.waitForURL((u) => u.searchParams.get("range") === word);
    }
    // Between the second and the third call from the end, to the minute.
    const times = all.map((c) => Date.parse((c as unknown as { start: string }).start));
    const from = Math.floor((times[3] as number) / 60_000) * 60_000;
    const to = Math.ceil(((times[1] as number) + 1) / 60_000) * 60_000;
    await ranges.getByText("Custom", { exact: true }).click();
    await page.goto(`${page.url()}&from=${from}&to=${to}`);
    expect((await shows(`from=${from}&to=${to}`)).length).toBeGreaterThan(0);
    expect(await page.getByRole("button", { name: "From" }).innerText()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d$/);
    // The picker changes the address: midday of the first of the month shown.
    await page.getByRole("button", { name: "From" }).click();
    const calendar = page.getByRole("dialog");
    await calendar.locator("button[data-today], table button").first().click();
    await page.waitForURL((u) => u.searchParams.get("from") !== String(from));
    await page.keyboard.press("Escape");
    await page.goto(`${program.url}/calls?app=1&range=custom&from=${to}&to=${from}&size=50`);
    await page.getByText("The end must be after the start.").waitFor();
  });
});

/** Files of a zip, by name. */
function unzip(file: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  let at = file.readUInt32LE(file.lastIndexOf(Buffer.from("PK\x05\x06")) + 16);
  while (file.readUInt32LE(at) === 0x02014b50) {
    const [packed, name, extra, comment, place] = [file.readUInt32LE(at + 20), file.readUInt16LE(at + 28), file.readUInt16LE(at + 30), file.readUInt16LE(at + 32), file.readUInt32LE(at + 42)];
    const begin = place + 30 + file.readUInt16LE(place + 26) + file.readUInt16LE(place + 28);
    const body = file.subarray(begin, begin + packed);
    files.set(file.subarray(at + 46, at + 46 + name).toString(), (file.readUInt16LE(at + 10) === 8 ? inflateRawSync(body) : body).toString());
    at += 46 + name + extra + comment;
  }
  return files;
}

/** Cells of a sheet, row by row; empty ones are left out. */
function cells(xml: string): { at: string; text: string; number?: number }[][] {
  return [...xml.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row]) =>
    [...(row as string).matchAll(/<c r="([A-Z]+)\d+"[^>]*?(?:t="inlineStr"><is><t[^>]*>(.*?)<\/t><\/is>|><v>(.*?)<\/v>)<\/c>/gs)]
      .map(([, at, text, number]) => ({ at: at as string, text: (text ?? number) as string, number: number === undefined ? undefined : Number(number) })));
}

describe("the list as a file", () => {
  const save = async (format: string) => {
    await page.getByRole("button", { name: "Export" }).focus();
    await page.keyboard.press("Enter");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: format }).click()]);
    const status = page.getByRole("status", { name: "Export" });
    await status.getByText(/saved$/).waitFor();
    const told = await status.innerText();
    await status.getByRole("button", { name: "Close" }).click();
    return { name: download.suggestedFilename(), told, data: await readFile(await download.path()) };
  };

  it("is what is filtered, in that order, as CSV with the viewer's times", async () => {
    await list("room=rig-*&sort=-duration");
    const calls = await shows("room=rig-*&sort=duration&order=desc");
    const { name, told, data } = await save("CSV");
    expect(name).toMatch(/^calls-app-1-\d{4}-\d\d-\d\d-\d{4}\.csv$/);
    expect(told).toContain(`${calls.length} calls saved`);
    const [head, ...rows] = data.toString().trimEnd().split("\r\n");
    expect(head).toMatch(/^Room ID,Room name,Call ID,Start \(Asia\/(Kolkata|Calcutta)\),End .*,Room duration \(s\),/);
    expect(rows.map((r) => r.split(",")[2])).toEqual(calls.map((c) => c.id));
    const start = new Date(Date.parse((calls[0] as unknown as { start: string }).start) + 5.5 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
    expect((rows[0] as string).split(",")[3]).toBe(start);
  });

  it("is a workbook whose cells are numbers, times and texts", async () => {
    await list("sort=score");
    const calls = await shows("sort=score&order=asc");
    const { name, data } = await save("Excel (XLSX)");
    expect(name).toMatch(/\.xlsx$/);
    const files = unzip(data);
    const [head, ...rows] = cells(files.get("xl/worksheets/sheet1.xml") as string);
    const of = (title: string) => head?.find((c) => c.text.startsWith(title))?.at;
    const cell = (row: (typeof rows)[number], title: string) => row.find((c) => c.at === of(title));
    expect(rows.map((r) => cell(r, "Call ID")?.text)).toEqual(calls.map((c) => c.id));
    expect(rows.map((r) => cell(r, "Score")?.number)).toEqual(calls.map((c) => c.verdict?.score ?? undefined));
    expect(cell(rows[0] as (typeof rows)[number], "Room duration (s)")?.number).toBe((calls[0]?.durationMs as number) / 1000);
    const days = cell(rows[0] as (typeof rows)[number], "Start")?.number as number;
    expect(Math.round((days - 25_569) * 86_400_000 / 1000)).toBe(Math.floor(Date.parse((calls[0] as unknown as { start: string }).start) / 1000) + 5.5 * 3600);
    const about = cells(files.get("xl/worksheets/sheet2.xml") as string).flat().map((c) => c.text).join(" ");
    expect(about).toContain(`All ${calls.length} calls that match`);
    expect(about).toContain("score asc");
  });

  it("says what went wrong", async () => {
    await list();
    await shows("");
    await page.route("**/calls/export?*", (r) => r.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ code: "too_heavy", message: "The question needs more than the store may spend on it: ask for a shorter time range." }) }));
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "CSV" }).click();
    await page.getByRole("status", { name: "Export" }).getByText("ask for a shorter time range").waitFor();
    await page.unroute("**/calls/export?*");
    await page.getByRole("status", { name: "Export" }).getByRole("button", { name: "Close" }).click();
    faults.splice(0, faults.length, ...faults.filter((f) => !/status of 503/.test(f)));
  });
});

describe("a call that goes on", () => {
  it("appears by itself, with who is there and how they fare", async () => {
    await page.goto(`${program.url}/calls?app=1&range=today&size=50`);
    await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
    const there = [await attend("live-room", "Ada Lovelace")];
    try {
      const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "live-room", exact: true }) });
      await row.getByText("In progress").waitFor();
      there.push(await attend("live-room", "Grace"));
      await row.locator(".people").getByText("Ada Lovelace, Grace").waitFor({ state: "attached" });
      expect(await row.locator(".person").allInnerTexts()).toEqual(["AL", "GR"]);
      await until("that somebody is measured", async () => ((await row.locator('.quality-bar [data-level="unknown"]').count()) < 24 ? true : undefined), 60_000);
      const status = page.getByRole("combobox", { name: "Status" }).or(page.getByRole("textbox", { name: "Status" }));
      await choose(status, "In progress");
      expect((await shows("status=active")).map((c) => c.room)).toEqual(["live-room"]);
      await choose(status, "Ended");
      await page.getByRole("link", { name: "live-room", exact: true }).waitFor({ state: "detached" });
    } finally {
      for (const p of there) await p.context().close();
    }
  });
});

describe("for everybody", () => {
  it("has nothing serious for axe to find, light and dark, with filters open", async () => {
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await list("room=rig-*&severity=low");
      await shows("room=rig-*&severity=low");
      await more().click();
      await page.getByRole("combobox", { name: "Key or key=value" }).waitFor();
      await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
      const found: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] = await page.evaluate(async () => (await (globalThis as any).axe.run(document, { resultTypes: ["violations"] })).violations);
      expect(found.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${scheme} ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html + n.failureSummary).join("\n")}`)).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: "light" });
  });

  it("is right on a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await list();
    const calls = (await asked()).items;
    const cards = page.getByRole("list", { name: "Calls" }).getByRole("listitem");
    await until("the cards", async () => ((await cards.count()) === calls.length ? true : undefined));
    expect(await cards.first().getByRole("img", { name: /^Quality over the call/ }).count()).toBe(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await more().click();
    await page.getByRole("combobox", { name: "Key or key=value" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await choose(page.getByRole("combobox", { name: "Time range" }).or(page.getByRole("textbox", { name: "Time range" })), "Last 6 hours");
    await page.waitForURL(/range=6h/);
    await list();
    await cards.first().getByRole("link").click();
    await page.waitForURL("**/calls/*?app=1");
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it("says what is to be done where there is nothing, and where the server does not answer", async () => {
    await list("room=nowhere");
    await page.getByText("No call matches").waitFor();
    await page.route("**/api/v1/apps/1/calls?*", (r) => r.fulfill({ status: 503, contentType: "application/json", body: JSON.stringify({ code: "unavailable", message: "The store does not answer at the moment: ask again shortly." }) }));
    await list("room=elsewhere");
    await page.getByText("The store does not answer at the moment: ask again shortly.").waitFor();
    await page.unroute("**/api/v1/apps/1/calls?*");
    faults.splice(0, faults.length, ...faults.filter((f) => !/status of 503/.test(f)));
  });

  it("logged no error on the way", () => {
    expect(faults).toEqual([]);
  });
});
