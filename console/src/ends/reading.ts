// How the figures are to be read: the thresholds of the guide's "Priority
// Metrics", and those that Peerglass adds, in one table. The charts draw it as
// zones and red lines, the drawer lists it, and find says what of it stands out.
import type { Kind } from "./told";
import type { Half } from "./types";

export type Level = "low" | "medium" | "high";

/** From where on a figure means something. */
export interface Step {
  at: number;
  level: Level;
  word: string;
  why: string;
}

export interface Reading {
  id: string;
  label: string;
  /** Metrics that it reads; the first is the one that names it. "volume" is audio_level in dB. */
  metrics: string[];
  unit: string;
  halves: Half[];
  kinds: Kind[];
  worse: "above" | "below";
  /** level: a value past a step; the others look at how it goes on. */
  rule: "level" | "constant" | "drop" | "swing" | "changes";
  /** From mild to severe. */
  steps: Step[];
  /** How long it must last, ms, before it is said. */
  least: number;
  /** The step from which on the line is red; absent: never. */
  red?: number;
  /** What is normal, for people. */
  normal: string;
  /** Where the threshold comes from. */
  from: string;
  /** What counts is the sum of the stretch, not its worst point. */
  total?: boolean;
  /** Says nothing of times in which nothing is meant to move: muted, on hold, just begun. */
  excused?: boolean;
}

const guide = "Tencent RTC guide, Priority Metrics";
const pictures: Kind[] = ["video", "screen"];
const all: Kind[] = ["video", "audio", "screen"];
const both: Half[] = ["send", "receive"];

export const readings: Reading[] = [
  {
    id: "loss", label: "Packet loss", metrics: ["loss"], unit: "ratio", halves: both, kinds: all, worse: "above", rule: "level", least: 0, red: 0.05, from: guide,
    normal: "0 is excellent, below 2 % good",
    steps: [
      { at: 0.02, level: "low", word: "fair", why: "Below 2 % is good, above 5 % poor: between them retransmissions and error correction mostly hide it." },
      { at: 0.05, level: "medium", word: "poor", why: "Above 5 % network conditions are poor: pictures stand still and sound is made up." },
      { at: 0.1, level: "high", word: "serious congestion", why: "Above 10 % the network is seriously congested." },
    ],
  },
  {
    id: "loss-constant", label: "Constant packet loss", metrics: ["loss"], unit: "ratio", halves: both, kinds: all, worse: "above", rule: "constant", least: 30_000, from: guide,
    normal: "loss comes and goes",
    steps: [{ at: 0.01, level: "high", word: "serious congestion", why: "Packet loss that does not stop, here at least 1 % in each point for 30 s, is serious network congestion even where it is small." }],
  },
  {
    id: "bitrate-drop", label: "Bit rate", metrics: ["bitrate"], unit: "bit/s", halves: both, kinds: ["video", "audio"], worse: "below", rule: "drop", least: 2_000, from: guide, excused: true,
    normal: "fluctuates by less than 10 %; a screen's follows its keyframes, every 5 to 10 s, and is not judged",
    steps: [
      { at: 0.3, level: "low", word: "fell by more than 30 %", why: "A fall by more than 30 % of what it was just before points to congestion or jitter, if the picture or the sound did not change by itself." },
      { at: 0.6, level: "medium", word: "fell by more than 60 %", why: "A dramatic fall of the bit rate is a sign of congestion." },
    ],
  },
  {
    id: "fps", label: "Frame rate", metrics: ["fps_sent", "fps_decoded", "fps_rendered", "fps_captured"], unit: "fps", halves: both, kinds: ["video"], worse: "below", rule: "level", least: 2_000, red: 10, from: guide, excused: true,
    normal: "15 fps or more, without swings",
    steps: [
      { at: 10, level: "medium", word: "below 10 fps", why: "A frame rate that falls and stays below 10 fps points to congestion or jitter: the user sees stutter." },
      { at: 5, level: "high", word: "below 5 fps", why: "Below 5 fps hardly anything moves." },
    ],
  },
  {
    id: "fps-screen", label: "Frame rate", metrics: ["fps_sent", "fps_decoded", "fps_rendered", "fps_captured"], unit: "fps", halves: both, kinds: ["screen"], worse: "below", rule: "level", least: 5_000, red: 1, from: guide, excused: true,
    normal: "5 to 10 fps; browsers send fewer while nothing moves on the screen",
    steps: [
      { at: 5, level: "low", word: "below 5 fps", why: "5 to 10 fps are normal for a shared screen. Browsers send fewer where nothing moves, so that this alone is no fault." },
      { at: 1, level: "medium", word: "below 1 fps", why: "Next to nothing is shown any more; on a still screen that is no fault." },
    ],
  },
  {
    id: "fps-swing", label: "Frame rate", metrics: ["fps_sent", "fps_decoded", "fps_rendered"], unit: "fps", halves: both, kinds: ["video"], worse: "above", rule: "swing", least: 0, from: guide, excused: true,
    normal: "swings by less than 5 fps",
    steps: [{ at: 5, level: "low", word: "swings by more than 5 fps", why: "Swings of the frame rate by more than 5 fps point to congestion or jitter." }],
  },
  {
    id: "stutter-video", label: "Picture stood still", metrics: ["video_stutter_time"], unit: "ms", halves: ["receive"], kinds: pictures, worse: "above", rule: "level", total: true, least: 0, red: 1, from: "Definition of the video freeze rate: gaps of 600 ms and longer",
    normal: "none",
    steps: [
      { at: 1, level: "medium", word: "stutter", why: "Time without a new picture, in gaps of 600 ms and longer." },
      { at: 2000, level: "high", word: "long stutter", why: "Two seconds and more without a new picture." },
    ],
  },
  {
    id: "stutter-audio", label: "Sound was missing", metrics: ["audio_stutter_time"], unit: "ms", halves: ["receive"], kinds: ["audio"], worse: "above", rule: "level", total: true, least: 0, red: 1, from: "Definition of the audio freeze rate: gaps of 200 ms and longer",
    normal: "none",
    steps: [
      { at: 1, level: "medium", word: "lag", why: "Time in which sound was missing and made up, in gaps of 200 ms and longer." },
      { at: 2000, level: "high", word: "long lag", why: "Two seconds and more without sound." },
    ],
  },
  {
    id: "delay", label: "Delay", metrics: ["delay"], unit: "ms", halves: ["receive"], kinds: all, worse: "above", rule: "level", least: 0, red: 400, from: "Tencent RTC guide, lag rate",
    normal: "below 400 ms from capture to playout",
    steps: [
      { at: 400, level: "medium", word: "lag", why: "Above 400 ms end to end counts as lag: people begin to talk at the same time." },
      { at: 1000, level: "high", word: "a second and more", why: "With a second of delay no conversation is possible." },
    ],
  },
  {
    id: "rtt", label: "Round-trip time", metrics: ["rtt", "path_rtt"], unit: "ms", halves: both, kinds: all, worse: "above", rule: "level", least: 0, red: 500, from: "ITU-T G.114 and the SparkRTC guide, Table 4-2",
    normal: "below 300 ms",
    steps: [
      { at: 300, level: "low", word: "high", why: "Above 300 ms there and back a conversation begins to suffer (ITU-T G.114: 150 ms one way)." },
      { at: 500, level: "medium", word: "very high", why: "Above 500 ms the SparkRTC guide counts the latency as abnormal." },
    ],
  },
  {
    id: "cpu-system", label: "CPU of the system", metrics: ["cpu_system"], unit: "ratio", halves: both, kinds: all, worse: "above", rule: "level", least: 0, red: 0.85, from: guide,
    normal: "below 50 %, the lower the better",
    steps: [
      { at: 0.5, level: "low", word: "above 50 %", why: "System CPU usage is normally below 50 %." },
      { at: 0.85, level: "high", word: "above 85 %", why: "Above 85 % the application may stop responding, or respond slowly." },
    ],
  },
  {
    id: "cpu-app", label: "CPU of the application", metrics: ["cpu_app"], unit: "ratio", halves: both, kinds: all, worse: "above", rule: "level", least: 0, red: 0.7, from: "SparkRTC guide, Table 4-2",
    normal: "below 70 %",
    steps: [{ at: 0.7, level: "medium", word: "above 70 %", why: "Above 70 % the SparkRTC guide counts the application's CPU usage as abnormal." }],
  },
  {
    id: "task", label: "Late timers", metrics: ["loop_lag"], unit: "ms", halves: both, kinds: all, worse: "above", rule: "level", least: 3_000, red: 200, from: guide,
    normal: "below 60 ms",
    steps: [
      { at: 60, level: "low", word: "above 60 ms", why: "Where CPU usage is not told, tasks that take longer than 60 ms are the sign of a busy processor; in a browser: timers that run so late." },
      { at: 200, level: "medium", word: "above 200 ms", why: "Timers that run 200 ms late are felt: the processor is busy, or the page in the background." },
    ],
  },
  {
    id: "frame-time", label: "Time per frame", metrics: ["frame_time"], unit: "ms", halves: both, kinds: pictures, worse: "above", rule: "level", least: 3_000, red: 60, from: guide,
    normal: "well below the time between two frames",
    steps: [{ at: 60, level: "medium", word: "above 60 ms", why: "Coding a frame takes longer than 60 ms: the processor cannot keep up with 15 fps." }],
  },
  {
    id: "volume", label: "Volume", metrics: ["volume"], unit: "dB", halves: both, kinds: ["audio"], worse: "below", rule: "level", least: 10_000, from: guide, excused: true,
    normal: "40–80 dB while someone speaks; that it changes shows that the device works",
    steps: [{ at: 40, level: "low", word: "below 40 dB", why: "Below 40 dB next to nothing is heard. If nobody was silent on purpose: a broken device, or one that is muted." }],
  },
  {
    id: "resolution", label: "Resolution", metrics: ["height"], unit: "p", halves: both, kinds: pictures, worse: "above", rule: "changes", least: 0, from: guide,
    normal: "changes seldom",
    steps: [{ at: 4, level: "low", word: "changed often", why: "A resolution that changes again and again makes players of relayed and recorded streams stutter." }],
  },
];

/** The table's rows about one half and kind. */
export const readingsOf = (half: Half, kind: Kind): Reading[] => readings.filter((r) => r.halves.includes(half) && r.kinds.includes(kind));

/** The reading whose thresholds a chart draws for a metric. */
export const thresholds = (metric: string, half: Half, kind: Kind): Reading | undefined =>
  readingsOf(half, kind).find((r) => r.rule === "level" && r.metrics.includes(metric));

export interface Told {
  times: number[];
  intervals: number[];
  values: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
}

export interface Span { start: number; end: number }

/** Something that stands out: what, how bad, from when to when. */
export interface Finding extends Span {
  id: string;
  reading: Reading;
  step: Step;
  half: Half;
  kind: Kind;
  metric: string;
  /** The worst value within it; of a drop or a swing by how much. */
  worst: number;
}

// Two stretches this close are one: a single good second between them is no
// recovery.
const near = 3_000;

// The other end tells what it received of audio about every 5 s.
const reports = 12_000;

/** What of the readings stands out between from and to, the worst first. */
export function find(half: Half, kind: Kind, figures: ReadonlyMap<string, Told>, range: [number, number], excused: Span[] = []): Finding[] {
  const out: Finding[] = [];
  for (const reading of readingsOf(half, kind)) {
    const seen: Finding[] = [];
    for (const metric of reading.metrics) {
      const told = figures.get(metric);
      if (!told) continue;
      for (const s of rules[reading.rule](reading, reading.excused ? without(told, excused) : told)) {
        if (s.end < range[0] || s.start > range[1]) continue;
        const step = stepAt(reading, s.worst);
        // One standstill shows in what is received, decoded and shown: it is said once.
        if (!step || seen.some((f) => f.start <= s.end + near && f.end >= s.start - near)) continue;
        seen.push({ id: `${half}/${kind}/${reading.id}/${metric}/${s.start}`, reading, step, half, kind, metric, start: s.start, end: s.end, worst: s.worst });
      }
    }
    out.push(...seen);
  }
  const said = out.filter((f) => !out.some((g) => g !== f && covers(g, f)));
  return said.sort((a, b) => rank[b.step.level] - rank[a.step.level] || a.start - b.start);
}

const rank: Record<Level, number> = { low: 0, medium: 1, high: 2 };

/** A swing within a time of too few frames says nothing more. */
const covers = (g: Finding, f: Finding) => f.reading.rule === "swing" && g.reading.rule === "level" && g.reading.label === f.reading.label && g.start <= f.end + near && g.end >= f.start - near;

function stepAt(r: Reading, value: number): Step | undefined {
  const past = (s: Step) => (r.worse === "above" || r.rule === "drop" ? value >= s.at : value < s.at);
  return [...r.steps].reverse().find(past);
}

/** The figures without those of times in which they mean nothing. */
function without(told: Told, spans: Span[]): Told {
  if (spans.length === 0) return told;
  const keep = told.times.map((t, i) => !spans.some((s) => t > s.start && t - (told.intervals[i] ?? 0) < s.end));
  const only = (values: (number | null)[]) => values.map((v, i) => (keep[i] ? v : null));
  return { ...told, values: only(told.values), min: only(told.min), max: only(told.max) };
}

interface Stretch extends Span { worst: number }

type Rule = (r: Reading, told: Told) => Stretch[];

const rules: Record<Reading["rule"], Rule> = {
  level(r, told) {
    const above = r.worse === "above";
    const first = (r.steps[0] as Step).at;
    // Where points sum up polls, the extreme in that direction is what was felt.
    const value = (i: number) => (r.total ? null : above ? told.max[i] : told.min[i]) ?? told.values[i] ?? null;
    const found = stretches(told, value, (v) => (above ? v >= first && v > 0 : v < first), r.total ? (a, b) => a + b : above ? Math.max : Math.min);
    return found.filter((s) => s.end - s.start >= r.least);
  },

  constant(r, told) {
    const first = (r.steps[0] as Step).at;
    const out: Stretch[] = [];
    let open: Stretch | undefined;
    told.times.forEach((t, i) => {
      const v = told.values[i];
      if (v === null || v === undefined) return; // the other end tells this less often than the client polls
      if ((told.min[i] ?? v) < first) { open = undefined; return; }
      const start = t - (told.intervals[i] ?? 0);
      if (!open || start - open.end > reports) { open = { start, end: t, worst: v }; out.push(open); }
      open.end = t;
      open.worst = Math.max(open.worst, v);
    });
    return out.filter((s) => s.end - s.start >= r.least);
  },

  drop(r, told) {
    // Against the middle of what was usual in the ten seconds before: one burst does not raise it.
    const before = 10_000;
    const out: Stretch[] = [];
    const first = (r.steps[0] as Step).at;
    let open: (Stretch & { usual: number }) | undefined;
    told.times.forEach((t, i) => {
      const v = told.values[i];
      if (v === null || v === undefined) { open = undefined; return; }
      if (open) {
        const fell = 1 - v / open.usual;
        // Half a minute later what is there is the usual.
        if (fell >= first && t - open.start < 30_000) {
          open.end = t;
          open.worst = Math.max(open.worst, fell);
          return;
        }
        open = undefined;
      }
      const past: number[] = [];
      for (let k = i - 1; k >= 0 && t - (told.times[k] as number) <= Math.max(before, 5 * (told.intervals[i] ?? 0)); k--) {
        const p = told.values[k];
        if (p === null || p === undefined) break;
        past.push(p);
      }
      if (past.length < 5) return;
      const usual = median(past);
      const fell = usual > 0 ? 1 - v / usual : 0;
      if (fell >= first) {
        open = { start: t - (told.intervals[i] ?? 0), end: t, worst: fell, usual };
        out.push(open);
      }
    });
    return out.filter((s) => s.end - s.start >= r.least);
  },

  swing(r, told) {
    const first = (r.steps[0] as Step).at;
    const within = 5_000;
    const out: Stretch[] = [];
    let began: number | undefined; // the first frames of a stream are no swing
    told.times.forEach((t, i) => {
      const v = told.values[i];
      if (v === null || v === undefined) { began = undefined; return; }
      began ??= t;
      if (t - began < within) return;
      let low = told.min[i] ?? v;
      let high = told.max[i] ?? v;
      for (let k = i - 1; k >= 0 && t - (told.times[k] as number) <= within && (told.times[k] as number) >= (began as number) + 2_000; k--) {
        const p = told.values[k];
        if (p === null || p === undefined) break;
        low = Math.min(low, told.min[k] ?? p);
        high = Math.max(high, told.max[k] ?? p);
      }
      if (high - low <= first) return;
      const last = out.at(-1);
      const start = t - (told.intervals[i] ?? 0);
      if (last && start - last.end <= near) { last.end = t; last.worst = Math.max(last.worst, high - low); } else out.push({ start, end: t, worst: high - low });
    });
    return out;
  },

  changes(r, told) {
    const at: number[] = [];
    let was: number | undefined;
    told.times.forEach((t, i) => {
      const v = told.values[i];
      if (v === null || v === undefined || v === 0) return;
      if (was !== undefined && v !== was) at.push(t);
      was = v;
    });
    const first = (r.steps[0] as Step).at;
    return at.length >= first ? [{ start: at[0] as number, end: at.at(-1) as number, worst: at.length }] : [];
  },
};

/** Runs of points that are past a limit; what is not measured between two of them does not end one. */
function stretches(told: Told, value: (i: number) => number | null, past: (v: number) => boolean, worse: (a: number, b: number) => number): Stretch[] {
  const out: Stretch[] = [];
  let good = false; // a value between the last stretch and here that is not past it
  told.times.forEach((t, i) => {
    const v = value(i);
    if (v === null) return;
    if (!past(v)) { good = true; return; }
    const start = t - (told.intervals[i] ?? 0);
    const last = out.at(-1);
    if (last && start - last.end <= (good ? near : reports)) { last.end = t; last.worst = worse(last.worst, v); } else out.push({ start, end: t, worst: v });
    good = false;
  });
  return out;
}

function median(of: number[]): number {
  const sorted = [...of].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
