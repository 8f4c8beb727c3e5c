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
}

/** What uPlot draws: undefined is "no point here, draw on", null is "nothing was measured, break the line". */
export type Aligned = [number[], ...(number | null | undefined)[][]];

/**
 * Lays lines on one axis of seconds. A point reaches back to the one before it
 * by the interval it stands for, and half as much for what polls are late;
 * where it does not reach, nothing was measured: the line is broken there.
 */
export function align(lines: Line[]): Aligned {
  const points: Map<number, number | null>[] = lines.map((line) => {
    const at = new Map<number, number | null>();
    let last = Number.NaN;
    let told = Number.NaN;
    let open: number[] = []; // nulls since the last value
    for (let i = 0; i < line.times.length; i++) {
      const t = line.times[i] as number;
      const reach = Math.max(line.intervals[i] ?? 0, line.step, 1000);
      if (t - last > 1.5 * reach) at.set(Math.round((last + t - reach) / 2), null);
      const v = line.values[i] ?? null;
      at.set(t, v);
      if (v === null) open.push(t);
      else {
        if (t - told <= (line.bridge ?? 0)) for (const o of open) at.delete(o);
        told = t;
        open = [];
      }
      last = t;
    }
    return at;
  });
  const axis = [...new Set(points.flatMap((p) => [...p.keys()]))].sort((a, b) => a - b);
  return [axis.map((t) => t / 1000), ...points.map((p) => axis.map((t) => p.get(t)))];
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
