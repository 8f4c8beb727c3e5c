import { describe, expect, it } from "vitest";
import { find, readings, type Told } from "./reading";

const told = (values: (number | null)[], interval = 1000): Told =>
  ({ times: values.map((_, i) => (i + 1) * interval), intervals: values.map(() => interval), values, min: values, max: values });

const whole: [number, number] = [0, 10_000_000];
const many = <T>(n: number, v: T): T[] => Array.from({ length: n }, () => v);
const say = (f: ReturnType<typeof find>) => f.map((x) => `${x.reading.id} ${x.step.level} ${x.start / 1000}–${x.end / 1000} ${Math.round(x.worst * 1000) / 1000}`);

describe("packet loss", () => {
  it("is named by how bad it came to be", () => {
    expect(say(find("receive", "video", new Map([["loss", told([0, 0.01, 0.03, 0.08, 0.02, 0, 0, 0, 0, 0.12, 0])]]), whole))).toEqual(["loss high 9–10 0.12", "loss medium 2–5 0.08"]);
  });
  it("below 2 % is good", () => {
    expect(find("receive", "video", new Map([["loss", told(many(20, 0.019))]]), [0, 20_000])).toEqual([]);
  });
  it("that the other end tells every five seconds is one stretch", () => {
    const n = null;
    expect(say(find("send", "audio", new Map([["loss", told([0.06, n, n, n, n, 0.07, n, n, n, n, 0])]]), whole))).toEqual(["loss medium 0–6 0.07"]);
  });
  it("that does not stop is serious though it is small", () => {
    expect(say(find("receive", "audio", new Map([["loss", told(many(40, 0.012))]]), whole))).toEqual(["loss-constant high 0–40 0.012"]);
    expect(find("receive", "audio", new Map([["loss", told([...many(20, 0.012), 0, ...many(20, 0.012)])]]), whole)).toEqual([]);
  });
  it("is found at its worst within a point that sums up a minute", () => {
    const t: Told = { times: [60_000], intervals: [60_000], values: [0.01], min: [0], max: [0.2] };
    expect(say(find("receive", "video", new Map([["loss", t]]), whole))).toEqual(["loss high 0–60 0.2"]);
  });
});

describe("bit rate", () => {
  it("that falls by more than 30 % of what was usual is said, until it is back", () => {
    expect(say(find("send", "video", new Map([["bitrate", told([...many(10, 1000), ...many(4, 600), ...many(5, 950)])]]), whole))).toEqual(["bitrate-drop low 10–14 0.4"]);
  });
  it("of a screen follows its keyframes", () => {
    expect(find("send", "screen", new Map([["bitrate", told([...many(10, 1000), ...many(4, 100)])]]), whole)).toEqual([]);
  });
  it("of who muted says nothing", () => {
    expect(find("send", "audio", new Map([["bitrate", told([...many(10, 1000), ...many(6, 0)])]]), whole, [{ start: 9_500, end: 20_000 }])).toEqual([]);
  });
});

describe("frame rate", () => {
  it("that stays below 10 is red, and a swing within it says nothing more", () => {
    expect(say(find("receive", "video", new Map([["fps_decoded", told([...many(10, 24), 8, 7, 8, ...many(10, 24)])]]), whole)).filter((s) => s.startsWith("fps medium"))).toEqual(["fps medium 10–13 7"]);
    expect(find("receive", "video", new Map([["fps_decoded", told([...many(10, 24), 8, ...many(10, 24)])]]), whole).map((f) => f.reading.id)).toEqual(["fps-swing"]);
  });
  it("of a screen is normal from 5 on", () => {
    expect(find("send", "screen", new Map([["fps_sent", told(many(30, 6))]]), whole)).toEqual([]);
  });
  it("is said once though it shows in several figures", () => {
    const slow = told([...many(10, 24), ...many(5, 3), ...many(10, 24)]);
    expect(find("receive", "video", new Map([["fps_decoded", slow], ["fps_rendered", slow]]), whole).filter((f) => f.reading.id === "fps")).toHaveLength(1);
  });
});

describe("the rest", () => {
  it("delay above 400 ms", () => {
    expect(say(find("receive", "video", new Map([["delay", told([399, 400, 450, 390])]]), whole))).toEqual(["delay medium 1–3 450"]);
  });
  it("a picture that stood still, by how long altogether", () => {
    expect(say(find("receive", "video", new Map([["video_stutter_time", told([0, 900, 1000, 400, 0, 0, 0, 0, 0, 700, 0])]]), whole))).toEqual(["stutter-video high 1–4 2300", "stutter-video medium 9–10 700"]);
  });
  it("system CPU above 50 % and 85 %", () => {
    expect(say(find("send", "video", new Map([["cpu_system", told([0.4, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.9])]]), whole))).toEqual(["cpu-system high 7–8 0.9", "cpu-system low 1–2 0.6"]);
  });
  it("a volume below 40 dB for ten seconds", () => {
    expect(say(find("send", "audio", new Map([["volume", told([...many(5, 70), ...many(12, 20), 70])]]), whole))).toEqual(["volume low 5–17 20"]);
    expect(find("send", "audio", new Map([["volume", told([...many(5, 70), ...many(8, 20), 70])]]), whole)).toEqual([]);
  });
  it("a resolution that changes again and again", () => {
    expect(say(find("send", "video", new Map([["height", told([720, 720, 360, 360, 720, 360, 720])]]), whole))).toEqual(["resolution low 3–7 4"]);
  });
  it("only what touches the range", () => {
    const loss = new Map([["loss", told([...many(5, 0.1), ...many(20, 0)])]]);
    expect(find("receive", "video", loss, [10_000, 20_000])).toEqual([]);
    expect(find("receive", "video", loss, [4_000, 20_000])).toHaveLength(1);
  });
});

it("has steps from mild to severe, and red at one of them", () => {
  const rank = { low: 0, medium: 1, high: 2 };
  for (const r of readings) {
    const worse = r.steps.map((s) => (r.worse === "above" || r.rule !== "level" ? s.at : -s.at));
    expect(worse, r.id).toEqual([...worse].sort((a, b) => a - b));
    expect(r.steps.map((s) => rank[s.level]), r.id).toEqual(r.steps.map((s) => rank[s.level]).sort());
    expect(new Set(readings.map((x) => x.id)).size).toBe(readings.length);
  }
});
