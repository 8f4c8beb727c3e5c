// The page of one user and the API trace: three recorded users of whom two lose
// packets, a call that restarted ICE, a lone dump, and a live call of two pages
// that renegotiate and share a screen. Every control is used, by pointer, by
// keys and on a phone.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, inSight, type Program, root, startBrowser, startProgram, until } from "./harness";
import { play, type Played } from "./replay";

declare const axe: { run(context: unknown, options: unknown): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };

/** Where pictures go, if anywhere. */
const pictures = process.env.PICTURES;

interface Call { id: string; stays: Record<string, string> }

let program: Program;
let browser: Browser;
let page: Page;
let three: Played;
let restart: Played;
let lone: Call;
let live: { call: Call; pages: Page[] };
const faults: string[] = [];

/** The call of a room with the stays of its users, once so many are there. */
const callOf = (room: string, users: number): Promise<Call> => until(`the call in ${room}`, async () => {
  const call = (await program.api(`/apps/1/calls?room=${room}`)).items[0];
  if (!call) return undefined;
  const stays: { user: string; id: string }[] = (await program.api(`/apps/1/calls/${call.id}/sessions`)).items;
  return stays.length >= users ? { id: call.id, stays: Object.fromEntries(stays.map((s) => [s.user, s.id])) } : undefined;
});

const userPage = (call: Call, user: string, query = "") => `${program.url}/calls/${call.id}/users/${call.stays[user]}?app=1${query}`;
const params = () => new URL(page.url()).searchParams;
const region = (name: string) => page.getByRole("region", { name, exact: true });
const tab = (name: string | RegExp) => page.getByRole("tablist", { name: "Figures of this user" }).getByRole("tab", { name });
/** Waits for the first charts: those out of sight are not drawn, and those of another tab go. */
const drawn = (at: Page) => until("charts", async () => {
  await at.locator(".chart").first().scrollIntoViewIfNeeded({ timeout: 5_000 }).catch(() => {});
  return (await at.locator(".chart canvas").count()) > 0 ? true : undefined;
});
/** Lines of the trace that are in sight. */
const lines = () => page.getByRole("list", { name: "Events" }).getByRole("listitem");

async function logIn(at: Page): Promise<void> {
  await enter(at, program);
}

async function shot(name: string, at = page): Promise<void> {
  if (!pictures) return;
  await mkdir(pictures, { recursive: true });
  await at.screenshot({ path: `${pictures}/user-${name}.png` });
}

/** Nothing serious or critical by axe's rules; the policy of the page allows no script tag, so it is put in by hand. */
async function accessible(at: Page): Promise<void> {
  await at.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await at.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  expect(violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => n.html.slice(0, 240)).join(" | ")}`)).toEqual([]);
}

/** Follows a link that downloads; gives what came. */
async function downloaded(click: () => Promise<void>): Promise<Download> {
  const got = page.waitForEvent("download");
  await click();
  return got;
}

beforeAll(async () => {
  program = await startProgram();
  [three, restart] = await Promise.all([play(program, "three_loss_down_10"), play(program, "ice_restart")]);
  for (const p of [three, restart]) p.done.catch((e) => faults.push(String(e)));
  const imported = await program.api("/apps/1/import?name=alice.jsonl.gz", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: await readFile(join(root, "protocol/jitsi/testdata/session.jsonl.gz")) });
  lone = { id: imported.call, stays: { alice: (await program.api(`/apps/1/calls/${imported.call}/sessions`)).items[0].id } };
  browser = await startBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  page.on("pageerror", (e) => faults.push(e.message));
  page.on("console", (m) => { if (m.type() === "error" && !/status of 4/.test(m.text())) faults.push(m.text()); });
  await logIn(page);
  await Promise.all([three.done, restart.done]);
});

afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

describe("a user who received of two others", () => {
  let call: Call;

  it("is told of: call, profile, score, set-up, issues, connections", async () => {
    call = await callOf(three.room, 3);
    await page.goto(userPage(call, "ada"));
    await page.getByRole("heading", { level: 2, name: "ada" }).waitFor();
    for (const name of ["Room id", "App", "Domain name", "Room status", "Start – end", "Duration of the call"]) await region("Info").getByText(name, { exact: false }).first().waitFor();
    const profile = region("User profile");
    for (const name of ["Online duration", "Joins not within 5 s", "Failed pushes", "Failed pulls", "Role", "Browser", "Operating system", "Device", "SDK", "Protocol", "Network", "Region", "Carrier", "Address", "Clock offset"]) await profile.getByText(name, { exact: true }).waitFor();
    await profile.getByText("of 1 join").waitFor();
    await profile.getByText("of 4 streams").first().waitFor();
    await profile.getByText("More about this stay").click();
    await profile.getByText("User agent", { exact: true }).waitFor();
    await profile.getByText("More about this stay").click();
    await until("the score and why", async () => ((await region("Score").locator(".reasons li").count()) > 0 ? true : undefined));
    for (const part of ["Signalling", "ICE", "DTLS", "Connected", "First audio received", "First video received"]) await region("Set-up").getByText(part, { exact: true }).waitFor();
    await region("Set-up").getByText("joined within 5 s").waitFor();
    await expect.poll(() => region("Peer connections").getByRole("row").count(), { timeout: 20_000 }).toBe(3);
    await region("Peer connections").getByRole("cell", { name: "relay → relay over udp" }).first().waitFor();
    await shot("top");
  });

  it("has the guide's indicators of video for each sender, and charts of the chosen one", async () => {
    for (const name of ["Sender", "Resolution", "Bit rate", "Frame rate", "Packet loss", "Freeze rate", "Jitter", "Latency", "Operation"]) await page.getByRole("columnheader", { name, exact: true }).waitFor();
    const device = region("Device status");
    for (const name of ["App CPU", "System CPU"]) await expect.poll(() => device.getByText(name, { exact: true }).count(), { timeout: 20_000 }).toBe(2); // of both ends, when it is known who the other is
    const row = page.getByRole("row").filter({ has: page.getByRole("radio", { name: /^ben/ }) });
    await row.getByText("320 × 240").waitFor();
    await row.getByText(/highest \d/).first().waitFor();
    await drawn(page);
    for (const title of ["Bit rate", "Frame rate", "Packet loss", "Freezes", "Resolution", "Latency, end to end"]) await region("Charts of video").getByText(title, { exact: true }).first().waitFor();
    await page.getByRole("radio", { name: /^cleo/ }).click();
    await page.waitForURL(/stream=\d+/);
    await device.getByText("cleo").waitFor();
    // Radios are one stop: arrows choose among them.
    await page.keyboard.press("ArrowUp");
    await until("ben to be chosen again", async () => ((await page.getByRole("radio", { name: /^ben/ }).isChecked()) ? true : undefined));
    await shot("video");
  });

  it("leads to this user's events and to both ends", async () => {
    const row = page.getByRole("row").filter({ has: page.getByRole("radio", { name: /^ben/ }) });
    expect(await row.getByRole("link", { name: "Event list of this user" }).getAttribute("href")).toMatch(new RegExp(`/calls/${call.id}\\?.*view=events.*session=${call.stays.ada}`));
    expect(await row.getByRole("link", { name: /^Both ends, from ben/ }).getAttribute("href")).toMatch(new RegExp(`/ends\\?.*receiver=${call.stays.ada}&sender=${call.stays.ben}`));
  });

  it("shows audio, presentation, all figures and what was sent", async () => {
    await tab(/^Audio subscription/).click();
    for (const name of ["Bit rate", "Packet loss", "Freeze rate"]) await page.getByRole("columnheader", { name, exact: true }).waitFor();
    await tab(/^Presentation subscription/).click();
    await page.getByText("No presentation (screen or window) was received").waitFor();
    expect(params().get("tab")).toBe("screen");
    await tab("All figures").click();
    await drawn(page);
    await page.getByText("Audio · bit rate", { exact: true }).waitFor();
    await tab(/^Video/).click();
    await page.getByText("Sends", { exact: true }).click(); // at once: the one is not forgotten for the other
    await page.waitForURL(/side=send/);
    await tab(/^Video sent/).waitFor();
    for (const name of ["Stream", "Round trip", "Held back"]) await page.getByRole("columnheader", { name, exact: true }).waitFor();
    await page.getByRole("link", { name: /^Details of what this user sends/ }).first().waitFor();
    await shot("sends");
    await page.getByText("Receives", { exact: true }).click();
    await page.waitForURL((u) => !u.searchParams.has("side"));
  });

  it("zooms figures and charts together, by keys, by issue and by the bar", async () => {
    await page.getByRole("radio", { name: /^ben/ }).waitFor();
    await drawn(page);
    await region("Charts of video").locator(".chart").first().focus();
    await page.keyboard.press("+");
    await page.waitForURL(/from=\d+&to=\d+/);
    await page.getByRole("button", { name: "Whole call" }).click();
    await page.waitForURL((u) => !u.searchParams.has("from"));
    await region("Issues of this user").getByRole("button", { name: /show .* on the charts$/ }).first().click();
    await page.waitForURL(/from=\d+&to=\d+/);
    expect(params().get("stream")).toBeTruthy();
    await page.reload();
    await drawn(page);
    await until("the page to come back to the figures", async () => ((await page.evaluate(() => window.scrollY)) > 100 ? true : undefined));
  });

  it("lets choose another user", async () => {
    await page.getByRole("textbox", { name: "User" }).or(page.getByRole("combobox", { name: "User" })).first().click();
    await page.getByRole("option", { name: "ben" }).click();
    await page.waitForURL(new RegExp(`/users/${call.stays.ben}`));
    await page.getByRole("heading", { level: 2, name: "ben" }).waitFor();
    await page.getByRole("button", { name: "Share" }).click();
    await page.getByRole("button", { name: "Dump" }).click();
    const dump = await downloaded(() => page.getByRole("menuitem", { name: /RTCStatsDump/ }).click());
    expect(dump.suggestedFilename()).toMatch(/\.gz$/);
  });

  it("is right for those who use a screen reader, or cannot tell colours", async () => {
    await page.goto(userPage(call, "ada"));
    await drawn(page);
    await accessible(page);
  });
});

describe("the API trace", () => {
  let call: Call;

  it("has calls with what came of them, and opens one", async () => {
    call = await callOf(restart.room, 2);
    await page.goto(`${program.url}/calls/${call.id}?app=1&view=trace&session=${call.stays.ada}`);
    const remote = lines().filter({ hasText: "setRemoteDescription" }).first();
    await remote.getByLabel("succeeded after").waitFor();
    await remote.getByText(/\d+ ms/).waitFor();
    expect(await lines().filter({ hasText: "OnSuccess" }).count()).toBe(0);
    await page.getByLabel("Outcomes as lines of their own").check();
    await lines().filter({ hasText: /↳ setRemoteDescription succeeded/ }).first().waitFor();
    await page.getByLabel("Outcomes as lines of their own").uncheck();
    await remote.getByRole("button").first().click();
    await page.waitForURL(/event=/);
    await lines().getByText("audio, mid 0").waitFor();
    await shot("trace");
  });

  it("finds by name and value, kind and connection, and keeps that in the address", async () => {
    const status = page.getByRole("status").filter({ hasText: "lines" });
    await page.getByRole("textbox", { name: "Search events" }).fill("typ relay");
    await status.getByText(/^\d+ of \d+ lines$/).waitFor();
    await page.waitForURL(/find=typ/);
    await lines().filter({ hasText: "onicecandidate" }).first().waitFor();
    await page.getByRole("textbox", { name: "Search events" }).fill("nothing has this");
    await page.getByRole("button", { name: "Show every line" }).click();
    await status.getByText(/^\d+ lines$/).waitFor();
    await page.getByRole("combobox", { name: "Kinds of event" }).or(page.getByRole("textbox", { name: "Kinds of event" })).first().click();
    await page.getByRole("option", { name: "State change" }).click();
    await page.keyboard.press("Escape");
    await page.waitForURL(/kinds=state/);
    await lines().filter({ hasText: "createOffer" }).first().waitFor({ state: "detached" });
    await page.getByRole("combobox", { name: "Peer connection" }).or(page.getByRole("textbox", { name: "Peer connection" })).first().click();
    await page.getByRole("option", { name: "PC_0" }).click();
    await page.waitForURL(/pc=1/);
    await page.reload();
    await status.getByText(/^\d+ of \d+ lines$/).waitFor();
    await page.getByText("Since the join").click();
    await lines().first().getByText(/^[+−][\d.]+ s$/).waitFor();
    await page.getByText("Time of day").click();
  });

  it("is walked by keys", async () => {
    await page.goto(`${program.url}/calls/${call.id}?app=1&view=trace&session=${call.stays.ada}`);
    await lines().first().waitFor();
    await lines().first().getByRole("button").focus();
    const focused = (place: (item: Element) => boolean, what: string) => until(what, async () =>
      (await page.evaluate((test) => { const item = document.activeElement?.closest("[role=listitem]"); return !!item && (new Function(`return (${test})(arguments[0])`) as (i: Element) => boolean)(item); }, place.toString())) || undefined);
    await page.keyboard.press("End");
    await focused((item) => item.getAttribute("aria-posinset") === item.getAttribute("aria-setsize"), "the last line to have the focus");
    await page.keyboard.press("Home");
    await focused((item) => item.getAttribute("aria-posinset") === "1", "the first line to have the focus");
    await page.keyboard.press("ArrowDown");
    await focused((item) => item.getAttribute("aria-posinset") === "2", "the second line to have the focus");
    await page.keyboard.press("Enter");
    await page.waitForURL(/event=/);
    await until("it to be open", async () => (await page.locator(".trace-row[aria-expanded='true']").count()) === 1 || undefined);
    await page.keyboard.press("Enter");
    await page.waitForURL((u) => !u.searchParams.has("event"));
  });

  it("is led into by a link to an event, whose stay need not be named", async () => {
    const events: { name: string; session: string; index: number }[] = (await program.api(`/apps/1/calls/${call.id}/events?session=${call.stays.ben}&limit=1000`)).items;
    const last = events.filter((e) => e.name === "onicecandidate").at(-1)!;
    await page.goto(`${program.url}/calls/${call.id}?app=1&view=trace&event=${last.session}/${last.index}`);
    const open = page.locator(".trace-row[aria-expanded='true']");
    await open.getByText("onicecandidate").waitFor();
    await until("it to be in sight", async () => ((await open.evaluate((el) => { const { top, bottom } = el.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; })) ? true : undefined));
  });

  it("compares session descriptions, and reads them", async () => {
    await page.getByRole("tab", { name: /^Session descriptions/ }).click();
    await page.waitForURL(/trace=sdp/);
    const steps = page.getByRole("list", { name: "Session descriptions" }).getByRole("listitem");
    await steps.filter({ hasText: "ICE restart (new ufrag)" }).first().getByRole("button").click();
    const audio = page.getByRole("group", { name: "Differences of audio, mid 0" });
    await audio.getByText("a=ice-ufrag:").first().waitFor();
    expect(await audio.locator("[data-mark='−']").count()).toBeGreaterThan(0);
    expect(await audio.locator("[data-mark='+']").count()).toBeGreaterThan(0);
    const folds = audio.getByRole("button", { name: /unchanged lines?$/ });
    await folds.first().click();
    await folds.first().waitFor({ state: "detached" });
    await shot("differences");
    await page.getByText("Contents", { exact: true }).click();
    await page.getByText("opus 48000/2", { exact: false }).first().waitFor();
    await page.getByText("Text", { exact: true }).click();
    await page.getByLabel("Text of the description").getByText("v=0").waitFor();
    await page.getByRole("button", { name: "Copy: the description" }).click();
    await accessible(page);
  });

  it("has candidates, paths and states of each connection", async () => {
    await page.getByRole("tab", { name: "Candidates and paths" }).click();
    const pc = page.getByRole("region", { name: "ICE of PC_0" });
    for (const name of ["Local candidates", "Remote candidates"]) await pc.getByRole("table", { name }).getByText("relay", { exact: true }).first().waitFor();
    await pc.getByText("relay over udp → relay over udp").first().waitFor();
    await pc.getByRole("img", { name: /^ICE: .*connected/ }).waitFor();
    await pc.getByText(/Gathering took .*, again/).waitFor();
    await shot("candidates");
    await accessible(page);
    const dump = await downloaded(() => page.getByRole("link", { name: "Dump" }).click());
    expect(dump.suggestedFilename()).toMatch(/\.gz$/);
  });
});

describe("what is not there", () => {
  it("is said of a stay that the call does not have", async () => {
    const call = await callOf(three.room, 3);
    await page.goto(`${program.url}/calls/${call.id}/users/${lone.stays.alice}?app=1`);
    await page.getByText("This user is not in the call").waitFor();
    expect(await page.getByRole("link", { name: /To the call and who is in it/ }).getAttribute("href")).toContain(`/calls/${call.id}`);
    await page.goto(`${program.url}/calls/${call.id}/users/nonsense?app=1`);
    await page.getByText("This user is not in the call").waitFor();
  });

  it("is said of a lone recording, and of a client without statistics, who is anonymous", async () => {
    await page.goto(userPage(lone, "alice"));
    await page.getByText("A lone recording.").waitFor();
    await drawn(page);
    const hello = { type: "hello", v: 1, session: "quiet-session-of-tests", key: program.key };
    // A batch by hand: one open record of a room, then goodbye.
    const payload = Buffer.from(JSON.stringify({ room: "quiet" }));
    const open = Buffer.from([0x81, payload.length + 2, 0, payload.length, ...payload]);
    const bye = Buffer.from([0x08, 1, 2]);
    const time: number[] = [];
    for (let n = Date.now(); ; n = Math.floor(n / 128)) { if (n < 128) { time.push(n); break; } time.push((n % 128) | 128); }
    const batch = Buffer.from([0x10, 1, ...time, ...open, ...bye]);
    const sent = await fetch(`${program.url}/ingest/native`, { method: "POST", headers: { Origin: program.url }, body: Buffer.concat([Buffer.from(`${JSON.stringify(hello)}\n`), Buffer.from([batch.length]), batch]) });
    expect(sent.status, await sent.text()).toBe(200);
    const quiet = await callOf("quiet", 1);
    await page.goto(`${program.url}/calls/${quiet.id}/users/${Object.values(quiet.stays)[0]}?app=1`);
    await page.getByText("Anonymous.").waitFor();
    await page.getByRole("note").getByText("No statistics.").waitFor();
    await page.getByText("This stay opened no peer connection").waitFor();
    await page.getByRole("note").getByRole("button", { name: "To the API trace" }).click();
    await lines().first().waitFor();
    await shot("nothing");
  });
});

describe("a live call", () => {
  it("is followed: figures come, a renegotiation is seen as it happens", async () => {
    const context = await browser.newContext({ permissions: ["camera", "microphone"] });
    const pages: Page[] = [];
    for (const user of ["Ada", "Grace"]) {
      const p = await context.newPage();
      await p.goto(`${program.url}/demo?room=live-of-u&user=${user}`);
      await p.click("#enter");
      pages.push(p);
    }
    live = { call: await callOf("live-of-u", 2), pages };
    await page.goto(userPage(live.call, "Ada"));
    await page.getByText("In the room", { exact: true }).waitFor();
    await page.getByRole("radio", { name: /^Grace/ }).waitFor();
    await region("Set-up").getByText("First video received").waitFor();
    await drawn(page);
    await inSight(page.locator(".chart").nth(1));
    await shot("live");
    await tab("API trace").click();
    const status = page.getByRole("status").filter({ hasText: "lines" });
    const before = Number((await status.innerText()).replace(/\D/g, ""));
    await pages[0]!.evaluate(() => { (globalThis as any).peerglass.event("said by the test", { n: 1 }); });
    await until("the event to come by itself", async () => (Number((await status.innerText()).replace(/\D/g, "")) > before ? true : undefined));
    await page.getByRole("textbox", { name: "Search events" }).fill("said by the test");
    await lines().filter({ hasText: "said by the test" }).waitFor();
  });

  it("tells the description that the page left to the browser to make", async () => {
    await page.getByRole("button", { name: "Clear the search" }).click();
    await page.getByRole("tab", { name: /^Session descriptions/ }).click();
    const steps = page.getByRole("list", { name: "Session descriptions" }).getByRole("listitem");
    await steps.filter({ hasText: /local (offer|answer)/ }).filter({ hasText: "audio" }).first().waitFor();
    await steps.filter({ hasText: /remote (offer|answer)/ }).first().waitFor();
  });

  it("is over: the dump is there, the page stays", async () => {
    for (const p of live.pages) await p.close();
    await page.getByText("Left", { exact: true }).waitFor({ timeout: 60_000 });
    await until("the dump", async () => ((await page.getByRole("link", { name: "Dump" }).getAttribute("aria-disabled")) === "false" ? true : undefined));
  });
});

describe("on a phone", () => {
  it("fits, in the dark as in the light, with every control in reach", async () => {
    const call = await callOf(three.room, 3);
    const sdp = await callOf(restart.room, 2);
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme, hasTouch: true });
      const phone = await context.newPage();
      phone.on("pageerror", (e) => faults.push(`phone: ${e.message}`));
      await logIn(phone);
      const fits = () => phone.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
      await phone.goto(userPage(call, "ada"));
      await phone.getByRole("heading", { level: 2, name: "ada" }).waitFor();
      await shot(`phone-${colorScheme}`, phone);
      await phone.getByRole("radio", { name: /^cleo/ }).first().tap();
      await phone.waitForURL(/stream=/);
      await until("the tapped sender to be the one that is marked", async () => ((await phone.getByRole("radio", { name: /^cleo/ }).isChecked()) ? true : undefined));
      await drawn(phone);
      expect(await fits()).toBe(true);
      await inSight(phone.getByRole("radio", { name: /^cleo/ }).first());
      await shot(`phone-video-${colorScheme}`, phone);
      await accessible(phone);
      await phone.goto(`${program.url}/calls/${sdp.id}?app=1&view=trace&trace=sdp&session=${sdp.stays.ben}`);
      await phone.getByRole("list", { name: "Session descriptions" }).getByRole("listitem").filter({ hasText: "ICE restart" }).getByRole("button").first().tap();
      await phone.getByRole("group", { name: "Differences of audio, mid 0" }).waitFor();
      expect(await fits()).toBe(true);
      await shot(`phone-sdp-${colorScheme}`, phone);
      await phone.getByRole("tab", { name: "Candidates and paths" }).tap();
      await phone.getByText("Path that media took").waitFor();
      expect(await phone.locator(".trace").evaluate((el) => [el.scrollLeft, el.scrollWidth > el.clientWidth])).toEqual([0, false]);
      expect(await fits()).toBe(true);
      await shot(`phone-ice-${colorScheme}`, phone);
      await phone.getByRole("tab", { name: "Calls and events" }).tap();
      await phone.getByRole("list", { name: "Events" }).waitFor();
      expect(await fits()).toBe(true);
      await shot(`phone-trace-${colorScheme}`, phone);
      await context.close();
    }
  });

  it("and nothing was thrown on the way", () => {
    expect(faults).toEqual([]);
  });
});
