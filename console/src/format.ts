// How figures and times are written, in one place. A figure that was not
// measured is a dash, never a zero.

export const none = "–";

const siSteps: [number, string][] = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

function digits(v: number): string {
  const a = Math.abs(v);
  if (a === 0) return "0";
  if (a >= 100) return v.toFixed(0);
  if (a >= 10) return v.toFixed(1).replace(/\.0$/, "");
  return v.toFixed(2).replace(/\.?0+$/, "");
}

/** A metric's value with its unit, as the API names units ("bit/s", "ms", "ratio" …). */
export function figure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return none;
  switch (unit) {
    case "ratio":
      return `${digits(value * 100)} %`;
    case "bit/s":
    case "B": {
      for (const [step, prefix] of siSteps) if (Math.abs(value) >= step) return `${digits(value / step)} ${prefix}${unit}`;
      return `${digits(value)} ${unit}`;
    }
    case "ms":
      return Math.abs(value) >= 1_000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`;
    case "":
      return digits(value);
    case "p": // lines of a picture, as people name sizes: 720p
      return `${digits(value)}p`;
    default:
      return `${digits(value)} ${unit}`;
  }
}

/** The same without the unit's words, for an axis. */
export function tick(value: number, unit: string): string {
  switch (unit) {
    case "ratio":
      return `${digits(value * 100)}%`;
    case "bit/s":
    case "B":
      for (const [step, prefix] of siSteps) if (Math.abs(value) >= step) return digits(value / step) + prefix;
      return digits(value);
    case "p":
      return `${digits(value)}p`;
    default:
      return Math.abs(value) >= 10_000 ? `${digits(value / 1000)}k` : digits(value);
  }
}

/** A length of time: "1 h 12 min 18 s", the two largest parts when short is set. */
export function duration(ms: number | null | undefined, short = false): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return none;
  if (ms > 0 && ms < 1000) return `${Math.round(ms)} ms`;
  let s = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  for (const [length, name] of [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]] as const) {
    const n = Math.floor(s / length);
    s -= n * length;
    if (n > 0 || (length === 1 && parts.length === 0)) parts.push(`${n} ${name}`);
  }
  return (short ? parts.slice(0, 2) : parts).join(" ");
}

const pad = (n: number, length = 2) => String(n).padStart(length, "0");

/** Date and time of day in the viewer's zone: 2026-11-21 14:06:43. */
export function dateTime(ms: number | string | null | undefined): string {
  if (ms === null || ms === undefined) return none;
  const d = new Date(ms);
  return Number.isNaN(d.getTime()) ? none : `${dateOf(d)} ${timeOf(d)}`;
}

const dateOf = (d: Date) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
const timeOf = (d: Date) => `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;

/** Time of day in the viewer's zone; with thousandths where asked. */
export function clock(ms: number | string | null | undefined, fine = false): string {
  if (ms === null || ms === undefined) return none;
  const d = new Date(ms);
  return timeOf(d) + (fine ? `.${pad(d.getMilliseconds(), 3)}` : "");
}

/** Start and end without saying the date twice; what has no end yet goes on until now. */
export function span(start: number | string, end: number | string | null | undefined): string {
  if (end === null || end === undefined) return `${dateTime(start)} – now`;
  const same = dateOf(new Date(start)) === dateOf(new Date(end));
  return `${dateTime(start)} – ${same ? clock(end) : dateTime(end)}`;
}

/** The viewer's zone by name: "Europe/Berlin (UTC+1)". */
export function zone(at = new Date()): string {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const minutes = -at.getTimezoneOffset();
  const h = Math.trunc(minutes / 60);
  const m = Math.abs(minutes % 60);
  const offset = `UTC${minutes === 0 ? "" : `${h >= 0 ? "+" : "−"}${Math.abs(h)}${m ? `:${pad(m)}` : ""}`}`;
  return name === "UTC" ? "UTC" : `${name} (${offset})`;
}

/** A whole number with thin group marks. */
export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? none : n.toLocaleString("en-US").replaceAll(",", "\u202f");
}

const signs = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The first n signs of a word as people see them: an emoji is one, though it may be eleven to a computer. */
const first = (word: string, n: number) => [...signs.segment(word)].slice(0, n).map((s) => s.segment).join("");

/** Up to two letters that stand for a user. */
export function initials(name: string): string {
  const words = name.replace(/[\u2066-\u2069]/g, "").split(/[\s._@-]+/).filter(Boolean);
  const [one = "?", two] = words;
  return (two === undefined ? first(one, 2) : first(one, 1) + first(two, 1)).toUpperCase();
}

/**
 * A name that may stand in any line: one that is written from right to left is
 * set apart, or an arrow or a time beside it would change sides.
 */
export const apart = (name: string): string => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(name) ? `\u2068${name}\u2069` : name);

/**
 * A text with times of day in UTC, as verdicts have them, in the viewer's zone;
 * near says on which day.
 */
export function inZone(text: string, near: number | string): string {
  const from = new Date(near).getTime();
  const local = (time: string) => {
    const day = new Date(from).toISOString().slice(0, 10);
    let at = Date.parse(`${day}T${time}Z`);
    if (at < from - 43_200_000) at += 86_400_000; // after midnight
    return clock(at);
  };
  return text.replace(/(\d\d:\d\d:\d\d)(?:–(\d\d:\d\d:\d\d))? UTC/g, (_, a: string, b?: string) => (b ? `${local(a)}–${local(b)}` : local(a)));
}
