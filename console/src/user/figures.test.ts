import { describe, expect, it } from "vitest";
import { deviceReadings, extreme, failures, indicatorsOf, mean, metricsOf, type Series, setUpSteps, share, sizes, total } from "./figures";

const series = (values: Record<string, (number | null)[]>, more: Partial<Series> = {}): Series => ({
  session: "s", stream: 1, kind: "video", direction: "receive", times: [1000, 2000, 3000, 4000], intervals: [1000, 1000, 1000, 1000], codec: [], limitation: [], pair: [], values, ...more,
} as Series);
const all: [number, number] = [0, 10_000];

describe("a figure over a range", () => {
  const s = series({ bitrate: [100, null, 300, 500] });

  it("is of the points in it, and null where none was measured", () => {
    expect(mean(s, "bitrate", all)).toBe(300);
    expect(mean(s, "bitrate", [2000, 3000])).toBe(300);
    expect(mean(s, "bitrate", [1000, 2000])).toBeNull();
    expect(mean(s, "loss", all)).toBeNull();
    expect(total(s, "bitrate", all)).toBe(900);
    expect(extreme(s, "bitrate", all, "low")).toBe(100);
  });

  it("weighs points by the time they stand for", () => {
    expect(mean(series({ bitrate: [100, 200] }, { times: [1000, 11_000], intervals: [1000, 9000] }), "bitrate", [0, 20_000])).toBe(190);
  });

  it("keeps the worst that is within a point that stands for several", () => {
    const condensed = series({ bitrate: [100, 200, 300, 400] }, { min: { bitrate: [100, 3, 300, 400] }, max: { bitrate: [900, 200, 300, 400] } });
    expect(extreme(condensed, "bitrate", all, "low")).toBe(3);
    expect(extreme(condensed, "bitrate", all, "high")).toBe(900);
  });

  it("is a share of sums, never of means, and never below zero", () => {
    const s = series({ packets_missing: [0, 10, -2, null], packets_expected: [100, 100, 100, 100] });
    expect(share(s, "packets_missing", "packets_expected", all)).toBe(0.02);
    expect(share(series({ a: [-5], b: [10] }), "a", "b", all)).toBe(0);
    expect(share(series({ a: [5] }), "a", "b", all)).toBeNull();
    expect(share(series({ a: [5], b: [0] }), "a", "b", all)).toBeNull();
  });

  it("has the size that held for longest first", () => {
    expect(sizes(series({ width: [640, 1280, 1280, null], height: [360, 720, 720, null] }), all)).toEqual([{ width: 1280, height: 720, ms: 2000 }, { width: 640, height: 360, ms: 1000 }]);
  });
});

describe("the guide's indicators", () => {
  const ids = (media: "video" | "audio" | "screen") => indicatorsOf(media, "receive").map((i) => i.id);

  it("are all there for each tab", () => {
    expect(ids("video")).toEqual(expect.arrayContaining(["resolution", "bitrate", "fps", "loss", "freeze", "latency"]));
    expect(ids("audio")).toEqual(expect.arrayContaining(["bitrate", "loss", "freeze"]));
    expect(ids("screen")).toEqual(expect.arrayContaining(["bitrate", "fps", "freeze", "loss", "resolution", "jitter", "latency"]));
    expect(deviceReadings(undefined, all, {}).map((d) => d.id)).toEqual(expect.arrayContaining(["cpu_app", "cpu_system"]));
  });

  it("read null as not measured, not as zero", () => {
    for (const side of ["receive", "send"] as const) for (const media of ["video", "audio", "screen"] as const) for (const i of indicatorsOf(media, side)) {
      const { value, worst, past, note } = i.read(series({}, { kind: media, direction: side }), all, { video_freeze: 0.05, audio_freeze: 0.03, downlink_video_loss: 0.2 });
      expect([i.id, value, worst, past, note]).toEqual([i.id, null, null, undefined, undefined]);
    }
  });

  it("mark what is past the app's limits", () => {
    const limits = { video_freeze: 0.05, downlink_video_loss: 0.2, downlink_video_latency: 500 };
    const s = series({ video_stutter_time: [0, 800, 0, 0], video_time: [1000, 1000, 1000, 1000], loss: [0, 0.3, 0, 0], packets_missing: [0, 30, 0, 0], packets_expected: [100, 100, 100, 100], delay: [80, 90, 100, 90] });
    const read = (id: string) => indicatorsOf("video", "receive").find((i) => i.id === id)?.read(s, all, limits);
    expect(read("freeze")).toMatchObject({ value: 0.2, past: 0.05, note: "0.8 s in all" });
    expect(read("loss")).toMatchObject({ value: 0.075, worst: 0.3, past: 0.2 });
    expect(read("latency")).toMatchObject({ value: 90, worst: 100, past: undefined });
    expect(indicatorsOf("screen", "receive").find((i) => i.id === "fps")?.read(series({ fps_decoded: [1, 1, 1, 1] }, { kind: "screen" }), all, {}).past).toBeUndefined();
    expect(indicatorsOf("video", "receive").find((i) => i.id === "fps")?.read(series({ fps_decoded: [5, 5, 5, 5] }), all, {}).past).toBe(10);
  });

  it("say by what an encoder was held back", () => {
    const read = indicatorsOf("video", "send").find((i) => i.id === "limited")?.read;
    expect(read?.(series({ limited_bandwidth: [0, 500, 0, 0], limited_cpu: [0, 0, 0, 0] }), all, {})).toMatchObject({ value: 0.125, note: "by bandwidth" });
  });

  it("ask for every metric that they read", () => {
    expect(metricsOf("video", "receive")).toEqual(expect.arrayContaining(["width", "height", "bitrate", "fps_decoded", "packets_missing", "packets_expected", "loss", "video_stutter_time", "video_time", "delay"]));
  });
});

describe("a set-up", () => {
  const nothing = { joinMs: null, signallingMs: null, iceMs: null, dtlsMs: null, firstAudioSentMs: null, firstVideoSentMs: null, firstAudioReceivedMs: null, firstVideoReceivedMs: null };

  it("is its parts one after another, with what came before them", () => {
    const steps = setUpSteps({ ...nothing, joinMs: 1000, signallingMs: 300, iceMs: 200, dtlsMs: 100, firstVideoReceivedMs: 1500 });
    expect(steps.map((s) => [s.id, s.from, s.to])).toEqual([["before", 0, 400], ["signalling", 400, 700], ["ice", 700, 900], ["dtls", 900, 1000], ["connected", 0, 1000], ["video-received", 0, 1500]]);
  });

  it("leaves out what was not measured", () => {
    expect(setUpSteps(nothing)).toEqual([]);
    expect(setUpSteps({ ...nothing, iceMs: 50 }).map((s) => [s.id, s.from, s.to])).toEqual([["ice", 0, 50]]);
  });
});

it("counts a user's failures over all stays", () => {
  const stay = { tried: true, joined: true, joinedInTime: true, pushTried: 2, pushOk: 2, pullTried: 3, pullOk: 1 };
  expect(failures([stay, { ...stay, joinedInTime: false, pushOk: 1 }, { ...stay, joined: false, joinedInTime: false, pullTried: 0, pullOk: 0 }, { ...stay, tried: false, joined: false, joinedInTime: null, pushTried: 0, pushOk: 0, pullTried: 0, pullOk: 0 }]))
    .toEqual({ joins: [1, 3], late: [2, 3], push: [1, 6], pull: [4, 6] });
  expect(failures([])).toEqual({ joins: [0, 0], late: [0, 0], push: [0, 0], pull: [0, 0] });
});
