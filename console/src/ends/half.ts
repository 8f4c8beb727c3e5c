// What is known of one half, laid together out of the API's answers: pure, so
// that it can be tested without a page.
import type { Issue } from "../api/client";
import type { Band, Burr, Absent } from "../chart/types";
import { duration, figure } from "../format";
import { type Laid, type Measured } from "./segments";
import { rowsOf } from "./lines";
import { find, type Finding, type Span, type Told } from "./reading";
import { codecs, holds, inactive, limitation, muted, pairs, pressure, sizes, type Strip } from "./states";
import type { Happening, Kind, Sampled, StreamRow } from "./told";
import type { Half } from "./types";

/** The streams of a stay that a half needs: its media, the connections that carry it, the machine. */
export function streamsOf(all: StreamRow[], half: Half, kind: Kind, chosen: number[]): { media: StreamRow[]; path: StreamRow[]; machine: StreamRow[] } {
  const direction = half === "send" ? "send" : "receive";
  const media = all.filter((s) => s.kind === kind && s.direction === direction && (chosen.length === 0 || chosen.includes(s.id)));
  const over = new Set(media.map((s) => s.connection));
  return {
    media,
    path: all.filter((s) => s.kind === "transport" && (media.length === 0 || over.has(s.connection))),
    machine: all.filter((s) => s.kind === "client"),
  };
}

/** What tells a stream from the others of its half: its layer, else its number. */
export function layerName(streams: StreamRow[], id: number): string {
  const s = streams.find((x) => x.id === id);
  if (!s) return `stream ${id}`;
  return s.rid ? `layer ${s.rid}` : s.ssrc ? `ssrc ${s.ssrc}` : `stream ${id}`;
}

/** Sorts the answer of the samples into a half. */
export function measuredOf(series: Sampled[], half: Half, kind: Kind, session: string, streams: ReturnType<typeof streamsOf>, step: number): Measured {
  const of = (rows: StreamRow[]) => {
    const ids = new Set(rows.map((r) => r.id));
    return series.filter((s) => s.session === session && ids.has(s.stream));
  };
  return { half, kind, media: of(streams.media), path: of(streams.path), machine: of(streams.machine), step, nameOf: (id) => layerName(streams.media, id) };
}

export const layOut = (m: Measured): Laid => ({ media: rowsOf(m.media), path: rowsOf(m.path), machine: rowsOf(m.machine) });

// What begins takes a moment: the first pictures and the first estimate of the
// bandwidth are no fault.
const settles = 3_000;

/** Times in which nothing of this media is meant to move. */
export function restOf(m: Measured, rows: Laid, own: Happening[], senders: Happening[], until: number): Span[] {
  const begins = m.media.flatMap((s) => (s.times.length ? [{ start: (s.times[0] as number) - (s.intervals[0] ?? 0), end: (s.times[0] as number) + settles }] : []));
  // What was switched off takes a poll or two to be seen as such.
  const off = [...muted(senders, m.kind, until), ...holds(senders, until), ...holds(own, until)].map((s) => ({ start: s.start - 1_000, end: s.end + settles }));
  return [...begins, ...off, ...inactive(m.media, rows.media)];
}

/** What the table of readings finds in a half. */
export const findingsOf = (m: Measured, figures: ReadonlyMap<string, Told>, range: [number, number], rest: Span[]): Finding[] => find(m.half, m.kind, figures, range, rest);

/** What held for a while in a half, as strips. */
export function stripsOf(m: Measured, rows: Laid, own: Happening[], senders: Happening[], until: number, nameOfPath: (connection: number) => string, streams: StreamRow[]): Strip[] {
  const out: Strip[] = [];
  const add = (id: string, label: string, help: string, spans: Strip["spans"]) => { if (spans.length > 0) out.push({ id, label, help, spans }); };
  add("off", m.half === "send" ? "Muted or switched off" : "Sender muted or switched off", "As the sender's application and browser told it", [...muted(senders, m.kind, until), ...inactive(m.media, rows.media)].sort((a, b) => a.start - b.start));
  if (m.half === "receive") add("held", "Receiver on hold", "Nothing is played while the receiver's call is held", holds(own, until));
  else add("held", "Sender's call on hold", "While it holds the call, an application often stops sending", holds(own, until));
  if (m.kind !== "audio") {
    if (m.half === "send") add("limitation", "Quality limitation", "Why the encoder sent less than it was asked for (W3C qualityLimitationReason); of several layers the gravest", limitation(m.media));
    add("size", "Resolution", "Width and height of the picture, of layers side by side the largest", sizes(m.media, rows.media));
  }
  add("codec", "Codec", "What the media is coded with", codecs(m.media));
  for (const p of m.path) {
    const connection = streams.find((s) => s.id === p.stream)?.connection ?? 0;
    add(`pair/${p.stream}`, m.path.length > 1 ? `Path of ${nameOfPath(connection)}` : "Path (candidate pair)", "The selected candidate pair, local → remote, by type and protocol: each change is another path", pairs(p));
  }
  for (const s of m.machine) add(`pressure/${s.stream}`, "CPU pressure", "State of the Compute Pressure API: how hard the machine's processor is pressed", pressure(s));
  return out;
}

/** Issues that concern these streams: of the media, of the connections that carry it, of the machine. */
export function issuesOf(issues: Issue[], session: string, streams: ReturnType<typeof streamsOf>, all: StreamRow[]): Issue[] {
  const media = new Set(streams.media.map((s) => s.id));
  const others = new Set(all.filter((s) => s.kind !== "transport" && s.kind !== "client" && !media.has(s.id)).map((s) => s.id));
  const connections = new Set([...streams.media, ...streams.path].map((s) => s.connection));
  return issues.filter((i) => i.session === session && !others.has(i.stream) && (i.stream !== 0 || i.connection === 0 || connections.has(i.connection)));
}

const order = { low: 0, medium: 1, high: 2 };

/**
 * The shaded times of a chart: on the first one every issue, on the others
 * those that rest on its figures. Issues that overlap share a shade, the
 * gravest one's, and are told together.
 */
export function bandsOf(issues: Issue[], metrics: string[], everything: boolean, now: number): Band[] {
  const name = (i: Issue) => (i.cause ? `${i.label}: ${i.cause.replaceAll("_", " ")}` : i.label);
  const out: (Band & { said: string[] })[] = [];
  for (const i of issues.filter((x) => everything || x.evidence.some((e) => e.session === "" && metrics.includes(e.metric))).sort((a, b) => Date.parse(a.start) - Date.parse(b.start))) {
    const start = Date.parse(i.start);
    const end = i.end ? Date.parse(i.end) : now;
    const last = out.at(-1);
    if (last && start <= last.end) {
      last.end = Math.max(last.end, end);
      if (order[i.severity] > order[last.level]) last.level = i.severity;
      if (!last.said.includes(name(i))) last.said.push(name(i));
      last.label = last.said.join("; ");
    } else out.push({ id: `${i.session}/${i.id}`, start, end, level: i.severity, label: name(i), said: [name(i)] });
  }
  return out;
}

/** Red strokes where picture or sound stood still: each poll that told so, those side by side as one. */
export function burrsOf(figures: ReadonlyMap<string, Told> | undefined): Burr[] {
  const out: (Burr & { ms: number })[] = [];
  for (const metric of ["video_stutter_time", "audio_stutter_time"]) {
    const told = figures?.get(metric);
    told?.times.forEach((t, i) => {
      const ms = told.values[i] ?? 0;
      if (ms <= 0) return;
      const start = t - (told.intervals[i] ?? 0);
      const last = out.at(-1);
      if (last && start - last.end < 500) { last.end = t; last.ms += ms; } else out.push({ start, end: t, ms, label: "" });
    });
  }
  return out.map(({ start, end, ms }) => ({ start, end, label: `For ${ms < 10_000 ? figure(ms / 1000, "s") : duration(ms)}` }));
}

/** Times of which a stay can tell nothing: before it, after it, and where it told nothing. */
export function absentOf(bounds: [number, number], stay: { start: string; end: string | null } | undefined, m: Measured): Absent[] {
  if (!stay) return [];
  const out: Absent[] = [];
  const start = Date.parse(stay.start);
  const end = stay.end ? Date.parse(stay.end) : bounds[1];
  if (start > bounds[0]) out.push({ start: bounds[0], end: start, label: "Not in the room yet" });
  const all = [...m.media, ...m.path];
  const points = all.flatMap((s) => s.times.map((t, i): [number, number] => [t - (s.intervals[i] ?? 0), t])).sort((a, b) => a[0] - b[0]);
  let covered: number | undefined;
  for (const [from, to] of points) {
    // A late poll is none; nothing told for ten seconds is.
    if (covered !== undefined && from - covered > Math.max(10_000, 1.5 * m.step)) out.push({ start: covered, end: from, label: "Not measured" });
    covered = Math.max(covered ?? to, to);
  }
  if (end < bounds[1]) out.push({ start: end, end: bounds[1], label: "Left the room" });
  return out.filter((a) => a.end - a.start >= 1_000);
}
