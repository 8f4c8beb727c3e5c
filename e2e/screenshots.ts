// Makes docs/screenshots from real calls: pages of the demo in a browser with
// fake devices, then the console in both schemes, on a desk and on a phone.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { type Program, startBrowser, startProgram, until } from "./harness";
import { conditions } from "./rig/conditions";
import { startRelays } from "./rig/relay";
import { play } from "./replay";
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

/** Brings a part to the top of the window. */
async function bring(part: Locator): Promise<void> {
  await part.waitFor();
  await part.evaluate((el) => window.scrollTo(0, el.getBoundingClientRect().top + window.scrollY - 66));
}

/** Waits until so many charts are drawn, and none is still waiting for its figures. */
async function drawn(page: Page, n: number): Promise<void> {
  await until("charts", async () => ((await page.locator(".chart canvas").count()) >= n ? true : undefined));
  await page.waitForLoadState("networkidle").catch(() => undefined); // a live call is never idle
  await page.waitForTimeout(700);
}

it("pictures of every page", async () => {
  const bad = await badCall();
  const three = await play(program, "three_loss_up_10");
  await three.done;
  await leave(await meet("support-4711", ["Ines", "Customer 4711"], 6));
  await leave(await meet("sales-demo", ["Jonas", "Mei"], 4));
  await leave(await meet("interview", ["Priya", "Tom"], 5));
  const pages = await meet("design-review", ["Ada", "Grace"], 45);
  await pages[0]?.screenshot({ path: `${out}/demo.png` });
  const call = await until("the call in the list", async () => (await program.api("/apps/1/calls?room=design-review")).items[0]);
  const group = await until("the verdict on the call of three", async () => (await program.api(`/apps/1/calls?room=${three.room}`)).items.find((c: { verdict: { sentences: string[] } | null }) => c.verdict?.sentences.length));
  const stays = Object.fromEntries((await program.api(`/apps/1/calls/${bad}/sessions`)).items.map((s: { user: string; id: string }) => [s.user, s.id]));
  const ends = `receiver=${stays.ada}&sender=${stays.ben}`;

  for (const scheme of ["light", "dark"] as const) {
    for (const [width, height, size] of [[1440, 900, ""], [390, 844, "-phone"]] as const) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
      const page = await context.newPage();
      const shot = (name: string) => page.screenshot({ path: `${out}/${name}-${scheme}${size}.png` });
      const open = (path: string) => page.goto(`${program.url}${path}${path.includes("?") ? "&" : "?"}app=1`);
      await page.goto(`${program.url}/login`);
      await page.getByLabel("Account").waitFor();
      await shot("login");
      await page.getByLabel("Account").fill(program.admin.name);
      await page.getByRole("textbox", { name: "Password" }).fill(program.admin.password);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL("**/calls*");
      await page.getByRole("link", { name: /support-4711/ }).first().waitFor();
      await page.waitForTimeout(500);
      await shot("calls");
      await open(`/calls/${call.id}`);
      await page.getByText("Room profile").waitFor();
      await page.waitForTimeout(1500);
      await shot("call");
      await open(`/calls/${bad}`);
      await page.getByText("Room profile").waitFor();
      await page.waitForTimeout(1500);
      await shot("verdict");
      await bring(page.getByRole("heading", { name: /Data received/ }).first());
      await drawn(page, 1);
      await shot("quality");
      await open(`/calls/${group.id}?view=matrix`);
      await bring(page.getByRole("tab", { name: /Who hears/ }).first());
      await page.waitForTimeout(1000);
      await shot("matrix");
      await open(`/calls/${call.id}?view=events`);
      await bring(page.getByRole("tab", { name: /Events/ }).first());
      await page.waitForTimeout(1500);
      await shot("events");
      await open(`/calls/${call.id}?view=trace&session=${(await program.api(`/apps/1/calls/${call.id}/sessions`)).items[0].id}`);
      await page.getByText("setRemoteDescription").first().click();
      await page.waitForTimeout(700);
      await shot("trace");
      await open(`/calls/${bad}/users/${stays.ada}`);
      await page.getByText("User profile").waitFor();
      await page.waitForTimeout(1500);
      await shot("user");
      await open(`/calls/${bad}/ends?${ends}`);
      await page.getByText("What stands out in this range").waitFor();
      await page.waitForTimeout(1500);
      await shot("ends");
      await bring(page.getByRole("heading", { name: /Receiver/ }).first());
      await drawn(page, 1);
      await shot("ends-receiver");
      await page.goto(`${program.url}/apps`);
      await page.getByText("Ingest keys").first().waitFor();
      await shot("apps");
      await context.close();
    }
  }
  await leave(pages);
}, 900_000);
