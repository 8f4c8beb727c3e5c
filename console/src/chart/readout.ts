// What is written under the pointer: by hand, since it happens with each move
// of it on every chart.
import type uPlot from "uplot";
import { clock, figure, none, tick } from "../format";
import { groupOf, type Scene, scaleOf } from "./plot";
import type { Digest } from "./summary";
import type { Limit, Series } from "./types";

/** Where a chart's figures are written. */
export interface Reading {
  root: HTMLElement | null;
  /** In the order of the series. */
  cells: HTMLElement[];
  /** The pointer is on this chart, not on one that shares its cursor. */
  hovered: boolean;
  /** The cursor was moved by keys: what it reads is spoken. */
  spoken?: boolean;
}

const waiting = new Set<() => void>();

/** Calls f once before the next picture, with all others that wait: twenty charts are written in one go. */
export function later(f: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(() => { const all = [...waiting]; waiting.clear(); for (const g of all) g(); });
  waiting.add(f);
}

export const past = (value: number, limit: Limit | undefined) => limit !== undefined && (limit.worse === "above" ? value > limit.at : value < limit.at);

/** How far a point stands for what comes after it, s. */
const reachOf = (s: Series) => (1.5 * Math.max(s.step, s.bridge ?? 0, 1000, ...s.intervals.slice(-3))) / 1000;

/** The value at a place of the axis: where another series owns the instant, this one's last before it, if it still stands. */
export function valueAt(u: uPlot, at: number, n: number, s: Series): number | null | undefined {
  const x = u.data[0] as number[];
  const values = u.data[n + 1] as (number | null | undefined)[] | undefined;
  if (!values) return undefined;
  const reach = reachOf(s);
  for (let i = at; i >= 0 && (x[at] as number) - (x[i] as number) <= reach; i--) {
    const v = values[i];
    if (v !== undefined) return v === null || !s.mirrored ? v : -v;
  }
  return undefined;
}

interface Written {
  digests: (Digest | undefined)[];
  unit: string;
  rightUnit?: string;
  stepped?: boolean;
}

export const unitOf = (s: Series, unit: string, rightUnit?: string) => (s.axis === "right" ? (rightUnit ?? unit) : unit);

/** Writes the values under the cursor into the legend, or their means while there is none, and what lies under the pointer beside it. */
export function readOut(u: uPlot, scene: Scene, to: Reading, { digests, unit, rightUnit, stepped }: Written): void {
  const at = u.cursor.idx;
  const x = u.data[0] as number[];
  const on = at !== null && at !== undefined && (u.cursor.left ?? -1) >= 0 && x.length > 0;
  const time = on ? u.posToVal(u.cursor.left ?? 0, "x") * 1000 : 0;
  const slot = to.root?.querySelector<HTMLElement>("[data-time]");
  if (slot) slot.textContent = on ? clock(time) : stepped ? "last" : "mean";
  const spoken: string[] = [];
  scene.series.forEach((s, n) => {
    const cell = to.cells[n];
    if (!cell) return;
    const d = digests[n];
    const value = on ? valueAt(u, at, n, s) : stepped ? d?.last : d?.mean;
    const text = s.group === undefined ? figure(value, unitOf(s, unit, rightUnit)) : value === null || value === undefined ? none : tick(value, unitOf(s, unit, rightUnit));
    if (cell.textContent !== text) cell.textContent = text;
    const bad = typeof value === "number" && past(value, s.limit);
    if ((cell.dataset.bad !== undefined) !== bad) { if (bad) cell.dataset.bad = ""; else delete cell.dataset.bad; }
    if (to.spoken) spoken.push(`${s.label} ${figure(value, unitOf(s, unit, rightUnit))}`);
  });
  if (to.spoken) {
    const live = to.root?.querySelector<HTMLElement>("[data-live]");
    if (live) live.textContent = `${clock(time)}: ${spoken.join(", ")}`;
    to.spoken = false;
  }
  tip(u, scene, to, on && to.hovered ? { at, time } : undefined, unit, rightUnit);
}

function tip(u: uPlot, scene: Scene, to: Reading, under: { at: number; time: number } | undefined, unit: string, rightUnit?: string): void {
  const box = to.root?.querySelector<HTMLElement>("[data-tip]");
  if (!box) return;
  const lines = under ? linesAt(u, scene, under.at, under.time, unit, rightUnit) : [];
  box.style.display = lines.length ? "block" : "none";
  if (!lines.length || !under) return;
  box.replaceChildren(...lines.map(({ text, color, red }) => {
    const line = document.createElement("div");
    if (color) { const dot = document.createElement("span"); dot.className = "chart-tip-dot"; dot.style.background = color; line.append(dot); }
    if (red) line.className = "chart-tip-burr";
    line.append(text);
    return line;
  }));
  const left = (u.cursor.left ?? 0) + u.over.offsetLeft;
  const flip = left > u.root.clientWidth / 2;
  box.style.left = flip ? "auto" : `${left + 14}px`;
  box.style.right = flip ? `${u.root.clientWidth - left + 14}px` : "auto";
  box.style.maxWidth = `${Math.max((flip ? left : u.root.clientWidth - left) - 14, 120)}px`;
}

interface TipLine { text: string; color?: string; red?: boolean }

function linesAt(u: uPlot, { series, hidden, burrs, absent, zones }: Scene, at: number, time: number, unit: string, rightUnit?: string): TipLine[] {
  const out: TipLine[] = [];
  const top = u.cursor.top ?? 0;
  let nearest: { s: Series; value: number; far: number } | undefined;
  series.forEach((s, n) => {
    if (hidden.has(groupOf(s))) return;
    const value = valueAt(u, at, n, s);
    if (typeof value !== "number") return;
    const far = Math.abs(u.valToPos(s.mirrored ? -value : value, scaleOf(s)) - top);
    if (far < 28 && (!nearest || far < nearest.far)) nearest = { s, value, far };
  });
  if (nearest) {
    const { s, value } = nearest;
    const of = unitOf(s, unit, rightUnit);
    out.push({ text: `${s.label}: ${figure(value, of)}${past(value, s.limit) ? ", past its limit" : ""}`, color: s.color });
    for (const p of s.parts ?? []) out.push({ text: `${p.label}: ${figure(partAt(p, time), of)}` });
  }
  const reach = (u.posToVal(5, "x") - u.posToVal(0, "x")) * 1000;
  const burring = burrs.filter((b) => b.start - reach <= time && b.end + reach >= time && !(b.group !== undefined && hidden.has(b.group)));
  for (const b of burring.slice(0, 4)) out.push({ text: b.label, red: true });
  if (burring.length > 4) out.push({ text: `and ${burring.length - 4} more`, red: true });
  const missing = absent.find((a) => a.start <= time && a.end >= time);
  if (missing) out.push({ text: missing.label });
  for (const z of zones) {
    const value = u.posToVal(top, z.axis === "right" ? "r" : "y");
    if (value >= (z.from ?? Number.NEGATIVE_INFINITY) && value < (z.to ?? Number.POSITIVE_INFINITY)) out.push({ text: z.label });
  }
  return out;
}

/** The value of a part of a sum at a time. */
function partAt(p: { times: number[]; values: (number | null)[]; intervals: number[]; step: number }, time: number): number | null | undefined {
  let found = -1;
  for (let i = 0; i < p.times.length && (p.times[i] as number) <= time + Math.max(p.step, 1000) / 2; i++) found = i;
  if (found < 0 || time - (p.times[found] as number) > 1.5 * Math.max(p.step, p.intervals[found] ?? 0, 1000)) return undefined;
  return p.values[found];
}
