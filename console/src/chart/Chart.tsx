import { ActionIcon, Box, Group, Text, Tooltip, useComputedColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconTable } from "@tabler/icons-react";
import { memo, type ReactNode, useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { clock, zone } from "../format";
import { align, type Laid, zoomed } from "./align";
import { Keys, Legend } from "./Legend";
import { Marks } from "./Marks";
import { belowSpace, groupOf, leftSpace, makePlot, mirrored, rightSpace, type Scene } from "./plot";
import { shifted } from "./range";
import { later, type Reading, readOut } from "./readout";
import { digest } from "./summary";
import { useSight } from "./useSight";
import { describe, Table } from "./Table";
import type { Absent, Band, Burr, Mark, Series, Zone } from "./types";

export type { Absent, Band, Burr, Limit, Mark, Series, Zone } from "./types";

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
  /** Where the left axis has its marks, rising; else at round values. */
  levels?: number[];
  /** The axis on the right, for the series that name it. */
  right?: { unit: string; atLeast?: number };
  zones?: Zone[];
  burrs?: Burr[];
  /** What burrs are, for the key: "stood still". */
  burrName?: string;
  absent?: Absent[];
  /** What lies above and below the zero line of a mirrored chart. */
  sides?: [string, string];
  /** Stands at the right of the title. */
  actions?: ReactNode;
}

const nothing: Laid = { data: [[]], low: [], high: [] };
const noZones: Zone[] = [];
const noBurrs: Burr[] = [];
const noAbsent: Absent[] = [];

/** The one component that knows the drawing library. */
export function Chart(props: ChartProps) {
  const { series, bounds, unit, height = 132, cursor, stepped, levels, atLeast, right, sides, zones = noZones, burrs = noBurrs, absent = noAbsent } = props;
  const [box, { width, seen }] = useSight();
  // Nor does it follow the range, until it is looked at.
  const kept = useRef(props.range);
  if (seen) kept.current = props.range;
  const range = kept.current;
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = useComputedColorScheme("light") === "dark";
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  const [lit, setLit] = useState<string | null>(null);
  const [table, setTable] = useState(false);
  const summary = useId();

  // Where there can be events they have their lane from the start: the lines stay where they are when events come.
  const dots = props.marks !== undefined;
  const laid = useMemo(() => (width > 0 ? align(series, width) : nothing), [series, width]);
  // What is told in words waits until the range rests.
  const [settled] = useDebouncedValue(range, 200);
  const digests = useMemo(() => series.map((s) => digest(s, settled)), [series, settled]);

  const scene = useRef<Scene>(null as unknown as Scene);
  scene.current = { series, laid, hidden, lit, range, bounds, onRange: props.onRange, zones, burrs, absent, atLeast, rightAtLeast: right?.atLeast, sides };

  // What is written by hand, since it changes with each move of the pointer.
  const reading = useRef<Reading>({ root: null, cells: [], hovered: false });
  const root = useRef<HTMLDivElement>(null);
  const write = useRef(() => {});
  write.current = () => { if (plot.current) readOut(plot.current, scene.current, reading.current, { digests, unit, rightUnit: right?.unit, stepped }); };
  const written = useRef(() => write.current());
  useLayoutEffect(() => {
    reading.current.root = root.current;
    reading.current.cells = [];
    for (const cell of root.current?.querySelectorAll<HTMLElement>("[data-cell]") ?? []) reading.current.cells[Number(cell.dataset.cell)] = cell;
    written.current();
  });

  // What a new plot is needed for; data, range and size change in place.
  const shape = JSON.stringify([series.map((s) => [s.label, s.color, s.dashed, s.fill, s.mirrored, s.axis, s.limit]), unit, right, dark, stepped, levels, cursor, atLeast, sides, dots]);
  const ready = width > 0 && (seen || plot.current !== null);

  const fresh = useRef(false);
  useEffect(() => {
    const element = target.current;
    if (!element || !ready) return;
    const made = makePlot({
      element, width, height, dark, unit, rightUnit: right?.unit, stepped, levels, cursor, dots,
      scene: () => scene.current,
      onCursor: () => later(written.current),
    });
    for (const [name, on] of [["mouseenter", true], ["mouseleave", false]] as const) {
      made.over.addEventListener(name, () => { reading.current.hovered = on; later(written.current); });
    }
    plot.current = made;
    drawn.current = null;
    fresh.current = hidden.size === 0 && lit === null;
    written.current();
    return () => { made.destroy(); plot.current = null; };
    // The plot is made anew only when its shape changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, ready]);

  const drawn = useRef<{ laid: unknown; hidden: Set<string>; lit: string | null; width: number; height: number } | null>(null);
  useEffect(() => {
    const u = plot.current;
    if (!u || !seen) { fresh.current = false; return; }
    const before = drawn.current;
    const s = scene.current;
    drawn.current = { laid, hidden, lit, width, height };
    if (fresh.current) { fresh.current = false; return; } // a new plot has all of it, and draws itself
    u.batch(() => {
      if (before?.width !== width || before.height !== height) u.setSize({ width, height });
      if (before?.laid !== laid) u.setData(mirrored(s));
      if (before?.hidden !== hidden) series.forEach((x, i) => { const show = !hidden.has(groupOf(x)); if (u.series[i + 1]?.show !== show) u.setSeries(i + 1, { show }); });
      if (before?.lit !== lit) for (const [i, x] of series.entries()) { const line = u.series[i + 1]; if (line) line.alpha = lit === null || lit === groupOf(x) ? 1 : 0.15; }
      u.setScale("x", { min: range[0] / 1000, max: range[1] / 1000 });
      u.redraw(false, false);
    });
    later(written.current);
  }, [seen, shape, ready, laid, hidden, lit, width, height, range[0], range[1], burrs, absent, zones, series]);

  useEffect(() => {
    const u = plot.current;
    if (!u || seen) return;
    const shared = uPlot.sync(cursor);
    shared.unsub(u);
    return () => { if (plot.current === u) shared.sub(u); };
  }, [seen, cursor, shape]);

  const onKey = (e: React.KeyboardEvent) => {
    const mid = (range[0] + range[1]) / 2;
    const quarter = (range[1] - range[0]) / 4;
    const moves: Record<string, () => [number, number]> = {
      "+": () => zoomed(range, bounds, mid, 1 / 1.5),
      "=": () => zoomed(range, bounds, mid, 1 / 1.5),
      "-": () => zoomed(range, bounds, mid, 1.5),
      ArrowLeft: () => shifted(range, bounds, -quarter),
      ArrowRight: () => shifted(range, bounds, quarter),
      "0": () => bounds,
    };
    const move = e.shiftKey && e.key.startsWith("Arrow") ? undefined : moves[e.key];
    if (move) { e.preventDefault(); props.onRange(move()); return; }
    const u = plot.current;
    if (u && e.shiftKey && (e.key === "ArrowLeft" || e.key === "ArrowRight")) {
      // Reads the values one pixel step after the other.
      e.preventDefault();
      const left = Math.min(Math.max((u.cursor.left ?? -1) < 0 ? u.over.clientWidth / 2 : (u.cursor.left ?? 0) + (e.key === "ArrowRight" ? 8 : -8), 0), u.over.clientWidth);
      u.setCursor({ left, top: u.over.clientHeight / 2 }, true);
      reading.current.spoken = true;
    }
  };

  const grouped = useMemo(() => series.some((s) => s.group !== undefined), [series]);
  const inner = Math.max(width - leftSpace - rightSpace(right !== undefined), 0);
  const place = (t: number) => leftSpace + ((Math.min(Math.max(t, range[0]), range[1]) - range[0]) / (range[1] - range[0] || 1)) * inner;
  const empty = useMemo(() => series.every((s) => s.values.every((v) => v === null)), [series]);
  const words = useMemo(() => describe({ title: props.title, help: props.help, series, digests, burrs, absent, range: settled, unit, rightUnit: right?.unit }), [props.title, props.help, series, digests, burrs, absent, settled, unit, right?.unit]);
  const toggle = useCallback((group: string, alone: boolean) => setHidden((was) => {
    const groups = [...new Set(series.map(groupOf))];
    if (alone) return was.size === groups.length - 1 && !was.has(group) ? new Set() : new Set(groups.filter((g) => g !== group));
    const now = new Set(was);
    if (!now.delete(group)) now.add(group);
    return now;
  }), [series]);

  return (
    <Box className="chart" ref={root} tabIndex={0} onKeyDown={onKey} role="group" aria-label={`${props.title}. Plus and minus zoom, arrow keys move, zero shows all, shift and arrow keys read values.`} aria-describedby={summary}>
      <Head title={props.title} help={props.help} unit={grouped ? unit : ""} actions={props.actions} table={table} onTable={setTable} />
      <Legend series={series} hidden={hidden} onToggle={toggle} onLight={setLit} />
      <div ref={box} className="chart-plot" style={{ height }}>
        {width > 0 && props.bands?.map((b) => {
          if (b.end < range[0] || b.start > range[1]) return null;
          const [left, end] = [place(b.start), place(b.end)];
          return (
            <div key={b.id} className="chart-band" data-level={b.level} style={{ left, width: Math.max(end - left, 2), height: height - belowSpace(dots) - 6 }}>
              <Tooltip label={`${b.label}, ${clock(b.start)} – ${clock(b.end)}`} openDelay={0}><span className="chart-band-grip" /></Tooltip>
            </div>
          );
        })}
        <div ref={target} />
        {empty && burrs.length === 0 && <Text size="xs" c="dimmed" className="chart-empty">Not measured in this range</Text>}
        <div className="chart-tip" data-tip aria-hidden="true" />
        {inner > 0 && props.marks && <Marks marks={props.marks} range={range} width={inner} left={leftSpace} bottom={18} onMark={props.onMark} />}
      </div>
      <Keys series={series} absent={absent} burrs={burrs} burrName={props.burrName} range={range} unit={unit} rightUnit={right?.unit} />
      <p className="chart-hidden" id={summary}>{words}</p>
      <div className="chart-hidden" aria-live="polite" data-live />
      {table && <Table title={props.title} series={series} digests={digests} burrs={burrs} marks={props.marks ?? []} range={settled} unit={unit} rightUnit={right?.unit} zone={zone(new Date(range[0]))} />}
    </Box>
  );
}

/** What stands above the lines; it stays as it is while the range moves. */
const Head = memo(function Head({ title, help, unit, actions, table, onTable }: { title: string; help?: string; unit: string; actions?: ReactNode; table: boolean; onTable: (shown: boolean) => void }) {
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap" align="center" mih={22}>
      <Tooltip label={help} disabled={!help}>
        <Text size="sm" fw={600} className="chart-title">{title}{unit && <Text span size="xs" c="dimmed" fw={400}> in {unit}</Text>}</Text>
      </Tooltip>
      <Group gap={6} wrap="nowrap">
        <span className="chart-time num" data-time aria-hidden="true" />
        {actions}
        <Tooltip label={table ? "Hide the table" : "Show as table"}>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-pressed={table} aria-label={`${title}: show as table`} onClick={() => onTable(!table)}><IconTable size={15} stroke={1.6} /></ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  );
});
