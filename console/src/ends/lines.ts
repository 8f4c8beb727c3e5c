// Several streams as one: what a sender sends in layers, what a stream that
// was replaced by another goes on as. All streams of a stay are polled
// together, so that their points fall into rows.
import type { Line } from "../chart/align";
import type { Sampled } from "./told";

/** How the values of streams that run side by side are one. */
export type How = "sum" | "max" | "min" | "best";

/** One instant at which streams were measured. */
export interface Row {
  time: number;
  interval: number;
  /** Place in each stream's times, −1 where it has none. */
  at: number[];
}

/** Lays streams on one axis of time: points less than half an interval apart are one poll, or one summary of polls. */
export function rowsOf(streams: Sampled[]): Row[] {
  const next = streams.map(() => 0);
  const out: Row[] = [];
  for (;;) {
    let first = Number.POSITIVE_INFINITY;
    let reach = 0;
    streams.forEach((s, i) => {
      const t = s.times[next[i] as number];
      if (t !== undefined && t < first) {
        first = t;
        reach = 0.5 * Math.max(s.intervals[next[i] as number] ?? 0, 200);
      }
    });
    if (first === Number.POSITIVE_INFINITY) return out;
    const row: Row = { time: first, interval: 0, at: streams.map(() => -1) };
    streams.forEach((s, i) => {
      const n = next[i] as number;
      const t = s.times[n];
      if (t === undefined || t - first > reach) return;
      row.at[i] = n;
      row.time = Math.max(row.time, t);
      row.interval = Math.max(row.interval, s.intervals[n] ?? 0);
      next[i] = n + 1;
    });
    out.push(row);
  }
}

/** A metric over time, with the extremes within each point where points sum up several polls. */
export interface Joined {
  times: number[];
  intervals: number[];
  values: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
}

const figures = ["fps_sent", "fps_encoded", "fps_decoded", "fps_received", "fps_rendered"];

/** Which stream of a row has the largest picture that moves. */
function best(streams: Sampled[], row: Row): number {
  let found = -1;
  let size = -1;
  row.at.forEach((n, i) => {
    if (n < 0) return;
    const s = streams[i] as Sampled;
    const moves = figures.some((id) => (s.values[id]?.[n] ?? 0) > 0);
    const height = s.values.height?.[n] ?? 0;
    const it = (moves ? 1e9 : 0) + height * 1e4 + Math.min(s.values.bitrate?.[n] ?? 0, 1e8) / 1e5;
    if (it > size) { size = it; found = i; }
  });
  return found;
}

function reduce(values: number[], how: "sum" | "max" | "min"): number | null {
  if (values.length === 0) return null;
  return how === "sum" ? values.reduce((a, b) => a + b, 0) : how === "max" ? Math.max(...values) : Math.min(...values);
}

/** One metric of several streams as one line. */
export function join(streams: Sampled[], rows: Row[], metric: string, how: How, convert: (v: number) => number = (v) => v): Joined {
  const out: Joined = { times: [], intervals: [], values: [], min: [], max: [] };
  const known = streams.map((s) => s.values[metric] !== undefined);
  if (!known.some(Boolean)) return out;
  for (const row of rows) {
    const taken = how === "best" ? [best(streams, row)] : streams.map((_, i) => i);
    const of = (pick: (s: Sampled, n: number) => number | null | undefined) =>
      taken.flatMap((i) => {
        const n = row.at[i] ?? -1;
        if (n < 0) return [];
        const v = pick(streams[i] as Sampled, n);
        return v === null || v === undefined ? [] : [v];
      });
    const kind = how === "best" ? "max" : how;
    const turned = (v: number | null) => (v === null ? null : convert(v));
    const value = reduce(of((s, n) => s.values[metric]?.[n]), kind);
    out.times.push(row.time);
    out.intervals.push(row.interval);
    out.values.push(turned(value));
    out.min.push(turned(value === null ? null : reduce(of((s, n) => s.min?.[metric]?.[n] ?? s.values[metric]?.[n]), kind)));
    out.max.push(turned(value === null ? null : reduce(of((s, n) => s.max?.[metric]?.[n] ?? s.values[metric]?.[n]), kind)));
  }
  return out;
}

export const measured = (j: { values: (number | null)[] }): boolean => j.values.some((v) => v !== null);

/** A joined metric as a chart takes it. */
export const lineOf = (j: Joined, step: number, bridge = 0): Line => ({ times: j.times, values: j.values, intervals: j.intervals, step, bridge });

/**
 * Full scale of 16-bit audio lies 90.3 dB above its smallest step: on that
 * scale the guide's 40–80 dB are quiet to loud speech (−50 to −10 dBFS), and
 * digital silence is 0.
 */
export const fullScale = 20 * Math.log10(32768);

/** A level of W3C's statistics, 0 to 1, in dB above the smallest step of 16-bit audio. */
export const decibels = (level: number): number => (level <= 0 ? 0 : Math.max(0, fullScale + 20 * Math.log10(level)));
