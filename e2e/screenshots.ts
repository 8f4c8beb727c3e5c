// Makes docs/screenshots from real calls: pages of the demo in a browser with
// fake devices, then the console in both schemes, on a desk and on a phone.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { type Program, startBrowser, startProgram, until } from "./harness";
import { conditions } from "./rig/conditions";
import { startRelays } from "./rig/relay";
import { makeCall, servePages } from "./rig/run";

const out = resolve(import.meta.dirname, "../docs/screenshots");
let program: Program;
let browser: Browser;

beforeAll(async () => {
  program = await startProgram();
  browser = await startBrowser();
  await mkdir(out, { recursive: true });
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

async function attend(room: string, name: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${program.url}/demo?room=${room}`);
  await page.getByLabel(/name/i).first().fill(name);
  await page.getByRole("button", { name: /join/i }).first().click();
  return page;
}

async function meet(room: string, names: [string, string], seconds: number): Promise<Page[]> {
  const pages = [await attend(room, names[0]), await attend(room, names[1])];
  await pages[0]?.waitForTimeout(seconds * 1000);
  return pages;
}

const leave = (pages: Page[]) => Promise.all(pages.map((p) => p.getByRole("button", { name: /hang up|leave/i }).click().then(() => p.context().close())));

/** A call whose path has 150 kbit/s for 10 s; returns its id. */
async function badCall(): Promise<string> {
  const relays = await startRelays();
  const pages = await servePages();
  try {
    const bad = conditions.find((c) => c.name === "rate_down_150");
    if (!bad) throw new Error("the rig has no such condition");
    const out = await mkdtemp(join(tmpdir(), "peerglass-pictures-"));
    await (await makeCall({ program, app: 1, relays, pages: pages.url, out, pollMs: 2000, strict: false }, bad, 1))();
    await rm(out, { recursive: true });
  } finally {
    await pages.stop();
    await relays.stop();
  }
  return (await until("the verdict", async () => (await program.api("/apps/1/calls")).items.find((c: { room: string; verdict: { sentences: string[] } | null }) => c.room.includes("rate_down") && c.verdict?.sentences.length))).id;
}

it("pictures of every page", async () => {
  const bad = await badCall();
  await leave(await meet("support-4711", ["Ines", "Customer 4711"], 6));
  await leave(await meet("sales-demo", ["Jonas", "Mei"], 4));
  await leave(await meet("interview", ["Priya", "Tom"], 5));
  const pages = await meet("design-review", ["Ada", "Grace"], 45);
  await pages[0]?.screenshot({ path: `${out}/demo.png` });
  const call = await until("the call in the list", async () => (await program.api("/apps/1/calls?room=design-review")).items[0]);

  for (const scheme of ["light", "dark"] as const) {
    for (const [width, height, size] of [[1440, 900, ""], [390, 844, "-phone"]] as const) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
      const page = await context.newPage();
      const shot = (name: string) => page.screenshot({ path: `${out}/${name}-${scheme}${size}.png` });
      await page.goto(`${program.url}/login`);
      await page.getByLabel("Account").waitFor();
      await shot("login");
      await page.getByLabel("Account").fill(program.admin.name);
      await page.getByRole("textbox", { name: "Password" }).fill(program.admin.password);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL("**/calls*");
      await page.getByRole("link", { name: /support-4711/ }).first().waitFor();
      await shot("calls");
      await page.goto(`${program.url}/calls/${call.id}?app=1`);
      await until("charts", async () => ((await page.locator(".chart canvas").count()) > 5 ? true : undefined));
      await page.waitForTimeout(1500);
      await shot("call");
      await page.goto(`${program.url}/calls/${bad}?app=1`);
      await until("charts", async () => ((await page.locator(".chart canvas").count()) > 5 ? true : undefined));
      await page.waitForTimeout(1500);
      await shot("verdict");
      await page.locator("#charts").scrollIntoViewIfNeeded();
      await page.evaluate(() => window.scrollTo(0, document.getElementById("charts")?.offsetTop ?? 0));
      await page.waitForTimeout(500);
      await shot("issues");
      await page.goto(`${program.url}/calls/${call.id}?app=1`);
      await until("charts", async () => ((await page.locator(".chart canvas").count()) > 5 ? true : undefined));
      await page.waitForTimeout(1000);
      await page.locator(".chart").nth(2).scrollIntoViewIfNeeded();
      await page.evaluate(() => window.scrollTo(0, document.querySelectorAll(".chart")[2]?.getBoundingClientRect().top ?? 0));
      await page.waitForTimeout(300);
      await shot("charts");
      await page.getByRole("list", { name: "Events" }).scrollIntoViewIfNeeded();
      await page.getByRole("list", { name: "Events" }).getByText("setRemoteDescription").first().click();
      await page.waitForTimeout(300);
      await shot("trace");
      await page.goto(`${program.url}/apps`);
      await page.getByText("Ingest keys").first().waitFor();
      await shot("apps");
      await context.close();
    }
  }
  await leave(pages);
}, 600_000);
