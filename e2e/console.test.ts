// The console as a newcomer meets it: the one-time password, an empty list, a
// dump dropped into it, the call with its charts, zoom and trace.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inSight, type Program, startBrowser, startProgram, until } from "./harness";

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
    await expect.poll(() => page.locator("code").filter({ hasText: program.key }).count(), { timeout: 20_000 }).toBe(1);
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

  it("shows the call: what it came to, users and charts", async () => {
    await page.getByRole("region", { name: "Room profile" }).getByText("Join success").waitFor();
    await page.getByRole("table", { name: "Users" }).getByRole("link").first().waitFor();
    // Charts are drawn when they come into sight.
    await inSight(page.locator("#charts .chart").first());
    await until("charts", async () => ((await page.locator(".chart canvas").count()) > 0 ? true : undefined));
  });

  it("zooms all charts by dragging, and double click shows the whole call", async () => {
    const over = page.locator(".chart .u-over").first();
    await inSight(over);
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

  it("shows what the client called, and what it passed", async () => {
    await page.getByRole("tab", { name: "API trace" }).click();
    const trace = page.getByRole("list", { name: "Events" });
    await trace.getByText("createOffer", { exact: true }).first().waitFor();
    await page.getByRole("textbox", { name: "Search events" }).fill("setRemoteDescription");
    await trace.getByText("createOffer", { exact: true }).first().waitFor({ state: "detached" });
    await trace.getByText("setRemoteDescription").first().click();
    await page.waitForURL(/event=/);
  });

  it("filters the list and keeps the filters in the address", async () => {
    await page.getByRole("link", { name: "Calls", exact: true }).first().click();
    await page.getByRole("radiogroup", { name: "Time range" }).getByText("All", { exact: true }).click();
    await page.getByRole("table").getByRole("row").nth(1).waitFor();
    await page.getByRole("textbox", { name: "Room id" }).fill("no-such-room");
    await page.getByText("No call matches").waitFor();
    expect(new URL(page.url()).searchParams.get("room")).toBe("no-such-room");
    await page.getByRole("button", { name: /Show every call/ }).click();
    await page.getByRole("table").getByRole("row").nth(1).waitFor();
  });

  it("shows no other app's calls where the address names one that is not there", async () => {
    await page.goto(`${program.url}/calls?app=77&range=all`);
    await page.getByText("There is no app 77 here").waitFor();
    expect(await page.getByRole("table").count()).toBe(0);
    await page.getByRole("link", { name: /^Calls of / }).click();
    await page.getByRole("textbox", { name: "Room id" }).waitFor();
    await page.waitForURL("**/calls?app=1*");
  });

  it("makes an ingest key for the pages that are named, and no other", async () => {
    await page.getByRole("link", { name: "Apps", exact: true }).first().click();
    await page.getByText("http://localhost:*", { exact: true }).waitFor();
    await page.getByRole("tabpanel").getByRole("button", { name: "Add" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("button", { name: "Create" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Name").fill("Web client");
    await dialog.getByLabel("Origins").first().fill("meet.example.org");
    await dialog.getByLabel("Origins").first().press("Enter");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("is not an origin").waitFor();
    await dialog.getByLabel("Origins").first().press("Backspace");
    await dialog.getByLabel("Origins").first().fill("https://meet.example.org");
    await dialog.getByLabel("Origins").first().press("Enter");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText("https://meet.example.org", { exact: true }).waitFor();
  });

  it("makes a token and says what is in one", async () => {
    await page.getByRole("tab", { name: "Tokens" }).click();
    await page.getByText("Where the app secret is enough").waitFor();
    await page.getByLabel("Room").fill("standup");
    await page.getByLabel("User", { exact: true }).fill("ada");
    await page.getByRole("button", { name: "Make" }).click();
    const token = await page.locator("code").filter({ hasText: /^eyJ/ }).innerText();
    const field = page.getByRole("textbox", { name: "Token" });
    await field.fill(token);
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByRole("status").getByText("It would be let in.").waitFor();
    await page.getByRole("status").getByText("standup").waitFor();
    await field.fill(token.slice(0, -4));
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByRole("status").getByText("token_signature").waitFor();
  });

  it("keeps a default configuration that browsers would take", async () => {
    await page.getByRole("tab", { name: "Settings" }).click();
    const connection = page.getByRole("textbox", { name: "Peer connection" });
    await connection.fill('{ "iceServers": [');
    await page.getByText("This is no JSON").waitFor();
    await connection.fill('{ "iceServers": [{ "urls": "turn:turn.example.org" }] }');
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("a TURN server needs username and credential").waitFor();
    await connection.fill('{ "iceServers": [{ "urls": "stun:stun.example.org" }] }');
    await page.getByRole("button", { name: "Save" }).click();
    await until("the configuration to be kept", async () => (await page.evaluate(async () => (await (await fetch("/api/v1/apps/1/default-config")).json()).peerConnection)) ?? undefined);
  });

  it("shows what clients were refused for", async () => {
    await page.getByRole("tab", { name: "Log" }).click();
    await page.getByText("No client was turned away").waitFor();
    for (let i = 0; i < 3; i++) {
      const hello = { type: "hello", v: 1, session: "session-of-tests", key: program.key, token: "nonsense" };
      expect((await fetch(`${program.url}/ingest/native`, { method: "POST", body: JSON.stringify(hello) + "\n" })).status).toBe(401);
    }
    const entry = page.getByRole("list", { name: "Log" }).getByRole("listitem").filter({ hasText: "token_malformed" });
    await entry.getByText("3 times").waitFor();
  });

  it("lets in whose log-in overtook the question who is there", async () => {
    const other = await browser.newPage();
    const known = other.waitForResponse((r) => r.url().endsWith("/api/v1/login"));
    let asked = 0;
    await other.route("**/api/v1/me", async (route) => {
      const first = asked++ === 0;
      const response = await route.fetch();
      if (first) await (await known).finished(); // "nobody" comes when somebody is
      await route.fulfill({ response });
    });
    await other.goto(`${program.url}/login`);
    await other.getByLabel("Account").fill("admin");
    await other.getByRole("textbox", { name: "Password" }).fill("a password for tests only");
    await other.getByRole("button", { name: "Log in" }).click();
    await other.waitForURL("**/calls*");
    expect(asked).toBeGreaterThan(1);
    await other.close();
  });

  it("logged no error on the way", () => {
    // The refused dump answers with a 4xx, which Chromium logs.
    expect(faults.filter((f) => !/status of 4/.test(f))).toEqual([]);
  });
});
