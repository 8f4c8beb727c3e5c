import { Box, Group, Text, Tooltip, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock, dateTime, figure, tick } from "../format";
import { align, type Line, lonely, zoomed } from "./align";

/** One line of a chart with what people read of it. */
export interface Series extends Line {
  label: string;
  color: string;
  dashed?: boolean;
  /** Fills the ground below the line. */
  fill?: boolean;
  /** Which axis it is read on; left unless said. */
  axis?: "left" | "right";
  /** Drawn below zero; the axis and the read-out still say positive values. */
  mirrored?: boolean;
  /** Past it the line is red, and the legend and the read-out say so. */
  limit?: Limit;
}

/** From where on a value is too bad. */
export interface Limit {
  at: number;
  worse: "above" | "below";
}

/** Something that happened at an instant, shown as a dot on the axis. */
export interface Mark {
  time: number;
  label: string;
  severity: "info" | "warning" | "error";
  id: string;
  /** Unless said, colour and shape follow the severity. */
  color?: string;
  shape?: "circle" | "square" | "diamond" | "triangle";
  /** What kind of event it is: those of one type are counted together where dots lie upon each other. */
  type?: string;
}

/** A part of time in which something was wrong, shaded behind the lines. */
export interface Band {
  start: number;
  end: number;
  label: string;
  level: "low" | "medium" | "high";
  id: string;
}

/** Values that mean something, shaded as a band behind the lines and explained where the pointer rests. */
export interface Zone {
  from?: number;
  to?: number;
  level: "low" | "medium" | "high";
  label: string;
  axis?: "left" | "right";
}

/** A time in which picture or sound stood still: red, from the zero line upwards, or downwards where it is below. */
export interface Burr {
  start: number;
  end: number;
  below?: boolean;
  label: string;
}

/** A time about which nothing can be known: not measured, not in the room. */
export interface Absent {
  start: number;
  end: number;
  label: string;
}

export interface ChartProps {
  title: string;
  help?: string;
  unit: string;
  series: Series[];
  /** The part of time shown, Unix ms. */
  range: [number, number];
  /** All that can be shown: double click goes back to it. */
  bounds: [number, number];
  onRange: (range: [number, number]) => void;
  marks?: Mark[];
  onMark?: (mark: Mark) => void;
  bands?: Band[];
  height?: number;
  /** Charts with one key share their cursor. */
  cursor: string;
  /** The axis reaches at least this far, so that noise near zero does not fill it. */
  atLeast?: number;
  /** Draws steps where a value holds until the next one (resolution, states). */
  stepped?: boolean;
  /** The axis on the right, for the series that name it. */
  right?: { unit: string; atLeast?: number };
  zones?: Zone[];
  burrs?: Burr[];
  absent?: Absent[];
}

// A wheel that is already scrolling the page goes on doing so: only a pointer
// that has come to rest on a chart zooms it.
let lastPageScroll = 0;
if (typeof window !== "undefined") {
  window.addEventListener("scroll", () => { lastPageScroll = performance.now(); }, { passive: true, capture: true });
}

const axisWidth = 52;

/** The one component that knows the drawing library. */
export function Chart(props: ChartProps) {
  const { series, range, bounds, unit, height = 132, cursor, stepped, atLeast } = props;
  const { ref: box, width } = useElementSize();
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const legend = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const dark = useComputedColorScheme("light") === "dark";

  const data = useMemo(() => align(series), [series]);
  // What a new plot is needed for; data, range and size change in place.
  const shape = JSON.stringify([series.map((s) => [s.label, s.color, s.dashed, s.fill]), unit, dark, stepped, cursor, height]);

  useEffect(() => {
    const element = target.current;
    if (!element || width === 0) return;
    const line = dark ? "#2a303a" : "#e9ecef";
    const text = dark ? "#868e9c" : "#868e96";
    const font = "11px ui-sans-serif, system-ui, sans-serif";
    const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    const made = new uPlot({
      width, height,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: cursor, setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { size: 7 },
        bind: {
          dblclick: () => () => { latest.current.onRange(latest.current.bounds); return null; },
        },
      },
      scales: {
        x: { time: true, range: () => latest.current.range.map((t) => t / 1000) as [number, number] },
        y: { range: (_u, min, max) => {
          const top = Math.max(max ?? 0, latest.current.atLeast ?? 0);
          return [Math.min(min ?? 0, 0), top > 0 ? top * 1.08 : 1];
        } },
      },
      axes: [
        { stroke: text, font, size: 22, gap: 3, grid: { stroke: line, width: 1 }, ticks: { show: false }, space: 90,
          values: (_u, splits) => splits.map((s) => clock(s * 1000)) },
        { stroke: text, font, size: axisWidth, gap: 4, grid: { stroke: line, width: 1 }, ticks: { show: false }, space: 30,
          values: (_u, splits) => splits.map((s) => tick(s, unit)) },
      ],
      series: [{}, ...series.map((s) => ({
        label: s.label, stroke: s.color, width: 1.6, paths,
        dash: s.dashed ? [5, 4] : undefined,
        fill: s.fill ? `${s.color}22` : undefined,
        points: { show: true, size: 4, filter: (u: uPlot, i: number) => lonely(u.data[i] as (number | null | undefined)[]) },
        spanGaps: false,
      }))],
      hooks: {
        setSelect: [(u) => {
          if (u.select.width > 4) {
            const from = u.posToVal(u.select.left, "x") * 1000;
            const to = u.posToVal(u.select.left + u.select.width, "x") * 1000;
            latest.current.onRange(zoomed([from, to], latest.current.bounds, (from + to) / 2, 1));
          }
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
        setCursor: [(u) => readOut(u, legend.current, unit)],
      },
    }, data as uPlot.AlignedData, element);
    made.over.addEventListener("wheel", (e) => {
      const { range, bounds, onRange } = latest.current;
      const whole = range[0] <= bounds[0] && range[1] >= bounds[1];
      if (e.deltaY === 0 || performance.now() - lastPageScroll < 500 || (whole && e.deltaY > 0)) return;
      e.preventDefault();
      const at = made.posToVal(e.clientX - made.over.getBoundingClientRect().left, "x") * 1000;
      onRange(zoomed(range, bounds, at, e.deltaY > 0 ? 1.35 : 1 / 1.35));
    }, { passive: false });
    plot.current = made;
    readOut(made, legend.current, unit);
    return () => { made.destroy(); plot.current = null; };
    // The plot is made anew only when its shape changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, width === 0]);

  useEffect(() => { plot.current?.setData(data as uPlot.AlignedData); }, [data]);
  useEffect(() => { if (width > 0) plot.current?.setSize({ width, height }); }, [width, height]);
  useEffect(() => { plot.current?.setScale("x", { min: range[0] / 1000, max: range[1] / 1000 }); }, [range[0], range[1]]);
  useEffect(() => { plot.current?.redraw(); }, [atLeast]);

  const onKey = (e: React.KeyboardEvent) => {
    const mid = (range[0] + range[1]) / 2;
    const shift = (range[1] - range[0]) / 4;
    const moves: Record<string, () => [number, number]> = {
      "+": () => zoomed(range, bounds, mid, 1 / 1.5),
      "=": () => zoomed(range, bounds, mid, 1 / 1.5),
      "-": () => zoomed(range, bounds, mid, 1.5),
      ArrowLeft: () => zoomed([range[0] - shift, range[1] - shift], bounds, mid - shift, 1),
      ArrowRight: () => zoomed([range[0] + shift, range[1] + shift], bounds, mid + shift, 1),
      "0": () => bounds,
    };
    const move = moves[e.key];
    if (move) { e.preventDefault(); props.onRange(move()); }
  };

  const empty = series.every((s) => s.values.every((v) => v === null));
  return (
    <Box className="chart" tabIndex={0} onKeyDown={onKey} role="group" aria-label={`${props.title}, ${series.map((s) => s.label).join(", ")}. Plus and minus zoom, arrow keys move, zero shows all.`}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
        <Tooltip label={props.help} disabled={!props.help}>
          <Text size="sm" fw={600} style={{ whiteSpace: "nowrap" }}>{props.title}</Text>
        </Tooltip>
      </Group>
      <div className="legend" ref={legend} aria-hidden="true">
        {series.map((s) => (
          <span className="legend-item" key={s.label}>
            <span className="legend-swatch" data-dashed={s.dashed} style={{ backgroundColor: s.color }} />
            <span className="muted">{s.label}</span>
            <span className="num" data-value />
          </span>
        ))}
      </div>
      <div ref={box} style={{ position: "relative", height }}>
        {width > 0 && props.bands?.map((b) => {
          const place = (t: number) => axisWidth + ((Math.min(Math.max(t, range[0]), range[1]) - range[0]) / (range[1] - range[0] || 1)) * (width - axisWidth - 8);
          const [left, right] = [place(b.start), place(b.end)];
          if (b.end < range[0] || b.start > range[1]) return null;
          return (
            <div key={b.id} className="chart-band" data-level={b.level} style={{ left, width: Math.max(right - left, 2), height: height - 28 }}>
              <Tooltip label={`${b.label}, ${clock(b.start)} – ${clock(b.end)}`} openDelay={0}><span className="chart-band-grip" /></Tooltip>
            </div>
          );
        })}
        <div ref={target} />
        {empty && <Text size="xs" c="dimmed" style={{ position: "absolute", inset: 0, display: "grid", placeItems: "center", pointerEvents: "none" }}>Not measured in this range</Text>}
        {width > 0 && props.marks?.filter((m) => m.time >= range[0] && m.time <= range[1]).map((m) => (
          <Tooltip key={m.id} label={`${dateTime(m.time)} · ${m.label}`} openDelay={0}>
            <button type="button" className="chart-mark" data-severity={m.severity} aria-label={`${m.label} at ${clock(m.time)}`} onClick={() => props.onMark?.(m)}
              style={{ left: axisWidth + ((m.time - range[0]) / (range[1] - range[0] || 1)) * (width - axisWidth - 8), bottom: 20 }} />
          </Tooltip>
        ))}
      </div>
    </Box>
  );
}

/** Writes the values under the cursor, or the last ones, into the legend: by hand, since it happens with each move of the pointer on every chart. */
function readOut(u: uPlot, legend: HTMLDivElement | null, unit: string): void {
  if (!legend) return;
  const idx = u.cursor.idx;
  legend.querySelectorAll<HTMLElement>("[data-value]").forEach((el, i) => {
    const values = u.data[i + 1] as (number | null | undefined)[] | undefined;
    if (!values) return;
    let at = idx ?? values.length - 1;
    // Another series may own the instant under the cursor: take this one's last point before it.
    while (at > 0 && values[at] === undefined) at--;
    el.textContent = figure(values[at], unit);
  });
}
