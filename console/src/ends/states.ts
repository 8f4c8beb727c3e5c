// What held for a while, as strips along the time axis: being there, muted,
// limited, over which path.
import type { Row } from "./lines";
import type { Happening, Kind, Run, Sampled } from "./told";

/** Something that held from one time to another. */
export interface Held {
  start: number;
  end: number;
  text: string;
  /** What a hover says beyond it. */
  help?: string;
  tone: "good" | "plain" | "low" | "medium" | "high" | "off";
}

export interface Strip {
  id: string;
  label: string;
  help: string;
  spans: Held[];
}

/** Runs of a label, each until the next; the last ends with the stream. */
function heldOf(runs: Run[], until: number, say: (value: string) => Omit<Held, "start" | "end"> | undefined): Held[] {
  return runs.flatMap((r, i) => {
    const what = say(r.value);
    return what ? [{ start: r.from, end: runs[i + 1]?.from ?? until, ...what }] : [];
  });
}

const end = (s: Sampled) => s.times.at(-1) ?? 0;
const begin = (s: Sampled) => (s.times[0] ?? 0) - (s.intervals[0] ?? 0);

const limits: Record<string, Omit<Held, "start" | "end">> = {
  none: { text: "not limited", tone: "good" },
  bandwidth: { text: "bandwidth", tone: "medium", help: "The encoder holds back because the estimated bandwidth is too small" },
  cpu: { text: "CPU", tone: "high", help: "The encoder holds back because the processor cannot keep up" },
  other: { text: "other", tone: "low", help: "The encoder holds back for another reason, such as a screen that must stay sharp" },
};
const grave = ["none", "other", "bandwidth", "cpu"];

/** Why the encoder held back: of layers side by side, the gravest reason. */
export function limitation(streams: Sampled[]): Held[] {
  const edges = [...new Set(streams.flatMap((s) => [...s.limitation.map((r) => r.from), end(s)]))].sort((a, b) => a - b);
  const out: Held[] = [];
  edges.forEach((from, i) => {
    const to = edges[i + 1];
    if (to === undefined) return;
    const at = streams.filter((s) => begin(s) <= from && end(s) > from).map((s) => s.limitation.filter((r) => r.from <= from).at(-1)?.value ?? "");
    const worst = at.filter((v) => limits[v]).sort((a, b) => grave.indexOf(b) - grave.indexOf(a))[0];
    if (!worst) return;
    push(out, { start: from, end: to, ...(limits[worst] as Omit<Held, "start" | "end">) });
  });
  return out;
}

/** Adds a span, or lengthens the one before it if it says the same. */
function push(out: Held[], s: Held): void {
  const last = out.at(-1);
  if (last && last.text === s.text && s.start - last.end < 1_000) last.end = Math.max(last.end, s.end);
  else out.push(s);
}

const routes: Record<string, string> = { host: "direct", srflx: "through NAT", prflx: "through NAT", relay: "TURN relay" };

/** The selected candidate pairs of a transport: each change is seen. */
export function pairs(s: Sampled): Held[] {
  return heldOf(s.pair, end(s), (value) => {
    if (!value) return { text: "no path", tone: "off" };
    const relayed = value.includes("relay/");
    const how = routes[value.split("/")[0] ?? ""] ?? value;
    const slow = /relay\/(tcp|tls)/.test(value) || /\/tcp/.test(value);
    return { text: value.replace(" ", " → "), tone: slow ? "low" : relayed ? "plain" : "good", help: `Local ${how}${slow ? ", over TCP: each lost packet delays all that follow" : ""}` };
  });
}

/** Codecs over time. */
export const codecs = (streams: Sampled[]): Held[] => {
  const out: Held[] = [];
  for (const h of streams.flatMap((s) => heldOf(s.codec, end(s), (v) => (v ? { text: v.replace(/^(audio|video)\//, ""), tone: "plain" } : undefined))).sort((a, b) => a.start - b.start)) push(out, h);
  return out;
};

/** The class that people name a picture's size by. */
export function pClass(width: number, height: number): string {
  const short = Math.min(width || height, height || width);
  const steps = [2160, 1440, 1080, 720, 540, 480, 360, 240, 180, 144, 90];
  return `${steps.find((s) => short >= s) ?? short}p`;
}

/** Sizes of the picture over time, of layers side by side the largest. */
export function sizes(streams: Sampled[], rows: Row[]): Held[] {
  const out: Held[] = [];
  for (const row of rows) {
    let best: [number, number] | undefined;
    row.at.forEach((n, i) => {
      if (n < 0) return;
      const v = streams[i]?.values;
      const [w, h] = [v?.width?.[n] ?? 0, v?.height?.[n] ?? 0];
      if (w && h && (!best || w * h > best[0] * best[1])) best = [w, h];
    });
    if (best) push(out, { start: row.time - row.interval, end: row.time, text: `${best[0]}×${best[1]} (${pClass(best[0], best[1])})`, tone: "plain" });
  }
  return out;
}

const pressures: Omit<Held, "start" | "end">[] = [
  { text: "nominal", tone: "good" }, { text: "fair", tone: "plain" },
  { text: "serious", tone: "medium", help: "The processor is under serious pressure: the machine may grow hot or slow" },
  { text: "critical", tone: "high", help: "The processor is under critical pressure: the machine slows down to cool off" },
];

/** The states of the Compute Pressure API. */
export function pressure(s: Sampled): Held[] {
  const out: Held[] = [];
  s.times.forEach((t, i) => {
    const v = s.values.cpu_pressure?.[i];
    const what = v === null || v === undefined ? undefined : pressures[Math.round(v)];
    if (what) push(out, { start: t - (s.intervals[i] ?? 0), end: t, ...what });
  });
  return out;
}

const off: Record<string, [kind: Kind | null, text: string]> = {
  audio_disabled: ["audio", "microphone off"], video_disabled: ["video", "camera off"], screen_disabled: ["screen", "not shared"], device_muted: [null, "muted by the system"],
};
const on: Record<string, Kind | null> = { audio_opened: "audio", video_opened: "video", screen_opened: "screen", device_unmuted: null };

/** When the user's own media of a kind was switched off or muted, as events told, in the order of time. */
export function muted(happenings: Happening[], kind: Kind, until: number): Held[] {
  const out: Held[] = [];
  let open: { start: number; text: string } | undefined;
  const close = (end: number) => { if (open) out.push({ ...open, end, tone: "off" }); open = undefined; };
  for (const h of happenings) {
    if (h.remoteUser || h.direction === "down") continue;
    const t = Date.parse(h.time);
    const goes = off[h.type];
    if (goes && (goes[0] ?? h.kind) === kind) open ??= { start: t, text: goes[1] };
    // Who leaves sends nothing any more.
    else if (h.type === "exited" || (h.type in on && (on[h.type] ?? h.kind) === kind)) close(t);
  }
  close(until);
  return out;
}

/** When the user's own call was held: of what others send nothing is played then. */
export function holds(happenings: Happening[], until: number): Held[] {
  const out: Held[] = [];
  let since: number | undefined;
  const close = (end: number) => { if (since !== undefined) out.push({ start: since, end, text: "on hold", tone: "off" }); since = undefined; };
  for (const h of happenings) {
    if (h.type === "downlink_audio_set" && h.cause === "held") since ??= Date.parse(h.time);
    else if (h.type === "exited" || (h.type === "downlink_audio_set" && h.cause === "resumed")) close(Date.parse(h.time));
  }
  close(until);
  return out;
}

/** Encodings that the application or the SFU switched off. */
export function inactive(streams: Sampled[], rows: Row[]): Held[] {
  const out: Held[] = [];
  for (const row of rows) {
    const told = row.at.flatMap((n, i) => { const v = n < 0 ? null : streams[i]?.values.active?.[n]; return v === null || v === undefined ? [] : [v]; });
    if (told.length > 0 && told.every((v) => v === 0)) push(out, { start: row.time - row.interval, end: row.time, text: "encoding off", tone: "off", help: "The application or the SFU switched every layer off: nobody needs the picture now" });
  }
  return out;
}
