// What a page tells beyond getStats, from the SDK to the API: frames and
// freezes that an element showed, whose streams they are, and the words of the
// application.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, snippet, startBrowser, startProgram, until } from "./harness";
import { received, shown } from "./stage";

declare const start: (room: string, offers: boolean) => Promise<() => void>;
declare const senders: RTCRtpSender[];
declare const peerglass: (typeof import("../sdk/src/index"))["peerglass"];

const room = "standup";
let program: Program, browser: Browser, context: BrowserContext, pages: Server;

beforeAll(async () => {
  program = await startProgram({ args: ["--poll", "1s"] });
  const own = await build({
    stdin: {
      contents: `import { call } from "./call"; globalThis.start = call; globalThis.senders = [];
        const { addTrack } = RTCPeerConnection.prototype;
        RTCPeerConnection.prototype.addTrack = function (...a) { const s = addTrack.apply(this, a); senders.push(s); return s; };`,
      resolveDir: import.meta.dirname,
    },
    bundle: true, write: false, format: "iife", target: "es2022",
  });
  const [script] = (await snippet("script", program)).split("<script>");
  const html = `<!doctype html><meta charset="utf-8"><title>A page</title><body><script>${own.outputFiles[0]!.text}</script>${script}`;
  pages = createServer((_, res) => res.setHeader("Content-Type", "text/html; charset=utf-8").end(html));
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser({ args: ["--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required"] });
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  pages?.closeAllConnections();
  pages?.close();
  await program?.stop();
});

async function open(user: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/`);
  await page.evaluate(([room, user]) => peerglass.join({ room: room!, user }), [room, user]);
  return page;
}

test("exact freezes, who is who, and what the application says", async () => {
  const alice = await open("alice");
  const bob = await open("bob");
  await alice.evaluate((room) => start(room, true), room);
  await bob.evaluate((room) => start(room, false), room);
  const video = await alice.waitForSelector("video");
  await alice.evaluate((v) => peerglass.watchVideo(v as HTMLVideoElement, "bob", "camera"), video);
  const frames = () => alice.evaluate((v) => (v as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames, video);
  await until("pictures", async () => (await frames()) > 15 || undefined);

  await bob.evaluate(async () => {
    const sender = senders.find((s) => s.track?.kind === "video")!;
    const { track } = sender;
    await sender.replaceTrack(null);
    await new Promise((done) => setTimeout(done, 2500));
    await sender.replaceTrack(track);
  });
  const before = await frames();
  await until("pictures again", async () => (await frames()) > before + 10 || undefined);
  await alice.evaluate(() => {
    peerglass.hold(true);
    peerglass.hold(false);
    peerglass.dominantSpeaker("bob");
    peerglass.devices({ audiooutput: "Speakers" });
    peerglass.wifi({ signal: 70 });
    peerglass.error("openChat", new TypeError("x is undefined"));
    peerglass.keys({ team: "support" });
    peerglass.feedback({ overall: 2, comment: "froze" });
    peerglass.log("warn", "x".repeat(30_000));
    return peerglass.leave();
  });
  await bob.evaluate(() => peerglass.leave());

  const seen = await shown(program, room, "both to have left, and what alice told", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    expect(received(s, "alice")).toContain("video of bob");
    expect(s.streams("alice").find((x) => x.remoteUser === "bob")).toMatchObject({ kind: "video", direction: "receive", label: "camera" });
    expect(s.sessions.find((x) => x.user === "alice")).toMatchObject({ keys: { team: "support" } });
    expect(s.events("alice", "hold")).toEqual([{ on: true }, { on: false }]);
    expect(s.events("alice", "dominantSpeaker")).toEqual([{ user: "bob" }]);
    expect(s.events("alice", "devices")).toContainEqual({ audiooutput: "Speakers" });
    expect(s.events("alice", "devices"), "the SDK tells of those that are sent from").toContainEqual({ audioinput: expect.any(String), videoinput: expect.any(String) });
    expect(s.events("alice", "wifi")).toEqual([{ signal: 70 }]);
    expect(s.events("alice", "error")).toMatchObject([{ function: "openChat", name: "TypeError", message: "x is undefined" }]);
    expect(s.events("alice", "feedback")).toEqual([{ overall: 2, comment: "froze" }]);
    expect(s.events("alice", "logTruncated")).toEqual([{ bytes: 30_000, kept: 20 << 10 }]);
    return s;
  });
  const stay = seen.sessions.find((s) => s.user === "alice")!;

  const base = `/apps/${seen.call.app}/calls/${seen.call.id}`;
  let all: any[] = [];
  const values = (metric: string, kind: string): number[] =>
    all.filter((x) => x.kind === kind && x.direction !== "send").flatMap((x) => x.values?.[metric] ?? []).filter((v: number | null) => v !== null);
  const stutter = () => values("video_stutter_time", "video").reduce((sum, v) => sum + v, 0);
  await until("the freeze", async () => {
    const { series } = await program.api<{ series: any[] }>(`${base}/samples?session=${stay.id}&metrics=fps_rendered,stutter_basis,video_stutter_time,memory_used,loop_lag`);
    all = series;
    expect(stutter(), "ms that it stood still").toBeGreaterThan(2300);
    expect(values("stutter_basis", "video"), "1: measured by the client").toContain(1);
    expect(Math.max(...values("fps_rendered", "video"))).toBeGreaterThan(0);
    expect(Math.min(...values("memory_used", "client"))).toBeGreaterThan(100_000);
    expect(values("loop_lag", "client").length).toBeGreaterThan(1);
    return true;
  }, undefined, () => JSON.stringify(all));
  const issue = await until("the application's error", async () => {
    const { items } = await program.api<{ items: any[] }>(`${base}/issues`);
    return items.find((i) => i.type === "app_error");
  });
  expect(issue.evidence[0].text).toBe("openChat: TypeError: x is undefined");
});
