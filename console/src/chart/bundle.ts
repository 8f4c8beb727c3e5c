// What lies too close together to be told apart is shown as one, with a list.

/** Things that share a place on the axis, in the order of their times. */
export interface Bundle<T> {
  /** Where it stands, in pixels from the left of the axis. */
  left: number;
  items: T[];
}

// A dot, or a pill with a number in it.
const widthOf = (items: number) => (items === 1 ? 11 : 10 + 7 * String(items).length);

/** Puts things onto an axis of width pixels; those whose dots would lie upon each other share a place. Things outside the range are left out. */
export function bundle<T extends { time: number }>(things: T[], range: [number, number], width: number): Bundle<T>[] {
  const scale = width / (range[1] - range[0] || 1);
  const out: Bundle<T>[] = [];
  const inside = things.filter((t) => t.time >= range[0] && t.time <= range[1]).sort((a, b) => a.time - b.time);
  for (const thing of inside) {
    out.push({ left: (thing.time - range[0]) * scale, items: [thing] });
    // One that grew may reach the one before it.
    for (;;) {
      const [before, last] = [out.at(-2), out.at(-1)];
      if (!before || !last || last.left - before.left >= (widthOf(before.items.length) + widthOf(last.items.length)) / 2) break;
      before.items.push(...last.items);
      out.pop();
    }
  }
  return out;
}

export interface Stutter {
  start: number;
  end: number;
  /** How much of it stood still, ms. */
  ms: number;
  /** When the first interval began that told of it. */
  since: number;
}

/** What a series tells of standing still: ms in each interval, up to its instant. */
export interface Told {
  times: number[];
  values: (number | null)[];
  intervals: number[];
}

/**
 * The times in which something stood still, from what became known of it in
 * each interval. It lies at the interval's end, since what goes on is told poll
 * by poll; intervals in a row are one stutter.
 */
export function stutters({ times, values, intervals }: Told): Stutter[] {
  const out: Stutter[] = [];
  let open: Stutter | undefined;
  times.forEach((end, i) => {
    const ms = values[i] ?? 0;
    if (ms <= 0) { open = undefined; return; }
    const before = i > 0 ? (times[i - 1] as number) : Number.NEGATIVE_INFINITY;
    const interval = Math.max(intervals[i] ?? 0, 1000);
    // What goes on is told poll by poll: of intervals in a row it is one. In
    // long ones only what fills the gap between them is.
    if (open && (interval <= 3_000 || Math.max(end - ms, before) - open.end < interval / 2)) {
      open.end = Math.min(end, before + ms);
      open.ms += ms;
    } else {
      open = { start: end - ms, end, ms, since: end - Math.max(intervals[i] ?? 0, ms) };
      out.push(open);
    }
  });
  return out;
}

/** The parts of a range that no span covers; what is shorter than least is none. */
export function holes(spans: [number, number][], range: [number, number], least = 0): [number, number][] {
  const out: [number, number][] = [];
  let at = range[0];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    if (start - at > least) out.push([at, Math.min(start, range[1])]);
    at = Math.max(at, end);
    if (at >= range[1]) break;
  }
  if (range[1] - at > least) out.push([at, range[1]]);
  return out.filter(([start, end]) => end > start);
}

/** What points tell of: each reaches back by its interval, and half as much for what polls are late. */
export function covered(times: number[], intervals: number[], step = 0): [number, number][] {
  const out: [number, number][] = [];
  times.forEach((t, i) => {
    const reach = Math.max(intervals[i] ?? 0, step, 1000);
    const last = out.at(-1);
    if (last && t - last[1] <= 1.5 * reach) last[1] = t;
    else out.push([t - reach, t]);
  });
  return out;
}
