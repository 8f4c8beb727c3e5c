// The charts of each half, from the top down: the guide's segments first, in
// its order and colours, then what Peerglass knows beyond them. Labels, units
// and help come from the catalogue of metrics.
import type { Line } from "../chart/align";
import type { Series, Zone } from "../chart/types";
import { seriesColor } from "../theme";
import { type How, type Joined, join, lineOf, measured, type Row, decibels } from "./lines";
import { readingsOf, thresholds, type Told } from "./reading";
import type { Kind, Sampled } from "./told";
import type { Half } from "./types";

type Of = "media" | "path" | "machine";

interface LineSpec {
  metric: string;
  /** Whose figure it is: the streams of media, the connections they go over, the machine. */
  of?: Of;
  label?: string;
  color: Color;
  how: How;
  axis?: "right";
  dashed?: boolean;
  fill?: boolean;
  /** Told by the other end, or by checks of the path, every few seconds only. */
  sparse?: boolean;
  /** Which threshold it is read by, where not the metric's own. */
  read?: string;
  /** Drawn in dB. */
  volume?: boolean;
  /** Left out where nothing was measured even if other lines are there. */
  optional?: boolean;
  /** Each stream's own value stands beside it. */
  parts?: boolean;
}

interface SegmentSpec {
  id: string;
  title: string;
  help?: string;
  halves: Half[];
  kinds: Kind[];
  lines: LineSpec[];
  atLeast?: number;
  right?: { unit: string; atLeast?: number };
  unit?: string;
  stepped?: boolean;
  levels?: number[];
  /** Dots of events and their buttons are on this one. */
  events?: boolean;
  /** One of the guide's; the rest are drawn if anything was measured. */
  guide?: boolean;
  height?: number;
}

type Color = "blue" | "purple" | "green" | "orange" | "sky" | "grey" | "loss" | "lag";

const palette: Record<Color, (scheme: "light" | "dark") => string> = {
  blue: (s) => seriesColor(0, s), orange: (s) => seriesColor(1, s), green: (s) => seriesColor(2, s), sky: (s) => seriesColor(4, s),
  purple: (s) => seriesColor(6, s), grey: (s) => seriesColor(7, s),
  // Of the red that is kept for what is past a threshold these are the pale kin.
  loss: (s) => (s === "dark" ? "#f2a0a0" : "#db7b7b"),
  lag: (s) => (s === "dark" ? "#f2a0a0" : "#db7b7b"),
};

const pictures: Kind[] = ["video", "screen"];
const all: Kind[] = ["video", "audio", "screen"];
const both: Half[] = ["send", "receive"];


/** The sizes of pictures that have a name. */
const classes = [180, 360, 720, 1080, 1440, 2160];

const specs: SegmentSpec[] = [
  { id: "flow", title: "Video upstream and packet loss", halves: ["send"], kinds: ["video"], guide: true, events: true, height: 150, right: { unit: "ratio", atLeast: 0.12 },
    help: "Bits sent per second, of all layers together, and the share of packets that the other end says it missed.",
    lines: [{ metric: "bitrate", how: "sum", color: "blue", parts: true }, { metric: "loss", how: "max", color: "loss", axis: "right", sparse: true }] },
  { id: "flow", title: "Screen upstream and packet loss", halves: ["send"], kinds: ["screen"], guide: true, events: true, height: 150, right: { unit: "ratio", atLeast: 0.12 },
    help: "A screen's bit rate follows a cycle with peaks at keyframes: that is normal.",
    lines: [{ metric: "bitrate", how: "sum", color: "blue", parts: true }, { metric: "loss", how: "max", color: "loss", axis: "right", sparse: true }] },
  { id: "flow", title: "Audio upstream and packet loss", halves: ["send"], kinds: ["audio"], guide: true, events: true, height: 150, right: { unit: "ratio", atLeast: 0.12 },
    help: "Bits sent per second, and the share of packets that the other end says it missed.",
    lines: [{ metric: "bitrate", how: "sum", color: "blue", parts: true }, { metric: "loss", how: "max", color: "green", axis: "right", sparse: true }] },
  { id: "flow", title: "Video downstream and packet loss", halves: ["receive"], kinds: ["video"], guide: true, events: true, height: 150, right: { unit: "ratio", atLeast: 0.12 },
    lines: [{ metric: "bitrate", how: "sum", color: "blue", parts: true }, { metric: "loss", how: "max", color: "loss", axis: "right" }] },
  { id: "flow", title: "Screen downstream and packet loss", halves: ["receive"], kinds: ["screen"], guide: true, events: true, height: 150, right: { unit: "ratio", atLeast: 0.12 },
    lines: [{ metric: "bitrate", how: "sum", color: "blue", parts: true }, { metric: "loss", how: "max", color: "loss", axis: "right" }] },
  { id: "flow", title: "Audio downstream and packet loss", halves: ["receive"], kinds: ["audio"], guide: true, events: true, height: 150, right: { unit: "ratio", atLeast: 0.12 },
    lines: [{ metric: "bitrate", how: "sum", color: "blue", parts: true }, { metric: "loss", how: "max", color: "green", axis: "right" }] },

  { id: "control", title: "Control metrics: round-trip time", halves: both, kinds: all, guide: true, atLeast: 100,
    help: "There and back between this client and the other end of its connection: the server where there is one, else the other user. By the connection's own checks, and for sent media by the reports of who receives it.",
    lines: [
      { metric: "rtt", of: "path", read: "path_rtt", label: "of the path", how: "max", color: "blue", sparse: true },
      { metric: "rtt", label: "of the media", how: "max", color: "orange", dashed: true, sparse: true, optional: true },
    ] },

  { id: "fps", title: "Frame rate", halves: ["send"], kinds: pictures, guide: true, atLeast: 15,
    lines: [
      { metric: "fps_captured", how: "max", color: "green" }, { metric: "fps_encoded", how: "best", color: "purple", dashed: true }, { metric: "fps_sent", how: "best", color: "blue", parts: true },
    ] },
  { id: "fps", title: "Frame rate and lag", halves: ["receive"], kinds: pictures, guide: true, atLeast: 15, right: { unit: "ms", atLeast: 600 },
    help: "Frames received, decoded and shown per second, and the time in which the picture stood still.",
    lines: [
      { metric: "fps_received", how: "best", color: "blue", parts: true }, { metric: "fps_decoded", how: "best", color: "purple" },
      { metric: "fps_rendered", how: "best", color: "green", dashed: true, optional: true },
      { metric: "video_stutter_time", label: "Rendering lag", how: "max", color: "lag", axis: "right", fill: true },
    ] },
  { id: "size", title: "Send resolution", halves: ["send"], kinds: pictures, guide: true, unit: "p", stepped: true, levels: classes, atLeast: 360, height: 96,
    help: "Height of the picture, of layers side by side the largest; below it width and height.",
    lines: [{ metric: "height", label: "Sent", how: "best", color: "blue", parts: true }, { metric: "source_height", label: "Captured", how: "max", color: "grey", dashed: true, optional: true }] },
  { id: "size", title: "Receive resolution", halves: ["receive"], kinds: pictures, guide: true, unit: "p", stepped: true, levels: classes, atLeast: 360, height: 96,
    help: "Height of the received picture; below it width and height.",
    lines: [{ metric: "height", label: "Received", how: "best", color: "blue", parts: true }] },

  { id: "volume", title: "Audio capturing volume", halves: ["send"], kinds: ["audio"], guide: true, unit: "dB", levels: [40, 80], atLeast: 90,
    help: "Volume of what the microphone gives, in dB above the smallest step of 16-bit audio (full scale is 90.3 dB): 20·log10 of the audio level, plus 90.3. Digital silence is 0.",
    lines: [{ metric: "audio_level", label: "Volume", how: "max", color: "blue", volume: true, read: "volume", parts: true }] },
  { id: "volume", title: "Audio playback volume", halves: ["receive"], kinds: ["audio"], guide: true, unit: "dB", levels: [40, 80], atLeast: 90,
    help: "Volume of what was decoded for the speaker, in dB above the smallest step of 16-bit audio (full scale is 90.3 dB). Digital silence is 0.",
    lines: [{ metric: "audio_level", label: "Volume", how: "max", color: "blue", volume: true, read: "volume", parts: true }] },
  { id: "lag", title: "Audio playback lag", halves: ["receive"], kinds: ["audio"], guide: true, atLeast: 200, right: { unit: "ratio", atLeast: 0.05 },
    help: "Time in which sound was missing for 200 ms or longer, and the share of what was played that had to be made up.",
    lines: [{ metric: "audio_stutter_time", label: "Lag", how: "sum", color: "lag", fill: true }, { metric: "concealment", label: "Made up", how: "max", color: "orange", axis: "right" }] },

  { id: "delay", title: "Delay, end to end", halves: ["receive"], kinds: all, atLeast: 450,
    lines: [{ metric: "delay", how: "max", color: "blue" }] },
  { id: "jitter", title: "Jitter and jitter buffer", halves: ["receive"], kinds: all, atLeast: 60,
    lines: [
      { metric: "jitter", how: "max", color: "blue" }, { metric: "jitter_buffer_delay", how: "max", color: "orange" },
      { metric: "jitter_buffer_target", how: "max", color: "grey", dashed: true, optional: true },
    ] },
  { id: "freeze", title: "Freezes, as the browser counts them", halves: ["receive"], kinds: pictures, atLeast: 200,
    help: "Told when a freeze is over; a pause is a time of more than 5 s without a picture.",
    lines: [{ metric: "freeze_time", label: "Freezes", how: "max", color: "lag", fill: true }, { metric: "pause_time", label: "Pauses", how: "max", color: "grey" }] },
  { id: "bandwidth", title: "Available bandwidth", halves: ["send"], kinds: all,
    help: "What the browser takes the way to carry, and what the encoders of this media were asked for.",
    lines: [{ metric: "available_outgoing", of: "path", label: "Available", how: "sum", color: "blue" }, { metric: "target_bitrate", how: "sum", color: "orange", dashed: true, optional: true }] },
  { id: "bandwidth", title: "Available bandwidth", halves: ["receive"], kinds: all,
    lines: [{ metric: "available_incoming", of: "path", label: "Available", how: "sum", color: "blue" }] },
  { id: "coding", title: "Encode time", halves: ["send"], kinds: pictures, atLeast: 20,
    lines: [{ metric: "frame_time", label: "Per frame", how: "max", color: "purple" }] },
  { id: "coding", title: "Decode time", halves: ["receive"], kinds: pictures, atLeast: 20,
    lines: [{ metric: "frame_time", label: "Per frame", how: "max", color: "purple" }] },
  { id: "cpu", title: "CPU", halves: both, kinds: all, guide: true, atLeast: 1, right: { unit: "ms", atLeast: 100 },
    help: "Use of the processor where the client tells it. Browsers do not: timers of the page that run late, and the pressure below, are their signs.",
    lines: [
      { metric: "cpu_system", of: "machine", label: "System", how: "max", color: "blue", optional: true }, { metric: "cpu_app", of: "machine", label: "Application", how: "max", color: "purple", optional: true },
      { metric: "loop_lag", of: "machine", label: "Late timers", how: "max", color: "orange", axis: "right" },
    ] },
];

/** Every metric that the page draws or reads: what to ask the API for. */
export const asked: string[] = [...new Set([...specs.flatMap((s) => s.lines.map((l) => l.metric)), "width", "height", "cpu_pressure", "active", "fps_sent", "fps_decoded"])];

export interface MetricText { id: string; label: string; unit: string; help: string }

export interface Segment {
  key: string;
  id: string;
  title: string;
  help?: string;
  unit: string;
  right?: { unit: string; atLeast?: number };
  series: Series[];
  zones: Zone[];
  atLeast?: number;
  stepped?: boolean;
  levels?: number[];
  events: boolean;
  height: number;
  /** Metrics that it draws: which issues belong on it. */
  metrics: string[];
  /** Nothing was measured of it in this range. */
  empty: boolean;
}

/** The measured streams of one half. */
export interface Measured {
  half: Half;
  kind: Kind;
  media: Sampled[];
  path: Sampled[];
  machine: Sampled[];
  /** Distance of points where the server summed several up, else 0. */
  step: number;
  /** What tells a stream from others of its half: layer or number. */
  nameOf: (stream: number) => string;
}

/** The rows of each kind of stream of a half: laid once for all charts. */
export interface Laid { media: Row[]; path: Row[]; machine: Row[] }

/** Audio receivers report about every 5 s. */
const bridge = 12_000;

/** The charts of a half. */
export function segmentsOf(m: Measured, rows: Laid, metrics: MetricText[], scheme: "light" | "dark"): Segment[] {
  const out: Segment[] = [];
  for (const spec of specs) {
    if (!spec.halves.includes(m.half) || !spec.kinds.includes(m.kind)) continue;
    const series: Series[] = [];
    const units: { left?: string; right?: string } = {};
    const zones: Zone[] = [];
    let seen = false;
    for (const l of spec.lines) {
      const metric = metrics.find((x) => x.id === l.metric);
      if (!metric) continue;
      const told = joined(m, rows, l);
      const there = measured(told);
      seen ||= there;
      if (!there && l.optional) continue;
      const unit = l.volume ? "dB" : metric.unit;
      if (l.axis === "right") units.right ??= unit; else units.left ??= unit;
      const read = thresholds(l.read ?? l.metric, m.half, m.kind);
      const of = l.of ?? "media";
      const parts = l.parts && m.media.length > 1 ? m.media.flatMap((s) => (s.values[l.metric] ? [{ ...whole(s, l, m.step), label: m.nameOf(s.stream) }] : [])) : undefined;
      series.push({
        ...lineOf(told, m.step, l.sparse ? bridge : 0),
        ...(m.step > 0 && there ? { low: told.min, high: told.max } : {}),
        label: l.label ?? metric.label, color: palette[l.color](scheme), dashed: l.dashed, fill: l.fill, axis: l.axis,
        limit: read?.red === undefined ? undefined : { at: read.red, worse: read.worse },
        parts: of === "media" && parts && parts.length > 1 ? parts : undefined,
      });
      // Of what is bad from the first moment on every height would be shaded.
      if (read && !read.total && !zones.some((z) => (z.axis ?? "left") === (l.axis ?? "left"))) zones.push(...zonesOf(read, l.axis));
    }
    if (series.length === 0 || (!seen && !spec.guide)) continue;
    if (series.every((s) => s.axis === "right")) { // an axis of its own for nothing would mislead
      for (const x of [...series, ...zones]) x.axis = undefined;
      units.left = units.right;
    }
    const first = metrics.find((x) => x.id === spec.lines[0]?.metric);
    const right = series.some((s) => s.axis === "right") ? { unit: units.right ?? "", atLeast: spec.right?.atLeast } : undefined;
    out.push({
      key: `${m.half}/${spec.id}`, id: spec.id, title: spec.title, help: spec.help ?? first?.help, unit: spec.unit ?? units.left ?? first?.unit ?? "", right,
      series, zones, atLeast: units.left === units.right ? (spec.right?.atLeast ?? spec.atLeast) : spec.atLeast, stepped: spec.stepped, levels: spec.levels, events: spec.events ?? false, height: spec.height ?? (spec.guide ? 112 : 96), metrics: spec.lines.map((l) => l.metric), empty: !seen,
    });
  }
  return out;
}

const volume = (v: number) => Math.round(decibels(v) * 10) / 10;

function joined(m: Measured, rows: Laid, l: LineSpec): Joined {
  const of = l.of ?? "media";
  return join(m[of], rows[of], l.metric, l.how, l.volume ? volume : undefined);
}

/** One stream's own line. */
function whole(s: Sampled, l: LineSpec, step: number): Line {
  const values = s.values[l.metric] ?? [];
  return { times: s.times, intervals: s.intervals, step, bridge: l.sparse ? bridge : 0, values: l.volume ? values.map((v) => (v === null ? null : volume(v))) : values };
}

/** The value bands of a reading, each up to the next worse. */
function zonesOf(r: NonNullable<ReturnType<typeof thresholds>>, axis?: "right"): Zone[] {
  return r.steps.map((s, i) => {
    const next = r.steps[i + 1]?.at;
    const label = `${r.label} ${s.word}. ${s.why}`;
    return r.worse === "above" ? { from: s.at, to: next, level: s.level, label, axis } : { from: next, to: s.at, level: s.level, label, axis };
  });
}

/** The figures that the readings of a half look at, by the names that the table gives them. */
export function figuresOf(m: Measured, rows: Laid): Map<string, Told> {
  const out = new Map<string, Told>();
  const wanted = new Set(readingsOf(m.half, m.kind).flatMap((r) => r.metrics));
  const put = (name: string, j: Joined) => { if (wanted.has(name) && measured(j)) out.set(name, j); };
  const line = (metric: string) => specs.find((s) => s.halves.includes(m.half) && s.kinds.includes(m.kind) && s.lines.some((l) => l.metric === metric && (l.of ?? "media") === "media"))?.lines.find((l) => l.metric === metric);
  for (const metric of wanted) {
    const l = line(metric);
    if (l && !l.volume) put(metric, joined(m, rows, l));
  }
  put("volume", join(m.media, rows.media, "audio_level", "max", volume));
  put("path_rtt", join(m.path, rows.path, "rtt", "max"));
  for (const metric of ["cpu_system", "cpu_app", "loop_lag"]) put(metric, join(m.machine, rows.machine, metric, "max"));
  return out;
}
