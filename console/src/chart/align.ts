// Streams are sampled each at its own instants; a chart needs one time axis.

/** One line of a chart. Times are Unix ms, rising. */
export interface Line {
  times: number[];
  values: (number | null)[];
  /** Length of a typical interval, ms: a hole longer than 2.5 of them is a gap. */
  step: number;
}

/** What uPlot draws: undefined is "no point here, draw on", null is "nothing was measured, break the line". */
export type Aligned = [number[], ...(number | null | undefined)[][]];

/**
 * Lays lines on one axis of seconds. Where a line has no sample for longer
 * than 2.5 of its steps it is broken: a gap is shown as a gap, not bridged.
 */
export function align(lines: Line[]): Aligned {
  const points: Map<number, number | null>[] = lines.map((line) => {
    const at = new Map<number, number | null>();
    let last = Number.NaN;
    for (let i = 0; i < line.times.length; i++) {
      const t = line.times[i] as number;
      if (t - last > 2.5 * line.step) at.set(last + line.step, null);
      at.set(t, line.values[i] ?? null);
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
