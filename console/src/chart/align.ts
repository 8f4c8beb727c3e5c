// Streams are sampled each at its own instants; a chart needs one time axis.

/** One line of a chart. Times are Unix ms, rising. */
export interface Line {
  times: number[];
  values: (number | null)[];
  /** What each point stands for, ms: it covers the time up to its instant. */
  intervals: number[];
  /** Distance of points where the server summed several up, else 0. */
  step: number;
  /** Nulls between two values this close, ms, are drawn over: the other end tells these figures less often than the client polls. */
  bridge?: number;
  /** The least and the greatest of what each point sums up: what lasted a second stays to be seen at any zoom. */
  low?: (number | null)[];
  high?: (number | null)[];
}

/** What uPlot draws: undefined is "no point here, draw on", null is "nothing was measured, break the line". */
export type Aligned = [number[], ...(number | null | undefined)[][]];

/** Lines on one axis, and the least and greatest of what each point sums up, where the server told them. */
export interface Laid {
  data: Aligned;
  low: ((number | null | undefined)[] | undefined)[];
  high: ((number | null | undefined)[] | undefined)[];
}

/**
 * Lays lines on one axis of seconds. A point reaches back to the one before it
 * by the interval it stands for, and half as much for what polls are late;
 * where it does not reach, nothing was measured: the line is broken there.
 * Points of several lines within one step of the server, or closer together
 * than a quarter of a pixel, share their instant: twenty lines that were
 * measured at twenty instants of each second would need an axis twenty times
 * as long.
 */
export function align(lines: Line[], width = 0): Laid {
  const drawn = lines.map(points);
  const all: number[] = [];
  for (const d of drawn) for (const i of d.at) all.push(d.line.times[i] as number);
  all.sort((a, b) => a - b);
  const near = width > 0 && lines.length > 1 ? ((all.at(-1) ?? 0) - (all[0] ?? 0)) / (4 * width) : 0;
  const step = lines[0]?.step ?? 0;
  const same = step > 0 && lines.every((l) => l.step === step)
    ? (first: number, t: number) => Math.floor(first / step) === Math.floor(t / step)
    : (first: number, t: number) => t - first <= near;
  // Where each instant lies: that of the last point that shares it.
  const moved = new Map<number, number>();
  for (let i = 0; i < all.length;) {
    let end = i;
    while (end + 1 < all.length && same(all[i] as number, all[end + 1] as number)) end++;
    for (; i <= end; i++) moved.set(all[i] as number, all[end] as number);
  }
  const gaps = drawn.map((d) => d.gaps.map(([before, after, at]) => {
    const [b, a] = [moved.get(before) as number, moved.get(after) as number];
    return at > b && at < a ? at : Math.round((a + b) / 2);
  }));
  const axis = [...new Set([...moved.values(), ...gaps.flat()])].sort((a, b) => a - b);
  const place = new Map(axis.map((t, i) => [t, i]));
  const lay = (d: Drawn, gap: number[], values: (number | null)[]) => {
    const out = new Array<number | null | undefined>(axis.length).fill(undefined);
    for (const t of gap) out[place.get(t) as number] = null;
    for (const i of d.at) out[place.get(moved.get(d.line.times[i] as number) as number) as number] = values[i] ?? null;
    // A break reaches from value to value, over the instants of other lines as well: else it is one instant wide and the line goes on beside it.
    for (let i = 1; i < out.length; i++) if (out[i] === undefined && out[i - 1] === null) out[i] = null;
    for (let i = out.length - 2; i >= 0; i--) if (out[i] === undefined && out[i + 1] === null) out[i] = null;
    return out;
  };
  return {
    data: [axis.map((t) => t / 1000), ...drawn.map((d, i) => lay(d, gaps[i] as number[], d.line.values))],
    low: drawn.map((d, i) => d.line.low && lay(d, gaps[i] as number[], d.line.low)),
    high: drawn.map((d, i) => d.line.high && lay(d, gaps[i] as number[], d.line.high)),
  };
}

interface Drawn {
  line: Line;
  /** The points that are drawn. */
  at: number[];
  /** Where nothing was measured: the points before and after, and when the latter's interval begins. */
  gaps: [number, number, number][];
}

function points(line: Line): Drawn {
  const at: number[] = [];
  const gaps: [number, number, number][] = [];
  let last = Number.NaN;
  let told = Number.NaN;
  let open = 0; // nulls since the last value
  for (let i = 0; i < line.times.length; i++) {
    const t = line.times[i] as number;
    const reach = Math.max(line.intervals[i] ?? 0, line.step, 1000);
    if (t - last > 1.5 * reach) gaps.push([last, t, Math.round((last + t - reach) / 2)]);
    if ((line.values[i] ?? null) === null) open++;
    else {
      if (t - told <= (line.bridge ?? 0)) at.splice(at.length - open, open);
      told = t;
      open = 0;
    }
    at.push(i);
    last = t;
  }
  return { line, at, gaps };
}

/** The part of a range that remains after zooming by factor around at; never shorter than least, never outside bounds. */
export function zoomed(range: [number, number], bounds: [number, number], at: number, factor: number, least = 5_000): [number, number] {
  const length = Math.min(Math.max((range[1] - range[0]) * factor, least), bounds[1] - bounds[0]);
  const share = (at - range[0]) / (range[1] - range[0] || 1);
  let from = at - share * length;
  from = Math.min(Math.max(from, bounds[0]), bounds[1] - length);
  return [Math.round(from), Math.round(from + length)];
}

/** Points between two gaps: no line shows them, so they are drawn as dots. */
export function lonely(values: (number | null | undefined)[]): number[] {
  const out: number[] = [];
  let before: number | null = null; // the point before, null at a gap
  let candidate = -1;
  values.forEach((v, i) => {
    if (v === undefined) return;
    if (v === null) {
      if (candidate >= 0) out.push(candidate);
      candidate = -1;
    } else {
      candidate = before === null ? i : -1;
    }
    before = v;
  });
  if (candidate >= 0) out.push(candidate);
  return out;
}
