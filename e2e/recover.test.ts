// The console when the server is out of reach, when a part's code cannot be
// loaded and when the log-in is over: it says so in a sentence, and goes on by
// itself where it was.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import { enter, type Program, root, startBrowser, startProgram, until } from "./harness";

let program: Program;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let call: string;

beforeAll(async () => {
  program = await startProgram();
  browser = await startBrowser();
  await program.api("/apps/1/import?name=ada.dump", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: new Uint8Array(await readFile(join(root, "fidelity/testdata/clean/ada.dump"))) });
  call = await until("the imported call", async () => (await program.api("/apps/1/calls?from=2020-01-01T00:00:00Z")).items[0]?.id);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  await enter(page, program);
});

afterEach(() => context.close());

const list = () => page.goto(`${program.url}/calls?app=1&range=all`).then(() => page.getByRole("row").getByRole("link").first().waitFor());
const whole = () => page.goto(`${program.url}/calls/${call}?app=1`).then(() => page.getByText("Room profile").waitFor());

describe("the console", () => {
  it("says that the server is away, and shows what was asked for when it is back", async () => {
    await whole(); // its code is there from now on
    await list();
    await page.evaluate(() => { (window as unknown as { same: boolean }).same = true; });
    await context.route("**/api/**", (r) => r.abort("connectionrefused"));
    await page.getByRole("row").getByRole("link").first().click();
    await page.getByText("The call could not be read").waitFor();
    await page.getByRole("status").getByText("The server cannot be reached").waitFor();
    await context.unroute("**/api/**");
    await page.getByText("Room profile").waitFor();
    await until("nothing said of the server any more", async () => ((await page.getByText("The server cannot be reached").count()) === 0 ? true : undefined));
    expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same)).toBe(true);
  });

  it("keeps a list that was read while its next question fails", async () => {
    await list();
    await context.route("**/api/**", (r) => r.abort("connectionrefused"));
    await page.getByRole("status").getByText("The server cannot be reached").waitFor();
    await page.getByRole("row").getByRole("link").first().waitFor();
    expect(await page.getByText("could not be read").count()).toBe(0);
    await context.unroute("**/api/**");
    await until("nothing said of the server any more", async () => ((await page.getByText("The server cannot be reached").count()) === 0 ? true : undefined));
  });

  it("says that a part could not be loaded, and loads the page again where it was", async () => {
    await whole();
    await context.route(/\/(assets\/Trace|api\/)/, (r) => r.abort("connectionrefused"));
    await page.getByRole("tab", { name: "API trace" }).click();
    await page.getByRole("alert").getByText("This part could not be loaded").waitFor();
    expect(await page.getByText("Call id").count()).toBe(1); // the rest of the page stands
    await context.unroute(/\/(assets\/Trace|api\/)/);
    await page.getByRole("tab", { name: "API trace", selected: true }).waitFor();
    await page.getByText("getUserMedia").first().waitFor();
  });

  it("leads to the log-in when it is over, and back to the same view", async () => {
    await list(); // it asks again and again by itself
    await context.clearCookies();
    await page.getByText("Your log-in is over. Log in again to go on where you were.").waitFor();
    await page.getByLabel("Account").fill(program.admin.name);
    await page.getByRole("textbox", { name: "Password" }).fill(program.admin.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL("**/calls?*range=all*");
    await page.getByRole("row").getByRole("link").first().waitFor();
  });
});
