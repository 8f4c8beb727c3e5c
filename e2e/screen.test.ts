// A screen beside a camera that is sent in three layers: two pages with plain
// connections, and every page of the console that tells the two apart.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { enter, inSight, until } from "./harness";
import { negotiate, received, type Seen, shown, type Stage, startStage } from "./stage";

declare const pc: RTCPeerConnection;
declare function hangUp(): Promise<void>;

const pictures = process.env.PICTURES; // a folder: what was tested is kept as pictures to look at

const room = "standup";

let stage: Stage;
let page: Page; // of the console
let seen: Seen;
const faults: string[] = [];

const stayOf = (user: string) => seen.sessions.find((s) => s.user === user).id as string;
const address = (path: string, query: Record<string, string> = {}) => `${stage.program.url}/calls/${seen.call.id}${path}?${new URLSearchParams({ app: String(seen.call.app), ...query })}`;
/** Charts are drawn when they come into sight, which a page that is still being laid out may move them out of. */
const drawn = (what: string, at: ReturnType<Page["locator"]>) => until(what, async () => {
  await inSight(at);
  return (await at.locator(".chart canvas").count()) > 0 ? true : undefined;
});

beforeAll(async () => {
  stage = await startStage("p2p", { before: "const { user: me, other: them } = args;", after: "Object.assign(globalThis, { pc, hangUp });" });
  const ada = await stage.open("ada", { other: "ben" });
  const ben = await stage.open("ben", { other: "ada" });
  await ben.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
    pc.addTrack(stream.getAudioTracks()[0]!, stream);
    pc.addTransceiver(stream.getVideoTracks()[0]!, { streams: [stream], sendEncodings: [{ rid: "q", scaleResolutionDownBy: 4 }, { rid: "h", scaleResolutionDownBy: 2 }, { rid: "f" }] });
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
    for (const track of screen.getTracks()) pc.addTrack(track, screen);
    // A browser takes no layers. The answer says it does, as that of a media
    // server would, so that all three are sent.
    const set = pc.setRemoteDescription.bind(pc);
    pc.setRemoteDescription = (d) => set({ ...d, sdp: d.sdp?.replace(/m=video[^]*?(?=m=|$)/, "$&a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n") });
  });
  await ada.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
  });
  await negotiate(ben, ada);
  await shown(stage.program, room, "layers of the camera, and the screen", (s) =>
    s.streams("ben").filter((t) => t.direction === "send" && t.kind === "video" && t.rid && t.bytes > 0).length >= 2
    && received(s, "ada").includes("screen of ben") && s);
  // A few polls more, so that there are lines to draw.
  await until("polls of the screen", async () => {
    const now = await shown(stage.program, room, "the call", (s) => s);
    const ben = now.sessions.find((s) => s.user === "ben").id;
    const { series } = await stage.program.api<{ series: any[] }>(`/apps/1/calls/${now.call.id}/samples?session=${ben}&kind=screen&width=600&metrics=bitrate`);
    return series.flatMap((x) => x.values.bitrate ?? []).filter((v: number | null) => (v ?? 0) > 0).length > 4 || undefined;
  }, 30_000);
  for (const p of [ada, ben]) await p.evaluate(() => hangUp());
  seen = await shown(stage.program, room, "both to have left, and all of it to be written", (s) => s.sessions.length === 2 && s.sessions.every((x) => x.hasDump) && s);
  page = await stage.context.newPage();
  page.on("pageerror", (e) => faults.push(e.message));
  await page.setViewportSize({ width: 1440, height: 900 });
  await enter(page, stage.program);
}, 120_000);

afterEach(async (t) => { if (pictures) await page.screenshot({ path: `${pictures}/screen-${t.task.name.slice(0, 12).replaceAll(" ", "-")}.png` }); });

afterAll(() => stage?.stop());

it("is a tab of what was received and of what was sent", async () => {
  await page.goto(address(""));
  await page.getByRole("tab", { name: "Screen sharing" }).click();
  await page.waitForURL(/tab=screen/);
  const card = (name: string) => page.getByRole("region", { name, exact: true });
  await drawn("ada's charts", card("ada received"));
  await card("ada received").getByRole("toolbar", { name: "Lines" }).getByRole("button", { name: /^ben/ }).waitFor();
  await page.getByText("Sender", { exact: true }).click();
  await page.waitForURL(/side=send/);
  await drawn("ben's charts", card("ben sent"));
  // The camera's layers are one line of what ben sent.
  await page.getByRole("tab", { name: "Video", exact: true }).click();
  await page.waitForURL(/tab=video/);
  await drawn("ben's camera", card("ben sent"));
});

it("is a column of the matrix", async () => {
  await page.goto(address("", { view: "matrix" }));
  const grid = page.getByRole("grid", { name: /Who hears and sees whom/ });
  await grid.getByRole("link", { name: /^ada receives ben.*screen/i }).waitFor();
  await page.getByRole("radiogroup", { name: "Kind" }).getByText("Screen", { exact: true }).click();
  await page.waitForURL(/tab=screen/);
  await until("only the screen", async () => ((await grid.getByRole("link").count()) === 1 ? true : undefined));
});

it("has its own tab from end to end, with the segments of pictures", async () => {
  await page.goto(address("/ends", { receiver: stayOf("ada"), sender: stayOf("ben"), tab: "screen" }));
  for (const half of ["Sender", "Receiver"]) {
    const region = page.getByRole("region", { name: new RegExp(`^${half}: `) });
    await region.getByText(/(upstream|downstream) and packet loss/).first().waitFor();
    await drawn(`the ${half.toLowerCase()}'s half`, region);
  }
  expect(await page.getByRole("tab", { name: "Screen" }).getAttribute("aria-selected")).toBe("true");
});

it("says from end to end that a camera was sent in three layers", async () => {
  await page.goto(address("/ends", { sender: stayOf("ben"), tab: "video" }));
  await page.getByText("3 layers: the bit rate is their sum", { exact: false }).waitFor();
});

it("is the user page's presentation, with its own figures", async () => {
  await page.goto(address(`/users/${stayOf("ada")}`));
  await page.getByRole("tab", { name: "Presentation subscription" }).click();
  await page.getByRole("row", { name: /ben/ }).first().waitFor();
});

it("threw nothing on the way", () => {
  expect(faults).toEqual([]);
  expect(stage.errors).toEqual([]);
});
