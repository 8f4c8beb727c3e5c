// The drawing itself, on uPlot: scales whose zero lines meet, what lies behind
// the lines and what stands before them. Nothing here knows React.
import uPlot from "uplot";
import { clock, tick } from "../format";
import type { Laid } from "./align";
import { lonely, zoomed } from "./align";
import { shifted } from "./range";

export { shifted };
import type { Absent, Burr, Series, Zone } from "./types";

/** What a plot draws now; it is asked for with every stroke, so that data and range change in place. */
export interface Scene {
  series: Series[];
  laid: Laid;
  hidden: Set<string>;
  /** The group that the pointer names in the legend: the others step back. */
  lit: string | null;
  range: [number, number];
  bounds: [number, number];
  onRange: (range: [number, number]) => void;
  zones: Zone[];
  burrs: Burr[];
  absent: Absent[];
  atLeast?: number;
  rightAtLeast?: number;
  sides?: [string, string];
}

export interface PlotOptions {
  element: HTMLElement;
  width: number;
  height: number;
  dark: boolean;
  unit: string;
  rightUnit?: string;
  stepped?: boolean;
  /** Where the left axis has its marks, rising; else at round values. */
  levels?: number[];
  cursor: string;
  /** There are events to show below the plot. */
  dots: boolean;
  scene: () => Scene;
  onCursor: (u: uPlot) => void;
}

export const red = "#d62728";
export const leftSpace = 52;
/** Space right of the plot, with an axis there and without. */
export const rightSpace = (axis: boolean) => (axis ? 50 : 8);
/** Space below the plot: the times, and where there are dots a lane of their own, so that they hide nothing. */
export const belowSpace = (dots: boolean) => (dots ? 37 : 22);
const aboveSpace = 6;

const font = "11px ui-sans-serif, system-ui, sans-serif";

/** Which of a plot's scales a series is read on. */
export const scaleOf = (s: Series) => (s.mirrored ? "m" : s.axis === "right" ? "r" : "y");

export const groupOf = (s: Series) => s.group ?? s.label;

/** The share of the height that lies below zero. */
export function below(series: Pick<Series, "mirrored">[]): number {
  const down = series.filter((s) => s.mirrored).length;
  if (down === 0) return 0;
  return down === series.length ? 0.9 : 0.4;
}

/** Round values from 0 up to top, about n of them. */
export function ticks(top: number, n: number): number[] {
  const rough = top / Math.max(n, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10) * power;
  const out: number[] = [];
  for (let i = 0; i * step <= top * 1.0001; i++) out.push(Number((i * step).toPrecision(12)));
  return out;
}

/** Makes a plot; its owner destroys it. */
export function makePlot(o: PlotOptions): uPlot {
  const { scene, unit, rightUnit } = o;
  const grid = { stroke: o.dark ? "#2a303a" : "#e9ecef", width: 1 };
  const text = o.dark ? "#9aa3b2" : "#5c636b";
  const paths = o.stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const axis = { stroke: text, font, grid, ticks: { show: false } };

  const top = (u: uPlot, scale: string, least: number) => {
    const { series, laid, hidden, range } = scene();
    const [first, last] = within(u.data[0] as number[], range);
    let greatest = 0;
    series.forEach((s, n) => {
      if (scaleOf(s) !== scale || hidden.has(groupOf(s))) return;
      for (const values of [laid.data[n + 1], laid.high[n]]) {
        if (values) for (let i = first; i <= last; i++) greatest = Math.max(greatest, (values[i] as number | null | undefined) ?? 0);
      }
    });
    greatest = Math.max(greatest, least);
    return greatest > 0 ? greatest * 1.08 : 1;
  };
  const upright = (scale: string, least: () => number | undefined) => (u: uPlot, min: number | null): [number, number] => {
    const greatest = top(u, scale, least() ?? 0);
    const low = below(scene().series);
    return [low > 0 ? (-greatest * low) / (1 - low) : Math.min(min ?? 0, 0), greatest];
  };
  const splits = (u: uPlot, scale: string) => {
    const { min = 0, max = 1 } = u.scales[scale] ?? {};
    const height = u.bbox.height / uPlot.pxRatio;
    if (scale === "y" && o.levels) {
      let last = Number.NEGATIVE_INFINITY;
      return [0, ...o.levels].filter((v) => {
        const at = (v / (max || 1)) * height;
        if (at > height || at - last < 14) return false;
        last = at;
        return true;
      });
    }
    const low = below(scene().series);
    const up = ticks(max ?? 1, (height * (1 - low)) / 30);
    if (scale === "y" && low > 0) {
      const down = -(u.scales.m?.min ?? -1);
      return [...up, ...ticks(down, (height * low) / 26).slice(1).map((v) => (v / down) * (min ?? 0))].sort((a, b) => a - b);
    }
    return (min ?? 0) < 0 && low === 0 ? [...ticks(-(min ?? 0), (height * -(min ?? 0)) / ((max ?? 1) - (min ?? 0)) / 30).slice(1).map((v) => -v), ...up].sort((a, b) => a - b) : up;
  };

  const u = new uPlot({
    width: o.width, height: o.height,
    padding: [aboveSpace, rightUnit === undefined ? rightSpace(false) : 0, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: o.cursor, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      // A dot on each of many lines tells nothing and costs each move.
      points: { show: scene().series.length <= 8, size: 7 },
      bind: { dblclick: () => () => { scene().onRange(scene().bounds); return null; } },
    },
    scales: {
      x: { time: true, range: () => scene().range.map((t) => t / 1000) as [number, number] },
      y: { range: upright("y", () => scene().atLeast) },
      m: { range: (u) => {
        const down = top(u, "m", scene().series.some((s) => !s.mirrored) ? 0 : (scene().atLeast ?? 0));
        const low = below(scene().series) || 0.5;
        return [-down, (down * (1 - low)) / low];
      } },
      r: { range: upright("r", () => scene().rightAtLeast) },
    },
    axes: [
      { ...axis, size: belowSpace(o.dots), gap: belowSpace(o.dots) - 19, space: 90,
        // A time that would be cut off at the edge is left out.
        values: (u, at) => at.map((s) => (u.valToPos(s, "x") > u.bbox.width / uPlot.pxRatio - 24 + (rightUnit === undefined ? 0 : 40) ? "" : clock(s * 1000))) },
      { ...axis, size: leftSpace, gap: 4, splits: (u) => splits(u, "y"),
        values: (u, at) => at.map((v) => (v < 0 && below(scene().series) > 0 ? tick((v / (u.scales.y?.min ?? -1)) * -(u.scales.m?.min ?? -1), unit) : tick(v, unit))) },
      ...(rightUnit === undefined ? [] : [{ ...axis, scale: "r", side: 1, size: rightSpace(true), gap: 4, grid: { show: false }, splits: (u: uPlot) => splits(u, "r"), values: (_u: uPlot, at: number[]) => at.map((v) => (scene().series.some((x) => x.axis === "right") ? tick(v, rightUnit) : "")) }]),
    ],
    series: [{}, ...scene().series.map((s): uPlot.Series => ({
      label: s.label, scale: scaleOf(s), width: scene().series.length > 12 ? 1.2 : 1.6, paths,
      stroke: (u) => stroke(u, s),
      dash: s.dashed ? [5, 4] : undefined,
      fill: s.fill ? `${s.color}22` : undefined,
      points: { show: true, size: 4, filter: (u: uPlot, i: number) => lonely(u.data[i] as (number | null | undefined)[]) },
      spanGaps: false,
    }))],
    hooks: {
      drawClear: [(u) => behind(u, scene(), o.dark)],
      drawAxes: [(u) => envelopes(u, scene())],
      draw: [(u) => before(u, scene(), o.dark)],
      setSelect: [(u) => {
        if (u.select.width > 4) {
          const { bounds, onRange } = scene();
          const [from, to] = [u.select.left, u.select.left + u.select.width].map((x) => u.posToVal(x, "x") * 1000) as [number, number];
          onRange(zoomed([from, to], bounds, (from + to) / 2, 1));
        }
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [o.onCursor],
    },
  }, mirrored(scene()), o.element);
  wheel(u, scene);
  touch(u, scene);
  return u;
}

/** The data as the plot wants them: what is mirrored lies below zero. */
export function mirrored({ series, laid }: Scene): uPlot.AlignedData {
  const [x, ...lines] = laid.data;
  return [x, ...lines.map((values, i) => (series[i]?.mirrored ? values.map((v) => (v === null || v === undefined ? v : -v)) : values))] as uPlot.AlignedData;
}

/** First and last place within the range, and one beside each. */
function within(x: number[], range: [number, number]): [number, number] {
  const find = (t: number) => {
    let [lo, hi] = [0, x.length];
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((x[mid] as number) * 1000 < t) lo = mid + 1; else hi = mid;
    }
    return lo;
  };
  return [Math.max(find(range[0]) - 1, 0), Math.min(find(range[1]), x.length - 1)];
}

// A line with a limit changes its colour there: the gradient has both colours
// at one place.
function stroke(u: uPlot, s: Series): CanvasRenderingContext2D["strokeStyle"] {
  if (!s.limit) return s.color;
  const at = (u.valToPos(s.mirrored ? -s.limit.at : s.limit.at, scaleOf(s), true) - u.bbox.top) / (u.bbox.height || 1);
  if (!Number.isFinite(at)) return s.color;
  const badAbove = (s.limit.worse === "above") !== (s.mirrored ?? false);
  const [upper, lower] = badAbove ? [red, s.color] : [s.color, red];
  if (at <= 0) return lower;
  if (at >= 1) return upper;
  const gradient = u.ctx.createLinearGradient(0, u.bbox.top, 0, u.bbox.top + u.bbox.height);
  gradient.addColorStop(0, upper);
  gradient.addColorStop(at, upper);
  gradient.addColorStop(at, lower);
  gradient.addColorStop(1, lower);
  return gradient;
}

const zoneFill = { low: "#f0b42914", medium: "#e9730c1c", high: "#d627281f" };

let hatches: Partial<Record<"light" | "dark", CanvasPattern | null>> = {};

function hatch(ctx: CanvasRenderingContext2D, dark: boolean): CanvasPattern | null {
  const key = dark ? "dark" : "light";
  if (hatches[key] !== undefined) return hatches[key];
  const tile = document.createElement("canvas");
  const size = Math.round(7 * uPlot.pxRatio);
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  if (pen) {
    pen.strokeStyle = dark ? "#5f677588" : "#868e9677";
    pen.lineWidth = uPlot.pxRatio;
    pen.beginPath();
    for (const d of [-size, 0, size]) { pen.moveTo(d, size); pen.lineTo(d + size, 0); }
    pen.stroke();
  }
  hatches = { ...hatches, [key]: ctx.createPattern(tile, "repeat") };
  return hatches[key] ?? null;
}

/** Clips to the plot, draws, and leaves the pen as it was. */
function draw(u: uPlot, with_: (ctx: CanvasRenderingContext2D, box: uPlot.BBox) => void): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  with_(ctx, bbox);
  ctx.restore();
}

const xOf = (u: uPlot, ms: number) => u.valToPos(ms / 1000, "x", true);

function behind(u: uPlot, { zones, absent, range }: Scene, dark: boolean): void {
  draw(u, (ctx, box) => {
    for (const z of zones) {
      const scale = z.axis === "right" ? "r" : "y";
      const upper = z.to === undefined ? box.top : Math.max(u.valToPos(z.to, scale, true), box.top);
      const lower = z.from === undefined ? box.top + box.height : Math.min(u.valToPos(z.from, scale, true), box.top + box.height);
      ctx.fillStyle = zoneFill[z.level];
      if (lower > upper) ctx.fillRect(box.left, upper, box.width, lower - upper);
    }
    const pattern = hatch(ctx, dark);
    for (const a of absent) {
      if (a.end < range[0] || a.start > range[1]) continue;
      const left = Math.max(xOf(u, a.start), box.left);
      const width = Math.max(Math.min(xOf(u, a.end), box.left + box.width) - left, 1);
      ctx.fillStyle = dark ? "#ffffff08" : "#0000000a";
      ctx.fillRect(left, box.top, width, box.height);
      if (pattern) { ctx.fillStyle = pattern; ctx.fillRect(left, box.top, width, box.height); }
    }
  });
}

/** Between the least and the greatest of what each point sums up. */
function envelopes(u: uPlot, { series, laid, hidden, lit, range }: Scene): void {
  const x = u.data[0] as number[];
  const [first, last] = within(x, range);
  // Shades of many lines are mud: then only that of the line that is pointed at is drawn.
  const most = 8;
  const shown = series.filter((s) => !hidden.has(groupOf(s))).length;
  draw(u, (ctx) => {
    series.forEach((s, n) => {
      const [low, high] = [laid.low[n], laid.high[n]];
      if (!low || !high || hidden.has(groupOf(s)) || (lit === null ? shown > most : lit !== groupOf(s))) return;
      const scale = scaleOf(s);
      const sign = s.mirrored ? -1 : 1;
      ctx.fillStyle = `${s.color}2e`;
      let run: number[] = [];
      const close = () => {
        if (run.length > 1) {
          ctx.beginPath();
          for (const i of run) ctx.lineTo(u.valToPos(x[i] as number, "x", true), u.valToPos(sign * (high[i] as number), scale, true));
          for (const i of run.reverse()) ctx.lineTo(u.valToPos(x[i] as number, "x", true), u.valToPos(sign * (low[i] as number), scale, true));
          ctx.fill();
        }
        run = [];
      };
      for (let i = first; i <= last; i++) {
        const v = high[i];
        if (v === undefined) continue;
        if (v === null || typeof low[i] !== "number") close(); else run.push(i);
      }
      close();
    });
  });
}

/** Spans that overlap, as one. */
export function united(spans: { start: number; end: number }[]): [number, number][] {
  const out: [number, number][] = [];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}

/** Before the lines: the zero line, limits, and burrs: a comb of red strokes that stand on the zero line, so that they are told from lines by their form as well. */
function before(u: uPlot, { series, burrs, hidden, range, sides }: Scene, dark: boolean): void {
  const low = below(series);
  const px = uPlot.pxRatio;
  draw(u, (ctx, box) => {
    const zero = u.valToPos(0, "y", true);
    if (low > 0) {
      ctx.strokeStyle = dark ? "#868e9c" : "#868e96";
      ctx.lineWidth = px;
      ctx.beginPath();
      ctx.moveTo(box.left, zero);
      ctx.lineTo(box.left + box.width, zero);
      ctx.stroke();
    }
    const limits = new Map<number, Series>();
    for (const s of series) if (s.limit && !hidden.has(groupOf(s))) limits.set(u.valToPos(s.mirrored ? -s.limit.at : s.limit.at, scaleOf(s), true), s);
    ctx.strokeStyle = red;
    ctx.lineWidth = px;
    ctx.setLineDash([2 * px, 4 * px]);
    for (const y of limits.keys()) {
      ctx.beginPath();
      ctx.moveTo(box.left, y);
      ctx.lineTo(box.left + box.width, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    ctx.fillStyle = red;
    for (const down of low > 0 ? [false, true] : [false]) {
      const of = burrs.filter((b) => b.end >= range[0] && b.start <= range[1] && (low > 0 ? Boolean(b.below) : false) === down && !(b.group !== undefined && hidden.has(b.group)));
      const height = 0.34 * (down ? box.top + box.height - zero : zero - box.top);
      // Those of several lines at one time are one comb, whose teeth stay where they are in time while the range moves.
      const pitch = 4 * px;
      const phase = xOf(u, 0) % pitch;
      for (const [start, end] of united(of)) {
        const left = Math.max(xOf(u, start), box.left);
        const right = Math.min(Math.max(xOf(u, end), left + 2 * px), box.left + box.width);
        ctx.fillRect(left, down ? zero : zero - 2 * px, right - left, 2 * px);
        const tooth = (x: number, share: number) => ctx.fillRect(x, down ? zero : zero - height * share, 1.5 * px, height * share);
        const first = Math.ceil((left - phase) / pitch);
        if (phase + first * pitch > right) tooth(left, 1);
        for (let i = first; phase + i * pitch <= right; i++) tooth(phase + i * pitch, i % 2 === 0 ? 1 : 0.7);
      }
    }
    if (sides && low > 0) {
      ctx.font = `600 ${10 * px}px ui-sans-serif, system-ui, sans-serif`;
      ctx.textAlign = "right";
      ctx.fillStyle = dark ? "#aab1bd" : "#5c636b";
      const right = box.left + box.width - 4 * px;
      ctx.textBaseline = "bottom";
      // A rim in the colour of the ground: lines and burrs may run behind the words.
      ctx.strokeStyle = dark ? "#171b21" : "#ffffff";
      ctx.lineWidth = 3 * px;
      ctx.lineJoin = "round";
      const say = (side: string, y: number) => { ctx.strokeText(side, right, y); ctx.fillText(side, right, y); };
      if (low < 0.9) say(sides[0], zero - 3 * px);
      ctx.textBaseline = "top";
      say(sides[1], zero + 4 * px);
    }
  });
}

// A wheel that is already scrolling the page goes on doing so: only a pointer
// that has come to rest on a chart zooms it.
let lastPageScroll = 0;
if (typeof window !== "undefined") {
  window.addEventListener("scroll", () => { lastPageScroll = performance.now(); }, { passive: true, capture: true });
}

function wheel(u: uPlot, scene: () => Scene): void {
  u.over.addEventListener("wheel", (e) => {
    const { range, bounds, onRange } = scene();
    const whole = range[0] <= bounds[0] && range[1] >= bounds[1];
    if (e.deltaY === 0 || performance.now() - lastPageScroll < 500 || (whole && e.deltaY > 0)) return;
    e.preventDefault();
    const at = u.posToVal(e.clientX - u.over.getBoundingClientRect().left, "x") * 1000;
    onRange(zoomed(range, bounds, at, e.deltaY > 0 ? 1.35 : 1 / 1.35));
  }, { passive: false });
}

// Fingers: two zoom, one moves the part that is zoomed in, or the cursor where
// all is shown. Up and down scrolls the page (touch-action in chart.css).
function touch(u: uPlot, scene: () => Scene): void {
  const fingers = new Map<number, { x: number; y: number }>();
  let began: { range: [number, number]; middle: number; spread: number } | undefined;
  const middle = () => [...fingers.values()].reduce((sum, f) => sum + f.x, 0) / fingers.size;
  const spread = () => { const [a, b] = [...fingers.values()]; return a && b ? Math.max(Math.abs(a.x - b.x), 20) : 0; };
  const begin = () => { began = fingers.size > 0 ? { range: scene().range, middle: middle(), spread: spread() } : undefined; };
  const place = (e: PointerEvent) => { const box = u.over.getBoundingClientRect(); return { x: e.clientX - box.left, y: e.clientY - box.top }; };
  u.over.addEventListener("pointerdown", (e) => {
    if (e.pointerType !== "touch") return;
    fingers.set(e.pointerId, place(e));
    begin();
  });
  u.over.addEventListener("pointermove", (e) => {
    if (!fingers.has(e.pointerId) || !began) return;
    fingers.set(e.pointerId, place(e));
    const { bounds, onRange } = scene();
    const [from, to] = began.range;
    const time = (x: number) => from + ((to - from) * x) / (u.over.clientWidth || 1);
    if (fingers.size > 1 && began.spread > 0) {
      const at = time(began.middle);
      const grown = zoomed(began.range, bounds, at, began.spread / Math.max(spread(), 20));
      onRange(shifted(grown, bounds, ((began.middle - middle()) / (u.over.clientWidth || 1)) * (grown[1] - grown[0])));
    } else if (from > bounds[0] || to < bounds[1]) onRange(shifted(began.range, bounds, time(began.middle) - time(middle())));
    else { const { x, y } = fingers.get(e.pointerId) as { x: number; y: number }; u.setCursor({ left: x, top: y }, true); }
  });
  for (const over of ["pointerup", "pointercancel"] as const) u.over.addEventListener(over, (e) => { if (fingers.delete(e.pointerId)) begin(); });
}
