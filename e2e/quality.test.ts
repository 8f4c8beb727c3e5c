// The receiver and sender views of a call: three recorded users played into one
// room, one of them on 200 kbit/s, and two of whom one's picture froze. Every
// control is used, by pointer, by keys and on a phone.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, inSight, type Program, startBrowser, startProgram, until } from "./harness";
import { play, type Played } from "./replay";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** Where pictures go, if anywhere. */
const pictures = process.env.PICTURES;

let program: Program;
let browser: Browser;
let page: Page;
let three: Played;
let two: Played;
let end: () => void; // lets the call of three come to its end
const faults: string[] = [];

const idOf = (room: string) => until(`the call of ${room}`, async () => (await program.api(`/apps/1/calls?room=${room}`)).items[0]?.id as string | undefined);
const card = (name: string) => page.getByRole("region", { name: new RegExp(`^${name} (received|sent)$`) });
const range = () => { const p = new URL(page.url()).searchParams; return p.has("from") ? [Number(p.get("from")), Number(p.get("to"))] as const : undefined; };
const zoomedIn = () => page.waitForURL((u) => u.searchParams.has("from"));
const whole = () => page.waitForURL((u) => !u.searchParams.has("from"));

async function shot(name: string): Promise<void> {
  if (!pictures) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png` });
}

/** Waits until the charts of the page are drawn, which happens as they come into sight. */
async function drawn(at: Page, n: number): Promise<void> {
  const cards = at.locator(".flow-card");
  await until(`${n} users`, async () => ((await cards.count()) >= n ? true : undefined));
  for (let i = 0; i < n; i++) {
    await inSight(cards.nth(i));
    await cards.nth(i).locator(".chart canvas").waitFor();
  }
  await at.evaluate(() => { document.getElementById("charts")?.scrollIntoView(); window.scrollBy(0, -60); });
}

/** A wheel that is scrolling the page goes on doing so: only when the page has come to rest does it zoom. */
const rested = () => page.evaluate(() => new Promise<void>((done) => {
  let timer: ReturnType<typeof setTimeout>;
  const again = () => { clearTimeout(timer); timer = setTimeout(done, 600); };
  addEventListener("scroll", again, { capture: true });
  again();
}));

/** Has a chart any pixel of the red of freezes in the part of its height? */
function redIn(chart: ReturnType<Page["locator"]>, from: number, to: number): Promise<number> {
  return chart.locator("canvas").first().evaluate((el, [from, to]) => {
    const canvas = el as HTMLCanvasElement;
    const y = Math.round(canvas.height * from);
    const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, y, canvas.width, Math.round(canvas.height * to) - y);
    let n = 0;
    for (let i = 0; i < data.length; i += 4) if (Math.abs((data[i] as number) - 0xd6) < 6 && Math.abs((data[i + 1] as number) - 0x27) < 6 && Math.abs((data[i + 2] as number) - 0x28) < 6) n++;
    return n;
  }, [from, to] as const);
}

async function logIn(at: Page): Promise<void> {
  await enter(at, program);
}

beforeAll(async () => {
  program = await startProgram();
  [three, two] = await Promise.all([play(program, "three_rate_down_200", { last: new Promise<void>((done) => { end = done; }) }), play(program, "blackout_down_3")]);
  three.done.catch((e) => faults.push(String(e)));
  two.done.catch((e) => faults.push(String(e)));
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page.on("pageerror", (e) => faults.push(e.message));
  await logIn(page);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

describe("while the call goes on", () => {
  it("draws what comes, and moves along", async () => {
    await page.goto(`${program.url}/calls/${await idOf(three.room)}?app=1`);
    await drawn(page, 2);
    const follow = page.getByRole("switch", { name: "Follow" });
    expect(await follow.isChecked()).toBe(true);
    await follow.uncheck({ force: true });
    await zoomedIn();
    const kept = range();
    await follow.check({ force: true });
    await until("the range to move", async () => ((range()?.[1] ?? 0) > (kept?.[1] ?? 0) || !range() ? true : undefined));
    await page.getByRole("button", { name: "Last…" }).click();
    await page.getByRole("menuitem", { name: "Last 5 min" }).click();
  });

  it("is over when all have left", async () => {
    end();
    await Promise.all([three.done, two.done]);
    await page.goto(`${program.url}/calls/${await idOf(three.room)}?app=1`);
    await until("the end of the stays", async () => {
      const call = await program.api(`/apps/1/calls/${await idOf(three.room)}`);
      return call.people.length === 3 && call.people.every((p: { lastOut: string | null }) => p.lastOut) ? true : undefined;
    });
    await page.reload();
    await drawn(page, 3);
  });
});

describe("what users received", () => {
  it("shows a card for each with who they are, and a line for each sender", async () => {
    for (const name of ["ada", "ben", "cleo"]) {
      await card(name).getByText(/SDK .*Chrome/).waitFor();
      const others = ["ada", "ben", "cleo"].filter((n) => n !== name);
      for (const other of others) await card(name).getByRole("toolbar", { name: "Lines" }).getByRole("button", { name: new RegExp(`^${other}`) }).waitFor();
    }
    await shot("receive-light");
  });

  it("has a tab for each medium that there is", async () => {
    expect(await page.getByRole("tab", { name: "Screen sharing" }).count()).toBe(0);
    for (const tab of ["Video", "Audio"] as const) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await page.waitForURL(`**/*tab=${tab.toLowerCase()}*`);
      await drawn(page, 3);
      expect(await card("ada").getByRole("group", { name: /Bit rate received/ }).count()).toBe(1);
    }
    await page.getByRole("tab", { name: "All", exact: true }).click();
  });

  it("shows one sender alone, and hides a line by its name", async () => {
    const lines = card("ada").getByRole("toolbar", { name: "Lines" });
    await page.getByRole("textbox", { name: "Senders shown for ada" }).or(page.getByRole("combobox", { name: "Senders shown for ada" })).first().click();
    await page.getByRole("option", { name: "cleo" }).click();
    await lines.getByRole("button", { name: /^ben/ }).waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "Senders shown for ada" }).or(page.getByRole("combobox", { name: "Senders shown for ada" })).first().click();
    await page.getByRole("option", { name: "cleo" }).click();
    const ben = lines.getByRole("button", { name: /^ben/ });
    await ben.click();
    await expect.poll(() => ben.getAttribute("aria-pressed"), { timeout: 20_000 }).toBe("false");
    await ben.click();
    await expect.poll(() => ben.getAttribute("aria-pressed"), { timeout: 20_000 }).toBe("true");
  });

  it("reads the values under the pointer on every chart", async () => {
    const over = card("ada").locator(".u-over");
    await inSight(over);
    const times = await until("the same time on all charts in sight", async () => {
      const box = (await over.boundingBox()) as { x: number; y: number; width: number; height: number };
      await page.mouse.move(box.x + box.width / 2, box.y + 50); // charts may still be laid out
      const all = await page.locator(".chart-time").allTextContents();
      return /^\d\d:/.test(all[0] ?? "") && all[0] === all[1] ? all : undefined;
    });
    expect(times[0]).toMatch(/^\d\d:\d\d:\d\d$/);
    await page.mouse.move(5, 5);
    await until("the means", async () => ((await page.locator(".chart-time").first().textContent()) === "mean" ? true : undefined));
  });

  it("leads to the two ends and to the user", async () => {
    await card("ada").getByRole("button", { name: "View details" }).click();
    const ends = await page.getByRole("menuitem", { name: "ben" }).getAttribute("href");
    expect(ends).toMatch(/\/calls\/\w+\/ends\?app=1.*&receiver=\w+&sender=\w+/);
    expect(await page.getByRole("menuitem", { name: "Everything of ada" }).getAttribute("href")).toMatch(/\/users\/\w+\?app=1/);
    await page.keyboard.press("Escape");
  });
});

describe("moving in time", () => {
  it("zooms by dragging, by wheel and by buttons, and goes back by a double click", async () => {
    const over = card("ada").locator(".u-over");
    await inSight(over);
    const box = (await over.boundingBox()) as { x: number; y: number; width: number };
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 40, { steps: 6 });
    await page.mouse.up();
    await zoomedIn();
    const [from, to] = range() as readonly [number, number];
    await rested();
    await page.mouse.wheel(0, -240);
    await until("a closer look", () => { const r = range(); return r && r[1] - r[0] < to - from ? true : undefined; });
    await over.dblclick();
    await whole();
    for (let i = 0; i < 2; i++) await page.getByRole("button", { name: "Zoom in" }).click();
    await zoomedIn();
    const there = range() as readonly [number, number];
    await page.getByRole("button", { name: /^On by/ }).click();
    await until("the step", () => ((range()?.[0] ?? 0) > there[0] ? true : undefined));
    await page.getByRole("button", { name: "Zoom out" }).click();
    await page.getByRole("button", { name: "Whole call" }).click();
    await whole();
  });

  it("is driven by keys alone", async () => {
    const chart = card("ada").getByRole("group", { name: /Bit rate received/ });
    await chart.focus();
    await page.keyboard.press("+");
    await zoomedIn();
    const before = range() as readonly [number, number];
    await page.keyboard.press("ArrowRight");
    await until("the move", () => ((range()?.[0] ?? 0) > before[0] ? true : undefined));
    await page.keyboard.press("0");
    await whole();
    await page.keyboard.press("Shift+ArrowRight");
    await until("the values to be spoken", async () => (/\d\d:\d\d:\d\d: .*bit\/s/.test((await chart.locator("[data-live]").textContent()) ?? "") ? true : undefined));
  });

  it("takes two times, and says what is wrong with them", async () => {
    await page.getByRole("button", { name: /^Current time range/ }).click();
    const from = page.getByLabel("From", { exact: true });
    const to = page.getByLabel("To", { exact: true });
    const [a, b] = [await from.inputValue(), await to.inputValue()];
    await from.fill(b);
    await to.fill(a);
    await page.getByText("The end must be after the start.").waitFor();
    await from.fill(a);
    await to.fill(new Date(Date.parse(a) - new Date().getTimezoneOffset() * 60_000 + 12_000).toISOString().slice(0, 19));
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await zoomedIn();
    const shown = range() as readonly [number, number];
    expect(shown[1] - shown[0]).toBeLessThanOrEqual(12_000);
    await page.getByRole("button", { name: "Whole call" }).click();
    await whole();
  });

  it("keeps the view in the address", async () => {
    await page.getByRole("button", { name: "Zoom in" }).click();
    await zoomedIn();
    await page.reload();
    await drawn(page, 3);
    expect(range()).toBeTruthy();
    await page.getByRole("button", { name: "Whole call" }).click();
    await whole();
  });
});

describe("what users sent", () => {
  it("has its own side, with the way to the sender alone", async () => {
    await page.getByText("Sender", { exact: true }).click();
    await page.waitForURL("**/*side=send*");
    const lines = card("ada").getByRole("toolbar", { name: "Lines" });
    await lines.getByRole("button", { name: /^Video/ }).waitFor();
    await lines.getByRole("button", { name: /^Audio/ }).waitFor();
    await shot("send-light");
    await card("ada").getByRole("button", { name: "View details" }).click();
    expect(await page.getByRole("menuitem", { name: "What ada sent" }).getAttribute("href")).toMatch(/&sender=\w+/);
    await page.keyboard.press("Escape");
    await page.getByText("Receiver", { exact: true }).click();
  });
});

describe("a freeze", () => {
  it("is a red comb on the zero line, with its begin and length", async () => {
    await page.goto(`${program.url}/calls/${await idOf(two.room)}?app=1`);
    await drawn(page, 2);
    const froze = page.getByRole("region", { name: / received$/ }).filter({ has: page.locator(".key-burr") });
    await froze.first().waitFor();
    const chart = froze.first().getByRole("group", { name: /Bit rate received/ });
    await until("red above the zero line", async () => ((await redIn(chart, 0.05, 0.55)) > 20 ? true : undefined));
    await chart.getByRole("button", { name: /show as table/ }).click();
    const table = chart.getByRole("region", { name: /as a table/ });
    await table.getByText(/Video freeze, \w+: .* from \d\d:\d\d:\d\d to/).first().waitFor();
    await shot("freeze-light");
  });
});

describe("for everybody", () => {
  it("has nothing serious for axe to find, light and dark", async () => {
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`${program.url}/calls/${await idOf(three.room)}?app=1`);
      await drawn(page, 3);
      await page.evaluate(await readFile(axe, "utf8")); // a script tag would not pass the page's policy
      const found = await page.evaluate(async () => (await (globalThis as any).axe.run("#charts")).violations.filter((v: any) => v.impact === "serious" || v.impact === "critical").map((v: any) => `${v.id}: ${v.nodes.map((n: any) => `${n.html.slice(0, 160)} ${n.any.map((x: any) => x.message).join()}`).join(" | ")}`));
      expect(found).toEqual([]);
      await shot(`receive-${scheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
  });

  it("fits a phone, where fingers move and zoom", async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "light" });
    const phone = await context.newPage();
    await logIn(phone);
    await phone.goto(`${program.url}/calls/${await idOf(three.room)}?app=1`);
    await drawn(phone, 1);
    const over = phone.locator(".u-over").first();
    await inSight(over);
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    const box = (await over.boundingBox()) as { x: number; y: number; width: number; height: number };
    const cdp = await context.newCDPSession(phone);
    const y = box.y + box.height / 2;
    const touch = (type: string, ...xs: number[]) => cdp.send("Input.dispatchTouchEvent", { type: type as "touchStart", touchPoints: xs.map((x, id) => ({ x: box.x + x, y, id })) });
    await touch("touchStart", 120, 160);
    for (let i = 1; i <= 8; i++) await touch("touchMove", 120 - i * 8, 160 + i * 8);
    await touch("touchEnd");
    await phone.waitForURL((u) => u.searchParams.has("from"));
    const p = new URL(phone.url()).searchParams;
    const before = Number(p.get("from"));
    await touch("touchStart", 200);
    for (let i = 1; i <= 8; i++) await touch("touchMove", 200 - i * 10);
    await touch("touchEnd");
    await phone.waitForURL((u) => Number(u.searchParams.get("from")) > before);
    if (pictures) await phone.screenshot({ path: `${pictures}/phone-light.png` });
    await context.close();
  });

  it("met no error on the way", () => { expect(faults).toEqual([]); });
});
