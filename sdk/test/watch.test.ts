// What the SDK measures beside getStats, held against what the page itself
// sees: pictures and gaps of real streams in a real browser, told to a server
// with the real decoder (test/sink).
import { afterEach, beforeEach, expect, test } from "vitest";
import { page, type Stay, state, until, url } from "./harness";

// What test/pages/watch.js and the SDK put into the page.
type Shown = HTMLVideoElement & { frames: [number, number][] };
interface Camera {
  track: MediaStreamTrack;
  still: boolean;
}
interface Call {
  a: RTCPeerConnection;
  b: RTCPeerConnection;
  senders: RTCRtpSender[];
  received: MediaStreamTrack[];
}
declare const peerglass: (typeof import("../src/index"))["peerglass"];
declare function call(...tracks: MediaStreamTrack[]): Promise<Call>;
declare function show(track: MediaStreamTrack, kind?: string): Shown;
declare function camera(fps?: number): Camera;
declare function tone(): MediaStreamTrack;
declare function gaps(el: Shown): number;
declare function pictures(el: Shown): number;
declare const errors: string[];
declare let c: Call, el: Shown, cam: Camera, ref: WeakRef<object>;
declare const gc: () => void;

// The page is of another origin than the SDK and the server, as pages are.
beforeEach(async () => {
  await page.goto(url.replace("localhost", "127.0.0.1") + "/pages/watch.html");
  await page.addScriptTag({ url: url + "/sdk.js" });
  session = await page.evaluate((endpoint) => {
    peerglass.init({ key: "pgk_test", endpoint, pollInterval: 500, audioGaps: true });
    peerglass.join({ room: "blue", user: "alice" });
    return peerglass.status()!.session;
  }, url);
});

afterEach(async () => {
  expect(await page.evaluate(() => errors)).toEqual([]);
  expect(await page.evaluate(() => peerglass.status()!.faults)).toBe(0);
});

/** The server's side of the stay: a page of the test before may still say goodbye. */
let session = "";
const mine = async (): Promise<Stay> => (await state())[session]!;

/**
 * Ends the stay and returns what the server has of it, and of a received track;
 * and what the page saw before and after: the last poll came between the two.
 */
async function ended(track?: string): Promise<{ stay: Stay; report: Record<string, any>; seen: { gaps: number; pictures: number }[] }> {
  const seen = await page.evaluate(async () => {
    const watched = (globalThis as { el?: Shown }).el;
    const now = () => ({ gaps: watched ? gaps(watched) : 0, pictures: watched ? pictures(watched) : 0 });
    const before = now();
    await peerglass.leave();
    return [before, now()];
  });
  const left = await mine();
  expect(left.faults).toBeNull();
  return { stay: left, report: reportOf(left, track)!, seen };
}

/** Expects what was told to be what the page saw, give or take. */
function expectSeen(told: number, seen: number[], give: number): void {
  expect(told, `seen ${seen.join(" to ")}`).toBeGreaterThan(Math.min(...seen) - give);
  expect(told, `seen ${seen.join(" to ")}`).toBeLessThan(Math.max(...seen) + give);
}

function reportOf(stay: Stay, track: string | undefined): Record<string, any> | undefined {
  for (const conn of Object.values(stay.stats)) {
    for (const r of Object.values(conn)) if (r.type === "inbound-rtp" && r.trackIdentifier === track) return r;
  }
  return undefined;
}

/** A call whose one camera is shown and watched. */
async function watched(): Promise<string> {
  await page.evaluate(async () => {
    cam = camera();
    c = await call(cam.track);
    el = show(c.received[0]!);
    peerglass.watchVideo(el, "bob", "camera");
  });
  await page.waitForFunction(() => pictures(el) > 40);
  return page.evaluate(() => c.received[0]!.id);
}

test("pictures and gaps are told as the page saw them", async () => {
  const track = await watched();
  for (const ms of [400, 900, 1700]) {
    await page.evaluate(async (ms) => {
      cam.still = true;
      await new Promise((done) => setTimeout(done, ms));
      cam.still = false;
    }, ms);
    const before = await page.evaluate(() => pictures(el));
    await page.waitForFunction((n) => pictures(el) > n + 20, before);
  }
  const { stay, report, seen } = await ended(track);
  expect(seen[0]!.gaps, "the page saw the two long ones").toBeGreaterThan(2400);
  expectSeen(1000 * report.peerglassVideoStutterDuration, seen.map((s) => s.gaps), 100);
  expectSeen(report.peerglassFramesShown, seen.map((s) => s.pictures), 10);
  expect(stay.records.filter((r) => r.name === "mapStream").map((r) => r.payload)).toEqual([{ track, user: "bob", label: "camera" }]);
});

test("a gap counts while it goes on, and once", async () => {
  const track = await watched();
  await page.evaluate(() => c.senders[0]!.replaceTrack(null));
  const going = async () => reportOf(await mine(), track)?.peerglassVideoStutterDuration as number;
  await until("a second of it", async () => (await going()) > 1);
  await until("another", async () => (await going()) > 2);
  await page.evaluate(() => c.senders[0]!.replaceTrack(cam.track));
  const before = await page.evaluate(() => pictures(el));
  await page.waitForFunction((n) => pictures(el) > n + 20, before);
  const { report, seen } = await ended(track);
  expectSeen(1000 * report.peerglassVideoStutterDuration, seen.map((s) => s.gaps), 150);
});

test("a busy page invents no freezes, and pictures are counted for which it was not called", async () => {
  const track = await page.evaluate(async () => {
    c = await call(...(await navigator.mediaDevices.getUserMedia({ video: { frameRate: 20 } })).getTracks()); // does not need the page
    el = show(c.received[0]!);
    peerglass.watchVideo(el);
    return c.received[0]!.id;
  });
  await page.waitForFunction(() => pictures(el) > 40);
  for (let i = 0; i < 3; i++) {
    await page.evaluate(() => {
      for (const end = performance.now() + 1500; performance.now() < end; );
    });
    const before = await page.evaluate(() => pictures(el));
    await page.waitForFunction((n) => pictures(el) > n + 10, before);
  }
  const { report, seen } = await ended(track);
  expect(await page.evaluate(() => pictures(el) - el.frames.length), "the browser did not call for each").toBeGreaterThan(30);
  expectSeen(report.peerglassFramesShown, seen.map((s) => s.pictures), 10);
  // One that is invented lasts as long as the page was busy; a strained machine has shorter ones of its own.
  expect(report.peerglassVideoStutterDuration).toBeLessThan(1.4);
});

test("a stall goes on when pictures come that the browser does not show; those of an element out of sight are not missed", async () => {
  const track = await watched();
  // So many pictures come in each quarter of a second of a stall of 2.5 s, and none is shown.
  const stall = (come: number[]) => page.evaluate(async (come) => {
    let more = 0;
    const real = el.getVideoPlaybackQuality;
    el.getVideoPlaybackQuality = () => ({ totalVideoFrames: 1000 + more }) as VideoPlaybackQuality;
    cam.still = true;
    for (const n of come) {
      await new Promise((done) => setTimeout(done, 250));
      more += n;
    }
    el.getVideoPlaybackQuality = real;
    cam.still = false;
    const before = el.frames.length;
    while (el.frames.length < before + 15) await new Promise((done) => setTimeout(done, 20));
    const times = el.frames.slice(before - 1).map(([at]) => at);
    return { all: gaps(el), stall: Math.max(...times.map((at, i) => at - (times[i - 1] ?? at))) };
  }, come);
  expect((await stall([0, 0, 0, 3, 0, 0, 0, 0, 0, 0])).stall).toBeGreaterThan(2000);
  const unseen = await stall([6, 6, 6, 6, 6, 6, 6, 6, 6, 6]);
  expect(unseen.stall).toBeGreaterThan(2000);
  const { report } = await ended(track);
  // A strained machine has gaps of its own, which count.
  expect(Math.abs(1000 * report.peerglassVideoStutterDuration - (unseen.all - unseen.stall))).toBeLessThan(100);
});

test("nothing is missed in a hidden page, of a paused element, and of a muted track", async () => {
  const track = await watched();
  const off: Record<string, [() => unknown, () => unknown]> = {
    hidden: [() => seen(false), () => seen(true)],
    paused: [() => el.pause(), () => el.play()],
    muted: [() => mute(true), () => mute(false)],
  };
  await page.evaluate(() => {
    const g = globalThis as any;
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    g.seen = (on: boolean) => {
      hidden = !on;
      document.dispatchEvent(new Event("visibilitychange"));
    };
    g.mute = (on: boolean) => {
      Object.defineProperty(c.received[0]!, "muted", { configurable: true, value: on });
      c.received[0]!.dispatchEvent(new Event(on ? "mute" : "unmute"));
    };
  });
  for (const [begin, end] of Object.values(off)) {
    await page.evaluate(`(${begin})()`);
    await page.evaluate(() => c.senders[0]!.replaceTrack(null));
    await page.evaluate(() => new Promise((done) => setTimeout(done, 1200)));
    await page.evaluate(() => c.senders[0]!.replaceTrack(cam.track));
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300))); // the picture is there before it is due
    await page.evaluate(`void (${end})()`);
    const before = await page.evaluate(() => pictures(el));
    await page.waitForFunction((n) => pictures(el) > n + 20, before);
  }
  const { report } = await ended(track);
  expect(report.peerglassVideoStutterDuration).toBe(0);
});
declare function seen(on: boolean): void;
declare function mute(on: boolean): void;

test("an element that shows another stream is told of that one", async () => {
  const [first, second] = await page.evaluate(async () => {
    cam = camera();
    c = await call(cam.track, camera().track);
    el = show(c.received[0]!);
    show(c.received[1]!);
    peerglass.watchVideo(el, "bob");
    return c.received.map((t) => t.id);
  });
  await page.waitForFunction(() => pictures(el) > 20);
  await page.evaluate(async () => {
    cam.still = true; // what is shown no more is not missed
    await new Promise((done) => setTimeout(done, 300));
    el.srcObject = new MediaStream([c.received[1]!]);
    el.frames.length = 0;
  });
  await page.waitForFunction(() => pictures(el) > 40);
  const { stay, report } = await ended(second);
  expect(report.peerglassVideoStutterDuration).toBe(0);
  expect(report.peerglassFramesShown).toBeGreaterThan(40);
  expect(reportOf(stay, first), "the other's figures are gone").not.toHaveProperty("peerglassFramesShown");
  expect(stay.records.filter((r) => r.name === "mapStream").map((r) => r.payload.track)).toEqual([first, second]);
});

test("an element that the page lets go of is not kept", async () => {
  await page.evaluate(async () => {
    c = await call(camera().track);
    const v = show(c.received[0]!);
    peerglass.watchVideo(v, "bob");
    await new Promise((done) => setTimeout(done, 500));
    v.remove();
    v.srcObject = null;
    ref = new WeakRef(v);
  });
  await until("the element to go", () => page.evaluate(() => (gc(), ref.deref() === undefined)));
  expect((await ended()).stay.records.some((r) => r.name === "mapStream")).toBe(true);
});

test("who is who is told again when another call begins", async () => {
  const track = await watched();
  const next = await page.evaluate(() => {
    peerglass.join({ room: "red", user: "alice" });
    return peerglass.status()!.session;
  });
  expect(next).not.toBe(session);
  const told = await until("the mapping in both", async () => {
    const all = await state();
    const both = [session, next].map((id) => all[id]?.records.filter((r) => r.name === "mapStream").map((r) => r.payload.track) ?? []);
    return both.every((m) => m.length) && both;
  });
  expect(told).toEqual([[track], [track]]);
});

test("gaps of a sound are told, and silence is none", async () => {
  const track = await page.evaluate(async () => {
    const mic = tone();
    c = await call(mic);
    show(c.received[0]!, "audio");
    return c.received[0]!.id;
  });
  const report = () => mine().then((s) => s && reportOf(s, track));
  const steady = await until("sound for a while", async () => {
    const r = await report();
    return r?.totalSamplesDuration > 3 && r!.peerglassAudioStutterDuration !== undefined && r;
  });
  await page.evaluate(async () => {
    const { track } = c.senders[0]!;
    track!.enabled = false; // silence is sent
    await new Promise((done) => setTimeout(done, 600));
    track!.enabled = true;
    for (const ms of [500, 1200]) {
      await c.senders[0]!.replaceTrack(null); // nothing is
      await new Promise((done) => setTimeout(done, ms));
      await c.senders[0]!.replaceTrack(track);
      await new Promise((done) => setTimeout(done, 1000));
    }
  });
  const now = (await ended(track)).report;
  const told = now.peerglassAudioStutterDuration - steady.peerglassAudioStutterDuration;
  const made = (now.concealedSamples - steady.concealedSamples) / 48_000;
  expect(made, "the browser filled the two gaps").toBeGreaterThan(1.4);
  expect(Math.abs(told - made), `${told} s told, ${made} s made up`).toBeLessThan(0.25);
});

test("the machine is told where the browser tells it", async () => {
  await page.evaluate(async () => {
    const g = globalThis as any;
    g.PressureObserver = class {
      constructor(private tell: (r: { state: string }[]) => void) {}
      async observe(source: string) {
        if (source === "cpu") g.press = (...states: string[]) => this.tell(states.map((state) => ({ state })));
      }
    };
    Object.defineProperty(navigator, "getBattery", { configurable: true, value: async () => ({ level: 0.42, charging: false, chargingTime: Infinity }) });
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    c = await call(...media.getTracks());
    g.press("serious", "fair");
  });
  const machine = await until("the machine's report", async () => {
    const own = (await mine())?.stats.PC_0?.["peerglass-client"];
    return own?.battery !== undefined && own;
  });
  expect(machine).toMatchObject({ type: "client", battery: 0.42, batteryCharging: false });
  expect(machine.cpuPressure).toBeGreaterThanOrEqual(1);
  expect(machine.loopLag).toBeGreaterThanOrEqual(0);
  expect(machine.memoryUsed).toBeGreaterThan(100_000);
  const { stay } = await ended();
  expect(stay.records.filter((r) => r.name === "devices").map((r) => r.payload)).toEqual([
    { audioinput: expect.stringMatching(/\S/), videoinput: expect.stringMatching(/\S/) },
  ]);
});

test("what the application tells arrives as the server reads it", async () => {
  await page.evaluate(async () => {
    c = await call(camera().track);
    peerglass.mapStream(c.received[0]!, "bob", "camera");
    peerglass.mapStream(7, "bob");
    peerglass.mapStream("0", "bob");
    peerglass.mapStream(c.b, "bob", "peer");
    peerglass.mute("audio");
    peerglass.unmute("audio");
    peerglass.mute("video", "bob");
    peerglass.hold(true);
    peerglass.screenShare(true, c.received[0]);
    peerglass.dominantSpeaker("bob");
    peerglass.devices({ audiooutput: "Speakers" });
    peerglass.wifi({ signal: 70, rssi: -60 });
    peerglass.error("openChat", new TypeError("x is undefined"));
    peerglass.error("openChat", "it broke");
    peerglass.keys({ team: "support", ticket: 7 });
    peerglass.feedback({ overall: 4, audio: 5, video: 3, screen: 2, comment: "fine" });
    peerglass.log("info", "x".repeat(30_000));
  });
  const track = await page.evaluate(() => c.received[0]!.id);
  const { stay } = await ended();
  const told = (name: string) => stay.records.filter((r) => r.name === name).map((r) => r.payload);
  expect(stay.records.filter((r) => r.name === "mapStream").map((r) => [r.conn, r.payload])).toEqual([
    ["", { track, user: "bob", label: "camera" }], ["", { ssrc: 7, user: "bob" }], ["", { mid: "0", user: "bob" }], ["PC_1", { user: "bob", label: "peer" }],
  ]);
  expect(told("mute")).toEqual([{ kind: "audio" }, { kind: "video", user: "bob" }]);
  expect(told("unmute")).toEqual([{ kind: "audio" }]);
  expect(told("hold")).toEqual([{ on: true }]);
  expect(told("screenShare")).toEqual([{ on: true, track }]);
  expect(told("dominantSpeaker")).toEqual([{ user: "bob" }]);
  expect(told("devices")).toEqual([{ audiooutput: "Speakers" }]);
  expect(told("wifi")).toEqual([{ signal: 70, rssi: -60 }]);
  expect(told("error").slice(0, 2)).toMatchObject([{ function: "openChat", name: "TypeError", message: "x is undefined" }, { function: "openChat", message: "it broke" }]);
  expect(stay.records.filter((r) => r.kind === "open").map((r) => r.payload.keys)).toContainEqual({ team: "support", ticket: "7" });
  expect(stay.records.find((r) => r.kind === "feedback")!.payload).toEqual({ overall: 4, audio: 5, video: 3, screen: 2, comment: "fine" });
  expect(stay.records.find((r) => r.kind === "log" && r.name === "info")!.payload.length).toBeLessThanOrEqual(20 << 10);
  expect(told("logTruncated")).toEqual([{ bytes: 30_000, kept: 20 << 10 }]);
});
