// What a user received or sent, as lines, burrs and hatches: nothing here knows
// where it comes from or how it is drawn.
import type { CallDetail, Samples, Stream, User } from "../../api/client";
import type { Line } from "../../chart/align";
import { covered, holes, stutters } from "../../chart/bundle";
import { together } from "../../chart/summary";
import type { Absent, Burr, Series } from "../../chart/types";
import { clock, duration, figure } from "../../format";
import { unknownColor, userColor } from "../../theme";
import { type MediaTab, type Side, userIndex, userName } from "../range";

type Scheme = "light" | "dark";
type Media = "video" | "audio" | "screen";
type Row = Samples["series"][number];

/** Audio receivers report about every 5 s. */
const bridge = 12_000;

/**
 * From where on what receivers report of a sent stream is marked: loss above
 * 5 % is poor (Tencent guide, "Priority Metrics"), jitter as in the issue of
 * that name (docs/issues.md), and a bit rate held down by the network for more
 * than half of the time.
 */
export const uplink = { loss: 0.05, jitter: { audio: 50, video: 100, screen: 100 }, limited: 0.5 };

/** An encoder that was never free yet is held down only because it began: estimates begin low. As in the issue of that name. */
const rampUp = 20_000;

/** A user whose streams are drawn, or nobody that is known. */
export interface Party {
  /** As streams name them; empty: not known. */
  user: string;
  name: string;
  color: string;
}

/** Who sent: streams name users by id, which can be of one who never told anything of its own. */
export function parties(call: CallDetail, users: string[], scheme: Scheme): Party[] {
  const strangers = users.filter((u) => u !== "" && !call.people.some((p) => p.user === u)).sort();
  const names = new Map<string, number>();
  const known = [...new Set(users)].map((user) => {
    const person = call.people.find((p) => p.user === user && user !== "");
    const at = person ? userIndex(call, person) : call.people.length + strangers.indexOf(user);
    const name = user === "" ? "Unknown sender" : person ? userName(person) : user;
    names.set(name, (names.get(name) ?? 0) + 1);
    return { user, name, at: user === "" ? Number.POSITIVE_INFINITY : at, color: user === "" ? unknownColor[scheme] : userColor(at, scheme) };
  });
  return known
    .sort((a, b) => a.at - b.at)
    .map(({ user, name, color }) => ({ user, name: (names.get(name) ?? 0) > 1 ? `${name} (${user})` : name, color }));
}

export interface Flow {
  series: Series[];
  burrs: Burr[];
  absent: Absent[];
  parties: Party[];
}

/** The key that a stream has in the answers about it. */
export const streamKey = (s: { session: string; id: number }) => `${s.session}.${s.id}`;

interface Told {
  call: CallDetail;
  who: User;
  side: Side;
  tab: MediaTab;
  /** What is known of the streams of all stays of the user: when they began, names of layers, and who sent where nothing else tells. */
  streams?: Stream[];
  samples: Samples;
  /** Who sent a received stream, by its key. */
  senders: Map<string, string>;
  /** Only this sender's; undefined: everybody's. */
  only?: string;
  /** That of the answer: what was not measured is looked for in it. */
  range: [number, number];
  scheme: Scheme;
}

const order: Media[] = ["video", "screen", "audio"];

/** A stream that has figures. */
interface Lit {
  row: Row;
  kind: Media;
  stream?: Stream;
}

export function flow(t: Told): Flow {
  const streams = new Map((t.streams ?? []).map((s) => [streamKey(s), s]));
  const lit = t.samples.series
    .filter((r) => r.direction === t.side && (order as string[]).includes(r.kind) && (t.tab === "all" || r.kind === t.tab))
    .map((row): Lit => ({ row, kind: row.kind as Media, stream: streams.get(rowKey(row)) }));
  return t.side === "receive" ? received(t, lit) : sent(t, lit);
}

const rowKey = (r: Row) => `${r.session}.${r.stream}`;

const lineOf = (row: Row, metric: string, step: number): Line => ({
  times: row.times, intervals: row.intervals, values: row.values[metric] ?? row.times.map(() => null), step,
  ...(row.min?.[metric] ? { low: row.min[metric], high: row.max?.[metric] } : {}),
});

const measured = (row: Row, metric: string) => row.values[metric]?.some((v) => v !== null) ?? false;

function received(t: Told, lit: Lit[]): Flow {
  // Twenty senders of three kinds: looked through once.
  const bySender = new Map<string, Lit[]>();
  for (const x of lit) {
    const user = t.senders.get(rowKey(x.row)) || x.stream?.remoteUser || "";
    const open = bySender.get(user);
    if (open) open.push(x); else bySender.set(user, [x]);
  }
  const all = parties(t.call, [...bySender.keys()], t.scheme);
  const series: Series[] = [];
  const burrs: Burr[] = [];
  for (const party of all) {
    if (t.only !== undefined && party.user !== t.only) continue;
    for (const kind of order) {
      const of = (bySender.get(party.user) ?? []).filter((x) => x.kind === kind).map((x) => x.row);
      const drawn = of.filter((r) => measured(r, "bitrate"));
      if (drawn.length > 0) {
        series.push({
          ...together(drawn.map((r) => lineOf(r, "bitrate", t.samples.stepMs))),
          label: `${party.name} · ${kind}`, group: party.name, short: t.tab === "all" ? kind : undefined, color: party.color,
          dashed: kind === "screen" || party.user === "", mirrored: t.tab === "all" && kind === "audio",
        });
      }
      for (const row of of) burrs.push(...freezes(row, kind, party.name, t));
    }
  }
  return { series, burrs, absent: missing(t), parties: all };
}

function freezes(row: Row, kind: Media, name: string, t: Told): Burr[] {
  const audio = kind === "audio";
  const values = row.values[audio ? "audio_stutter_time" : "video_stutter_time"];
  if (!values) return [];
  return stutters({ times: row.times, values, intervals: row.intervals }).map((s) => {
    // Within a long interval nobody knows where it lay.
    const vague = s.end - s.since > s.ms + 2_500;
    const when = vague ? `within ${clock(s.since)} – ${clock(s.end)}` : `from ${clock(s.start)} to ${clock(s.end)}`;
    return { start: s.start, end: s.end, below: audio && t.tab === "all", group: name, label: `${audio ? "Audio freeze" : kind === "screen" ? "Screen freeze" : "Video freeze"}, ${name}: ${duration(s.ms)} ${when}` };
  });
}

const names: Record<Media, string> = { video: "Video", screen: "Screen", audio: "Audio" };

function sent(t: Told, lit: Lit[]): Flow {
  const series: Series[] = [];
  const burrs: Burr[] = [];
  const color = userColor(userIndex(t.call, t.who), t.scheme);
  for (const kind of order) {
    const of = lit.filter((x) => x.kind === kind);
    const drawn = of.filter((x) => measured(x.row, "bitrate"));
    if (drawn.length > 0) {
      const lines = drawn.map((x) => lineOf(x.row, "bitrate", t.samples.stepMs));
      series.push({
        ...together(lines), label: `${names[kind]} sent`, group: names[kind], short: "", color, dashed: kind === "screen", mirrored: t.tab === "all" && kind === "audio",
        parts: lines.length > 1 ? lines.map((line, i) => ({ ...line, label: partName(drawn[i]?.stream, i) })) : undefined,
      });
    }
    for (const x of of) burrs.push(...troubles(x.row, x.stream, kind, t));
  }
  return { series, burrs, absent: missing(t), parties: [] };
}

const partName = (s: Stream | undefined, n: number) => (s?.rid ? `layer ${s.rid}` : s?.ssrc ? `ssrc ${s.ssrc}` : `stream ${n + 1}`);

/** Where the network was in the way of what was sent, as the other end reports it. */
function troubles(row: Row, stream: Stream | undefined, kind: Media, t: Told): Burr[] {
  const out: { start: number; end: number; loss: number; jitter: number; limited: boolean }[] = [];
  let open: (typeof out)[number] | undefined;
  let told = 0;
  let free = false;
  const began = stream ? Date.parse(stream.start) : (row.times[0] ?? 0);
  row.times.forEach((end, i) => {
    const loss = row.values.loss?.[i] ?? null;
    const jitter = row.values.jitter?.[i] ?? null;
    const held = row.values.limited_bandwidth?.[i] ?? null;
    if (loss === null && jitter === null && held === null) return; // reports come every few seconds only
    const interval = Math.max(row.intervals[i] ?? 0, 1000);
    const down = held !== null && held > uplink.limited * interval;
    free ||= held !== null && !down;
    const limited = down && (free || end - began >= rampUp);
    const bad = (loss ?? 0) > uplink.loss || (jitter ?? 0) > uplink.jitter[kind] || limited;
    if (!bad) {
      // Between reports only what is told with each poll says that it is over.
      if (loss !== null || jitter !== null || !open || open.limited) open = undefined;
      return;
    }
    if (!open || end - told > bridge) {
      open = { start: end - interval, end, loss: 0, jitter: 0, limited: false };
      out.push(open);
    }
    open.end = told = end;
    open.loss = Math.max(open.loss, loss ?? 0);
    open.jitter = Math.max(open.jitter, jitter ?? 0);
    open.limited ||= limited;
  });
  return out.map((x) => {
    const why = [
      x.loss > uplink.loss && `${figure(x.loss, "ratio")} of packets lost`,
      x.jitter > uplink.jitter[kind] && `jitter of ${figure(x.jitter, "ms")}`,
      x.limited && "bit rate held down by the network",
    ].filter(Boolean).join(", ");
    return { start: x.start, end: x.end, below: kind === "audio" && t.tab === "all", group: names[kind], label: `${names[kind]}: ${why}, from ${clock(x.start)} to ${clock(x.end)}` };
  });
}

/** Where nothing is known of the user: away, or there and not measured. */
function missing(t: Told): Absent[] {
  const stays = t.who.stays.map((s): [number, number] => [Date.parse(s.start), s.end ? Date.parse(s.end) : t.range[1]]);
  const away = holes(stays, t.range, 1_000).map(([start, end]) => ({ start, end, label: "Not in the room" }));
  const known = t.samples.series.flatMap((r) => covered(r.times, r.intervals, t.samples.stepMs));
  // A stay begins before there is anything to measure, and its last poll comes before its end.
  const least = Math.max(5_000, 1.5 * t.samples.stepMs);
  const blind = stays.flatMap(([from, to]) => {
    const [a, b] = [Math.max(from, t.range[0]), Math.min(to, t.range[1])];
    return b > a ? holes(known, [a, b], least) : [];
  });
  return [...away, ...blind.map(([start, end]) => ({ start, end, label: "Not measured" }))];
}
