// The indicators of what one user receives of another, and sends: one number
// for a range of time with its worst, from the samples. Pure.
import type { Samples } from "../api/client";

export type Series = Samples["series"][number];

export type Media = "video" | "audio" | "screen";
export type Side = "receive" | "send";

/** What an indicator says of a range. */
export interface Reading {
  /** In the metric's unit; null: not measured in the range. */
  value: number | null;
  /** The worst of it, and what it is called. */
  worst: number | null;
  worstName: string;
  /** Where a number does not say it: "1280 × 720". */
  text?: string;
  /** More in words, under the number. */
  note?: string;
  /** The limit that it is past, in the metric's unit. */
  past?: number;
}

export interface Indicator {
  id: string;
  label: string;
  /** How it is computed. */
  help: string;
  unit: string;
  media: Media[];
  sides: Side[];
  /** What it is computed from. */
  metrics: string[];
  read: (s: Series, range: [number, number], limits: Limits) => Reading;
}

/** An app's thresholds by name, in the units of the metrics. */
export type Limits = Record<string, number>;

/** Places of the points in the range: a point is of the time up to it. */
function within(s: Series, [from, to]: [number, number]): number[] {
  const out: number[] = [];
  s.times.forEach((t, i) => { if (t > from && t - (s.intervals[i] ?? 0) < to) out.push(i); });
  return out;
}

const at = (s: Series, metric: string, i: number): number | null => s.values[metric]?.[i] ?? null;

/** The mean over time; null where nothing was measured. */
export function mean(s: Series, metric: string, range: [number, number]): number | null {
  let sum = 0;
  let weight = 0;
  for (const i of within(s, range)) {
    const v = at(s, metric, i);
    if (v === null) continue;
    const w = s.intervals[i] || 1;
    sum += v * w;
    weight += w;
  }
  return weight > 0 ? sum / weight : null;
}

/** The lowest or highest, also within points that stand for several polls. */
export function extreme(s: Series, metric: string, range: [number, number], which: "low" | "high"): number | null {
  const edge = which === "low" ? s.min?.[metric] : s.max?.[metric];
  let out: number | null = null;
  for (const i of within(s, range)) {
    const v = edge?.[i] ?? at(s, metric, i);
    if (v !== null && (out === null || (which === "low" ? v < out : v > out))) out = v;
  }
  return out;
}

/** The sum; null where nothing was measured. */
export function total(s: Series, metric: string, range: [number, number]): number | null {
  let sum: number | null = null;
  for (const i of within(s, range)) {
    const v = at(s, metric, i);
    if (v !== null) sum = (sum ?? 0) + v;
  }
  return sum;
}

/** One sum as a share of another, never below 0; null where either was not measured. */
export function share(s: Series, part: string, whole: string, range: [number, number]): number | null {
  const a = total(s, part, range);
  const b = total(s, whole, range);
  return a === null || b === null || b <= 0 ? null : Math.max(0, a / b);
}

/** For how long each size of the picture held, longest first. */
export function sizes(s: Series, range: [number, number]): { width: number; height: number; ms: number }[] {
  const held = new Map<string, { width: number; height: number; ms: number }>();
  for (const i of within(s, range)) {
    const width = at(s, "width", i);
    const height = at(s, "height", i);
    if (width === null || height === null || width === 0) continue;
    const known = held.get(`${width}x${height}`) ?? { width, height, ms: 0 };
    known.ms += s.intervals[i] || 1;
    held.set(`${width}x${height}`, known);
  }
  return [...held.values()].sort((a, b) => b.ms - a.ms);
}

const picture: Media[] = ["video", "screen"];
const every: Media[] = ["video", "audio", "screen"];
const above = (v: number | null, limit: number | undefined): number | undefined => (v !== null && limit !== undefined && v >= limit ? limit : undefined);

/** The column of a threshold's name: uplink_video_loss. */
const named = (s: Series, what: string) => `${s.direction === "send" ? "uplink" : "downlink"}_${s.kind === "audio" ? "audio" : "video"}_${what}`;

// A summed-up point has the highest of its polls where the catalogue says so:
// the mean is then of those.
const averaged = (metric: string, name: string): Indicator["read"] => (s, range) => ({ value: mean(s, metric, range), worst: extreme(s, metric, range, "low"), worstName: name });

const slow = 10; // fps: below it people see stutter (Tencent, Priority Metrics)

function frameRate(metric: string): Indicator["read"] {
  return (s, range) => {
    const value = mean(s, metric, range);
    // A shared screen that stands still has no frames to send.
    return { value, worst: extreme(s, metric, range, "low"), worstName: "lowest", past: s.kind === "video" && value !== null && value < slow ? slow : undefined };
  };
}

const freeze = (stutter: string, time: string, limit: string): Indicator["read"] => (s, range, limits) => {
  const value = share(s, stutter, time, range);
  const ms = total(s, stutter, range);
  return { value, worst: null, worstName: "", note: value === null ? undefined : ms ? `${ms >= 9_950 ? Math.round(ms / 1000) : (ms / 1000).toFixed(1)} s in all` : "none", past: above(value, limits[limit]) };
};

/** In the order in which the guide lists them. */
export const indicators: Indicator[] = [
  {
    id: "resolution", label: "Resolution", help: "Width and height of the picture: that which held for longest, and others that there were.", unit: "px", media: picture, sides: ["receive", "send"], metrics: ["width", "height"],
    read: (s, range) => {
      const [most, ...rest] = sizes(s, range);
      const others = rest.slice(0, 2).map((r) => `${r.width} × ${r.height}`);
      return { value: most?.height ?? null, worst: null, worstName: "", text: most && `${most.width} × ${most.height}`, note: rest.length ? `also ${others.join(", ")}${rest.length > 2 ? " …" : ""}` : undefined };
    },
  },
  { id: "bitrate", label: "Bit rate", help: "Payload bits per second: mean over the time, and the lowest.", unit: "bit/s", media: every, sides: ["receive", "send"], metrics: ["bitrate"], read: averaged("bitrate", "lowest") },
  { id: "fps", label: "Frame rate", help: "Frames decoded per second: mean over the time, and the lowest. Marked below 10 a second.", unit: "fps", media: picture, sides: ["receive"], metrics: ["fps_decoded"], read: frameRate("fps_decoded") },
  { id: "fps", label: "Frame rate", help: "Frames sent per second: mean over the time, and the lowest. Marked below 10 a second.", unit: "fps", media: picture, sides: ["send"], metrics: ["fps_sent"], read: frameRate("fps_sent") },
  {
    id: "loss", label: "Packet loss", help: "Packets that did not come of those that were due, and the highest share in one interval.", unit: "ratio", media: every, sides: ["receive"], metrics: ["packets_missing", "packets_expected", "loss"],
    read: (s, range, limits) => {
      const worst = extreme(s, "loss", range, "high");
      return { value: share(s, "packets_missing", "packets_expected", range) ?? mean(s, "loss", range), worst, worstName: "highest", past: above(worst, limits[named(s, "loss")]) };
    },
  },
  {
    id: "loss", label: "Packet loss", help: "Packets that the other end reported lost of those that were sent, and the highest share in one report.", unit: "ratio", media: every, sides: ["send"], metrics: ["packets_lost", "packets", "loss"],
    read: (s, range, limits) => {
      const worst = extreme(s, "loss", range, "high");
      return { value: share(s, "packets_lost", "packets", range), worst, worstName: "highest", past: above(worst, limits[named(s, "loss")]) };
    },
  },
  { id: "freeze", label: "Freeze rate", help: "Time of stutters of 600 ms or longer of the time in which a picture was due. An app can set another length.", unit: "ratio", media: picture, sides: ["receive"], metrics: ["video_stutter_time", "video_time"], read: freeze("video_stutter_time", "video_time", "video_freeze") },
  { id: "freeze", label: "Freeze rate", help: "Time of stutters of 200 ms or longer of the time in which there was audio to be heard. An app can set another length.", unit: "ratio", media: ["audio"], sides: ["receive"], metrics: ["audio_stutter_time", "audio_time"], read: freeze("audio_stutter_time", "audio_time", "audio_freeze") },
  {
    id: "jitter", label: "Jitter", help: "Variation of the time between packets (RFC 3550): mean and highest.", unit: "ms", media: every, sides: ["receive", "send"], metrics: ["jitter"],
    read: (s, range, limits) => { const worst = extreme(s, "jitter", range, "high"); return { value: mean(s, "jitter", range), worst, worstName: "highest", past: above(worst, limits[named(s, "jitter")]) }; },
  },
  {
    id: "latency", label: "Latency", help: "From capture to playout, estimated: mean and highest.", unit: "ms", media: every, sides: ["receive"], metrics: ["delay"],
    read: (s, range, limits) => { const worst = extreme(s, "delay", range, "high"); return { value: mean(s, "delay", range), worst, worstName: "highest", past: above(worst, limits[named(s, "latency")]) }; },
  },
  {
    id: "latency", label: "Round trip", help: "Round-trip time by the other end's reports: mean and highest.", unit: "ms", media: every, sides: ["send"], metrics: ["rtt"],
    read: (s, range, limits) => { const worst = extreme(s, "rtt", range, "high"); return { value: mean(s, "rtt", range), worst, worstName: "highest", past: above(worst, limits[named(s, "latency")]) }; },
  },
  {
    id: "limited", label: "Held back", help: "Share of the time in which the encoder sent less for want of bandwidth or processor time.", unit: "ratio", media: picture, sides: ["send"], metrics: ["limited_bandwidth", "limited_cpu"],
    read: (s, range) => {
      const measured = within(s, range).filter((i) => at(s, "limited_bandwidth", i) !== null || at(s, "limited_cpu", i) !== null).reduce((n, i) => n + (s.intervals[i] || 0), 0);
      const [bandwidth, cpu] = [total(s, "limited_bandwidth", range), total(s, "limited_cpu", range)];
      if (measured === 0 || (bandwidth === null && cpu === null)) return { value: null, worst: null, worstName: "" };
      const value = Math.min(1, ((bandwidth ?? 0) + (cpu ?? 0)) / measured);
      const by = [(bandwidth ?? 0) > 0 && "bandwidth", (cpu ?? 0) > 0 && "CPU"].filter(Boolean).join(", ");
      return { value, worst: null, worstName: "", note: by ? `by ${by}` : "never" };
    },
  },
];

export const indicatorsOf = (media: Media, side: Side): Indicator[] => indicators.filter((i) => i.media.includes(media) && i.sides.includes(side));

/** Every metric that the indicators of a kind are computed from. */
export const metricsOf = (media: Media, side: Side): string[] => [...new Set(indicatorsOf(media, side).flatMap((i) => i.metrics))];

/** What is known of a device over time. */
export const deviceMetrics = ["cpu_app", "cpu_system", "cpu_pressure", "loop_lag", "memory_used", "battery"];

const pressures = ["nominal", "fair", "serious", "critical"];

/** How busy a device was: what the guides name, and what browsers tell in its place. */
export function deviceReadings(s: Series | undefined, range: [number, number], limits: Limits): { id: string; label: string; unit: string; reading: Reading }[] {
  const of = (metric: string, limit?: number): Reading => {
    if (!s) return { value: null, worst: null, worstName: "highest" };
    const worst = extreme(s, metric, range, "high");
    return { value: mean(s, metric, range), worst, worstName: "highest", past: above(worst, limit) };
  };
  const pressure = of("cpu_pressure", 2);
  return [
    { id: "cpu_app", label: "App CPU", unit: "ratio", reading: of("cpu_app", limits.cpu_app) },
    { id: "cpu_system", label: "System CPU", unit: "ratio", reading: of("cpu_system", limits.cpu_system) },
    { id: "cpu_pressure", label: "CPU pressure", unit: "", reading: { ...pressure, worst: null, text: pressure.worst === null ? undefined : String(pressures[Math.round(pressure.worst)] ?? pressure.worst), note: pressure.worst === null ? undefined : "at worst" } },
    { id: "loop_lag", label: "Event loop lag", unit: "ms", reading: of("loop_lag", 60) },
    { id: "memory_used", label: "Memory", unit: "B", reading: { ...of("memory_used"), past: undefined } },
    { id: "battery", label: "Battery", unit: "ratio", reading: { value: s ? extreme(s, "battery", range, "low") : null, worst: null, worstName: "" } },
  ];
}

/** The parts of a set-up on one axis of ms since the join. */
export interface Step {
  id: string;
  label: string;
  help: string;
  from: number;
  to: number;
  /** An instant, not a length: when the first packet or frame came. */
  instant: boolean;
}

interface SetUp {
  joinMs: number | null; signallingMs: number | null; iceMs: number | null; dtlsMs: number | null;
  firstAudioSentMs: number | null; firstVideoSentMs: number | null; firstAudioReceivedMs: number | null; firstVideoReceivedMs: number | null;
}

/** What came one after another until the first connection was up, then the firsts of each kind of media. */
export function setUpSteps(o: SetUp): Step[] {
  const out: Step[] = [];
  const parts = [
    { id: "signalling", label: "Signalling", help: "From the first connection's creation until both descriptions were set", ms: o.signallingMs },
    { id: "ice", label: "ICE", help: "From the first connectivity check until a path was found", ms: o.iceMs },
    { id: "dtls", label: "DTLS", help: "From the path until its keys were agreed upon", ms: o.dtlsMs },
  ];
  const known = parts.reduce((n, p) => n + (p.ms ?? 0), 0);
  let at = o.joinMs !== null ? Math.max(0, o.joinMs - known) : 0;
  if (at >= 1) out.push({ id: "before", label: "Before", help: "From the join until the first connection was made, and between the parts: camera and microphone, the page itself, waiting for another user", from: 0, to: at, instant: false });
  for (const p of parts) {
    if (p.ms === null) continue;
    out.push({ id: p.id, label: p.label, help: p.help, from: at, to: at + p.ms, instant: false });
    at += p.ms;
  }
  if (o.joinMs !== null) out.push({ id: "connected", label: "Connected", help: "From the join until the first connection was up", from: 0, to: o.joinMs, instant: true });
  for (const [id, label, ms] of [
    ["audio-sent", "First audio sent", o.firstAudioSentMs], ["video-sent", "First video sent", o.firstVideoSentMs], ["audio-received", "First audio received", o.firstAudioReceivedMs], ["video-received", "First video received", o.firstVideoReceivedMs],
  ] as const) {
    if (ms !== null) out.push({ id, label, help: "From the join until the first packet or frame", from: 0, to: ms, instant: true });
  }
  return out;
}

interface Counted { tried: boolean; joined: boolean; joinedInTime: boolean | null; pushTried: number; pushOk: number; pullTried: number; pullOk: number }

/** Failures of a user, over the stays given. */
export function failures(outcomes: Counted[]): { joins: [number, number]; late: [number, number]; push: [number, number]; pull: [number, number] } {
  const tried = outcomes.filter((o) => o.tried);
  const sum = (f: (o: Counted) => number) => outcomes.reduce((n, o) => n + f(o), 0);
  const pushTried = sum((o) => o.pushTried);
  const pullTried = sum((o) => o.pullTried);
  return {
    joins: [tried.filter((o) => !o.joined).length, tried.length],
    late: [tried.filter((o) => o.joinedInTime !== true).length, tried.length],
    push: [pushTried - sum((o) => o.pushOk), pushTried],
    pull: [pullTried - sum((o) => o.pullOk), pullTried],
  };
}
