import type { Line } from "./align";

/** What a line says in a few figures. */
export interface Digest {
  least: number;
  mean: number;
  greatest: number;
  /** When it was greatest. */
  at: number;
  last: number;
  points: number;
}

/** Sums a line up over a range; undefined where nothing was measured. The mean is weighed by what each point stands for. */
export function digest(line: Line, range: [number, number]): Digest | undefined {
  let sum = 0;
  let weight = 0;
  let out: Digest | undefined;
  line.times.forEach((t, i) => {
    const v = line.values[i] ?? null;
    if (v === null || t < range[0] || t > range[1]) return;
    const low = line.low?.[i] ?? v;
    const high = line.high?.[i] ?? v;
    const w = line.intervals[i] || 1;
    sum += v * w;
    weight += w;
    if (!out) out = { least: low, mean: v, greatest: high, at: t, last: v, points: 1 };
    else {
      out.least = Math.min(out.least, low);
      if (high > out.greatest) { out.greatest = high; out.at = t; }
      out.last = v;
      out.points++;
    }
  });
  if (out) out.mean = sum / weight;
  return out;
}

/**
 * What several streams came to within one step, each over the time that it was
 * measured: side by side they add up, one after the other (who left and came
 * back) they do not.
 */
function within(told: { v: number; from: number; to: number }[], step: number): number {
  let [amount, covered, until] = [0, 0, Number.NEGATIVE_INFINITY];
  for (const { v, from, to } of told) { // by time
    amount += v * (to - from);
    covered += Math.max(to - Math.max(from, until), 0);
    until = Math.max(until, to);
  }
  return covered > 0 ? amount / Math.min(covered, step) : told.reduce((sum, x) => sum + x.v, 0);
}

/**
 * Adds lines up to one: where several were measured in the same step, or in the
 * same poll, their sum; where one was, it alone. Of one line no two points are
 * ever added.
 */
export function together(lines: Line[]): Line {
  if (lines.length === 1) return lines[0] as Line;
  const points = lines.flatMap((line, of) => line.times.map((time, i) => ({ time, i, of, line }))).sort((a, b) => a.time - b.time);
  const step = Math.max(...lines.map((l) => l.step), 0);
  const extremes = lines.some((l) => l.low);
  const out: Required<Pick<Line, "times" | "values" | "intervals" | "low" | "high">> = { times: [], values: [], intervals: [], low: [], high: [] };
  for (let first = 0; first < points.length;) {
    const start = points[first] as (typeof points)[number];
    const reach = Math.max(start.line.intervals[start.i] ?? 0, 1000) / 2;
    const same = (t: number) => (step > 0 ? Math.floor(t / step) === Math.floor(start.time / step) : t - start.time < reach);
    const seen = new Set<number>();
    let end = first;
    let [value, low, high, parts, interval]: [number | null, number | null, number | null, number, number] = [null, null, null, 0, 0];
    const told: { v: number; from: number; to: number }[] = [];
    for (; end < points.length; end++) {
      const { time, i, of, line } = points[end] as (typeof points)[number];
      if (!same(time) || seen.has(of)) break;
      seen.add(of);
      interval = Math.max(interval, line.intervals[i] ?? 0);
      const v = line.values[i] ?? null;
      if (v === null) continue;
      parts++;
      value = (value ?? 0) + v;
      told.push({ v, from: time - Math.min(line.intervals[i] ?? step, step), to: time });
      // Extremes of several need not fall together: of a sum nothing more is said.
      low = parts > 1 ? value : (line.low?.[i] ?? v);
      high = parts > 1 ? value : (line.high?.[i] ?? v);
    }
    if (parts > 1 && step > 0) value = low = high = within(told, step);
    out.times.push((points[end - 1] as (typeof points)[number]).time);
    out.values.push(value);
    out.intervals.push(interval);
    out.low.push(low);
    out.high.push(high);
    first = end;
  }
  const { low, high, ...rest } = out;
  return { ...rest, step, bridge: lines[0]?.bridge, ...(extremes ? { low, high } : {}) };
}
