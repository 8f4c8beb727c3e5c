// Ranges of time: what they may be, and how they move.
import { dateTime } from "../format";

/** A view is of at most five hours. */
export const longest = 5 * 3_600_000;

/** At most five hours around the middle. */
export const capped = ([from, to]: [number, number]): [number, number] => (to - from <= longest ? [from, to] : [(from + to - longest) / 2, (from + to + longest) / 2]);

/** What is kept of a range that was asked for: at most five hours of it, nothing where it is all of what are or were just now the bounds. */
export function chosen(range: [number, number], wholes: readonly (readonly [number, number])[]): [number, number] | undefined {
  return wholes.some(([from, to]) => range[0] <= from && range[1] >= to) ? undefined : capped(range);
}

/** A range moved by ms, within bounds. */
export function shifted(range: [number, number], bounds: [number, number], ms: number): [number, number] {
  const by = Math.min(Math.max(ms, bounds[0] - range[0]), bounds[1] - range[1]);
  return [Math.round(range[0] + by), Math.round(range[1] + by)];
}

const pad = (n: number) => String(n).padStart(2, "0");

/** What an input of date and time holds, in the viewer's zone. */
export function localInput(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

/** What stands in the way of a range, or undefined. */
export function fault(from: number, to: number, bounds: [number, number]): string | undefined {
  if (!Number.isFinite(from) || !Number.isFinite(to)) return "Give both times.";
  if (to <= from) return "The end must be after the start.";
  if (to - from > longest) return "A view is of at most 5 hours: choose a shorter one, then step on with the arrows.";
  if (to <= bounds[0] || from >= bounds[1]) return `The call lasted from ${dateTime(bounds[0])} to ${dateTime(bounds[1])}.`;
  return undefined;
}
