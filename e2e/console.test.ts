// The console as a newcomer meets it: the one-time password, an empty list, a
// dump dropped into it, the call with its charts, zoom and trace.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Program, startBrowser, startProgram, until } from "./harness";

const recording = resolve(import.meta.dirname, "../protocol/jitsi/testdata/session.jsonl.gz");

let program: Program;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  program = await startProgram({ firstLogin: false });
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page.on("pageerror", (e) => faults.push(e.message));
  // Asking who one is before logging in is answered by 401, which Chromium logs.
  page.on("console", (m) => { if (m.type() === "error" && !/401/.test(m.text())) faults.push(m.text()); });
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

describe("console", () => {
  it("makes the first user choose a password", async () => {
    await page.goto(program.url);
    await page.getByLabel("Account").fill("admin");
    await page.getByRole("textbox", { name: "Password" }).fill(program.admin.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("textbox", { name: "New password" }).fill("a password for tests only");
    await page.getByRole("textbox", { name: "Once more" }).fill("a password for tests only");
    await page.getByRole("button", { name: "Save and go on" }).click();
    await page.waitForURL("**/calls*");
  });

  it("says what to do next where there is no call", async () => {
    await page.getByText("No calls: last 7 days").waitFor();
    await expect.poll(() => page.locator("code").filter({ hasText: program.key }).count()).toBe(1);
  });

  it("imports a dump and refuses what is none with a reason", async () => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Import dumps" }).click();
    await (await chooser).setFiles([
      { name: "session.jsonl.gz", mimeType: "application/gzip", buffer: await readFile(recording) },
      { name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear Peerglass") },
    ]);
    await page.getByText("is not a recording").waitFor();
    await page.getByRole("link", { name: "Open the call" }).click();
    await page.waitForURL("**/calls/*");
  });

  it("shows the call: users, charts and the trace", async () => {
    await page.getByRole("region", { name: "Users" }).getByRole("row").nth(1).waitFor();
    await until("charts", async () => ((await page.locator(".chart canvas").count()) > 5 ? true : undefined));
    await page.getByText("Bit rate").first().waitFor();
    const trace = page.getByRole("list", { name: "Events" });
    await trace.getByText("createOffer", { exact: true }).first().waitFor();
    await page.getByRole("textbox", { name: "Search events" }).fill("setRemoteDescription");
    await trace.getByText("createOffer", { exact: true }).first().waitFor({ state: "detached" });
    await trace.getByText("setRemoteDescription").first().click();
    await trace.locator("pre").first().waitFor();
    expect(new URL(page.url()).searchParams.get("event")).toBeTruthy();
  });

  it("zooms all charts by dragging, and double click shows the whole call", async () => {
    const over = page.locator(".chart .u-over").first();
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (!box) throw new Error("the chart has no place on the page");
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 6 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+&to=\d+/);
    await over.dblclick();
    await page.waitForURL((u) => !u.searchParams.has("from"));
  });

  it("filters the list and keeps the filters in the address", async () => {
    await page.getByRole("link", { name: "Calls", exact: true }).first().click();
    await page.getByText("All", { exact: true }).click();
    await page.getByRole("table").getByRole("row").nth(1).waitFor();
    await page.getByRole("textbox", { name: "Room id" }).fill("no-such-room");
    await page.getByText("No call matches").waitFor();
    expect(new URL(page.url()).searchParams.get("room")).toBe("no-such-room");
    await page.getByRole("button", { name: /Show every call/ }).click();
    await page.getByRole("table").getByRole("row").nth(1).waitFor();
  });

  it("logged no error on the way", () => {
    // The refused dump answers with a 4xx, which Chromium logs.
    expect(faults.filter((f) => !/status of 4/.test(f))).toEqual([]);
  });
});
