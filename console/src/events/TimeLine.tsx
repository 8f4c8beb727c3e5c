import { Group, Paper, Text, UnstyledButton } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Issue } from "../api/client";
import { type Happening, type HappeningType, happeningColor, type Lane } from "../api/events";
import { zoomed } from "../chart/align";
import { shifted } from "../chart/range";
import { clock, count, duration } from "../format";
import { useScheme } from "../theme";
import { bundle, held, instants } from "./bundle";
import { Dot } from "./Dot";
import { laneHints } from "./hints";

export interface TimeLineProps {
  rows: Happening[];
  types: HappeningType[];
  issues: Issue[];
  range: [number, number];
  bounds: [number, number];
  onRange: (range: [number, number] | undefined) => void;
  /** The id of the open row. */
  opened: string | null;
  onOpen: (row: Happening) => void;
  onIssue: (issue: Issue) => void;
  /** Who a stay is of. */
  nameOf: (session: string) => string;
  /** Rows are of one user: what held is drawn as bars, too. */
  one: boolean;
  /** Filters hold rows back: a lane without any says nothing of the call. */
  narrowed: boolean;
}

const least = 17; // px between dots
const label = 144; // px of the lanes' names

/** One lane for each kind of thing, on one axis of time. */
export function TimeLine({ rows, types, issues, range, bounds, onRange, opened, onOpen, onIssue, nameOf, one, narrowed }: TimeLineProps) {
  const { ref, width: all } = useElementSize();
  const scheme = useScheme();
  const narrow = all > 0 && all < 620;
  const rowHeight = narrow ? 46 : 34; // the name stands above its lane where there is no room beside it
  const left = narrow ? 0 : label;
  const width = Math.max(all - left - 18, 0);
  const byType = useMemo(() => new Map(types.map((t) => [t.type, t])), [types]);
  const [first, last] = bounds;
  const lanes = useMemo(() => {
    const names = new Map<Lane, string>();
    for (const t of types) names.set(t.lane, t.laneLabel);
    return [...names].map(([lane, name]) => ({ lane, name, rows: rows.filter((r) => r.lane === lane).map((row) => ({ time: within(Date.parse(row.time)), row })) }));
    // A page prepares before it joins: what it did then stands at the edge.
    function within(t: number) { return Math.min(Math.max(t, first), last); }
  }, [rows, types, first, last]);
  const bars = useMemo(() => (one ? held(rows.map((r) => ({ time: Date.parse(r.time), session: r.session, type: r.type, lane: r.lane, kind: r.kind, connection: r.connection }))) : []), [rows, one]);
  const [card, setCard] = useState<{ x: number; y: number; items: Happening[] } | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const dragged = useRef<[number, number] | null>(null); // moves may come faster than they are drawn
  const pull = (d: [number, number] | null) => { dragged.current = d; setDrag(d); };
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<HTMLDivElement>(null);

  const scale = width / Math.max(range[1] - range[0], 1);
  const xOf = (t: number) => (t - range[0]) * scale;
  const timeAt = (clientX: number) => {
    const box = plot.current?.getBoundingClientRect();
    return range[0] + (clientX - (box?.left ?? 0)) / (scale || 1);
  };
  const change = (r: [number, number]) => onRange(r[0] <= bounds[0] && r[1] >= bounds[1] ? undefined : r);

  // React's own listener would be passive: the page would scroll as well.
  const wheel = useRef<(e: WheelEvent) => void>(() => {});
  wheel.current = (e) => {
    if (!e.ctrlKey && !e.metaKey && !e.shiftKey) return; // the list below is scrolled past this
    e.preventDefault();
    change(zoomed(range, bounds, timeAt(e.clientX), (e.deltaY || e.deltaX) > 0 ? 1.35 : 1 / 1.35));
  };
  useEffect(() => {
    const el = plot.current;
    if (!el) return;
    const on = (e: WheelEvent) => wheel.current(e);
    el.addEventListener("wheel", on, { passive: false });
    return () => el.removeEventListener("wheel", on);
  }, []);

  // A dot that had the focus may be gone, or be several, in another range.
  const keyed = useRef(false);
  useEffect(() => {
    if (keyed.current && !root.current?.contains(document.activeElement)) root.current?.focus({ preventScroll: true });
    keyed.current = false;
  }, [range[0], range[1]]);

  const keys = (e: KeyboardEvent) => {
    const length = range[1] - range[0];
    const dot = document.activeElement !== root.current ? document.activeElement?.getBoundingClientRect() : undefined;
    const around = dot ? timeAt(dot.left + dot.width / 2) : (range[0] + range[1]) / 2;
    keyed.current = true;
    if (e.key === "+" || e.key === "=") change(zoomed(range, bounds, around, 0.5));
    else if (e.key === "-") change(zoomed(range, bounds, around, 2));
    else if (e.key === "0") onRange(undefined);
    else if (e.shiftKey && e.key === "ArrowLeft") change(shifted(range, bounds, -length / 4));
    else if (e.shiftKey && e.key === "ArrowRight") change(shifted(range, bounds, length / 4));
    else if (e.key === "Escape") setCard(null);
    else return move(e, root.current);
    e.preventDefault();
  };

  const ticks = width > 0 ? instants(range, Math.max(Math.floor(width / 90), 2)) : [];
  const shownIssues = issues.filter((i) => Date.parse(i.start) <= range[1] && (i.end ? Date.parse(i.end) : range[1]) >= range[0]);

  return (
    <Paper className="timeline" ref={ref}>
      <div ref={root} onKeyDown={keys} className="timeline-root" role="group" tabIndex={0} aria-label="Time line. Arrow keys go from event to event, Enter opens one, plus and minus zoom, 0 shows the whole call.">
        <div className="timeline-lanes" style={{ marginLeft: left }} ref={plot}
          onDoubleClick={() => onRange(undefined)}
          onPointerDown={(e) => { if (e.button === 0 && e.pointerType !== "touch" && !(e.target as Element).closest("button")) { pull([timeAt(e.clientX), timeAt(e.clientX)]); e.currentTarget.setPointerCapture(e.pointerId); } }}
          onPointerMove={(e) => { if (dragged.current) pull([dragged.current[0], timeAt(e.clientX)]); }}
          onPointerUp={(e) => {
            if (!dragged.current) return;
            const [a, b] = [dragged.current[0], timeAt(e.clientX)].sort((x, y) => x - y) as [number, number];
            pull(null);
            if ((b - a) * scale > 6) change(zoomed([a, b], bounds, (a + b) / 2, 1, 1_000));
          }}
          onPointerCancel={() => pull(null)}>
          <svg className="timeline-grid" width={width + 18} height={(lanes.length + 1) * rowHeight + 20} aria-hidden="true">
            {ticks.map((t) => <g key={t} transform={`translate(${xOf(t)},0)`}><line y1={0} y2={(lanes.length + 1) * rowHeight} /><text y={(lanes.length + 1) * rowHeight + 14} textAnchor={xOf(t) < 24 ? "start" : xOf(t) > width - 24 ? "end" : "middle"}>{clock(t, t % 1000 !== 0)}</text></g>)}
          </svg>
          {lanes.map(({ lane, name, rows: of }, i) => (
            <div key={lane} className="timeline-lane" role="group" aria-label={`${name}: ${of.length} events`} style={{ height: rowHeight }} data-lane={lane}>
              <span className="timeline-name" style={narrow ? undefined : { left: -left, width: left - 8 }}>{name}</span>
              {of.length === 0 && <Text span size="xs" c="dimmed" className="timeline-none">{narrowed ? "none matches" : narrow ? "none" : laneHints[lane].none}{!narrowed && all > 900 && laneHints[lane].code && <> · an application tells it with <code>{laneHints[lane].code}</code></>}</Text>}
              {width > 0 && bars.filter((b) => b.lane === lane && b.from <= range[1] && (b.to ?? range[1]) >= range[0]).map((b) => {
                const from = Math.max(xOf(b.from), 0);
                return <span key={`${b.label}${b.from}`} className="timeline-held" data-what={b.label} title={`${b.label}, ${b.to ? duration(b.to - b.from) : "goes on"}`} style={{ left: from, width: Math.max(Math.min(xOf(b.to ?? range[1]), width) - from, 2) }} />;
              })}
              {width > 0 && bundle(of, range, width, least).map(({ x, items }) => {
                const some = items.map((item) => item.row);
                const worst = [...some].sort((a, b) => weight(b) - weight(a))[0] as Happening;
                const type = byType.get(worst.type);
                const first = some[0] as Happening;
                const text = some.length === 1 ? `${clock(first.time)} ${nameOf(first.session)}: ${first.label}${first.text ? `, ${first.text}` : ""}` : `${some.length} events from ${clock(first.time)}: ${summary(some)}`;
                const show = () => setCard({ x: left + x, y: (i + 1) * rowHeight, items: some });
                return (
                  <UnstyledButton key={first.id} className="timeline-dot" style={{ left: x }} aria-label={text} tabIndex={-1} data-x={x} data-lane={lane} data-many={some.length > 1 || undefined}
                      aria-pressed={some.some((r) => r.id === opened)} data-severity={worst.severity}
                      onMouseEnter={show} onMouseLeave={() => setCard(null)} onFocus={show} onBlur={() => setCard(null)}
                      onClick={() => {
                        const span = Date.parse((some.at(-1) as Happening).time) - Date.parse(first.time);
                        // Rows of one moment are not parted by any zoom.
                        if (span > 0 && range[1] - range[0] > 1_500) change(zoomed([Date.parse(first.time) - span / 3, Date.parse(first.time) + span * 1.33], bounds, Date.parse(first.time) + span / 2, 1, 1_000));
                        else onOpen(worst);
                      }}>
                      <Dot shape={type?.shape ?? "circle"} color={happeningColor(type, scheme)} size={some.length > 1 ? 18 : 15} />
                      {some.length > 1 && <span className="timeline-count">{some.length > 99 ? "99+" : some.length}</span>}
                    </UnstyledButton>
                );
              })}
            </div>
          ))}
          <div className="timeline-lane" role="group" aria-label={`Issues: ${shownIssues.length}`} style={{ height: rowHeight }} data-lane="issues">
            <span className="timeline-name" style={narrow ? undefined : { left: -left, width: left - 8 }}>Issues</span>
            {shownIssues.length === 0 && <Text span size="xs" c="dimmed" className="timeline-none">nothing was found wrong in this time</Text>}
            {width > 0 && shownIssues.map((issue) => {
              const from = Math.max(xOf(Date.parse(issue.start)), 0);
              const to = Math.min(xOf(issue.end ? Date.parse(issue.end) : range[1]), width);
              return (
                  <UnstyledButton key={`${issue.session}/${issue.id}`} className="timeline-issue" tabIndex={-1} data-x={from} data-lane="issues" data-level={issue.severity} style={{ left: from, width: Math.max(to - from, 8) }}
                    title={`${nameOf(issue.session)}: ${issue.label}, ${issue.severity}`} aria-label={`${clock(issue.start)} ${nameOf(issue.session)}: ${issue.label}, ${issue.severity}`} onClick={() => onIssue(issue)} />
              );
            })}
          </div>
          {drag && <span className="timeline-drag" style={{ left: xOf(Math.min(...drag)), width: Math.abs(drag[1] - drag[0]) * scale }} />}
        </div>
        {card && <Card {...card} width={all} byType={byType} nameOf={nameOf} />}
      </div>
    </Paper>
  );
}

const severities = { info: 0, warning: 1, error: 2 };
const weight = (h: Happening) => severities[h.severity];

/** What is in a bundle, the most frequent first. */
function summary(some: Happening[]): string {
  const counts = new Map<string, number>();
  for (const h of some) counts.set(h.label, (counts.get(h.label) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4).map(([name, n]) => (n > 1 ? `${n} × ${name}` : name)).join(", ");
}

function Card({ x, y, items, width, byType, nameOf }: { x: number; y: number; items: Happening[]; width: number; byType: Map<string, HappeningType>; nameOf: (session: string) => string }) {
  const scheme = useScheme();
  const wide = Math.min(360, width - 16);
  return (
    <Paper className="timeline-card" shadow="md" style={{ left: Math.min(Math.max(x - wide / 2, 8), Math.max(width - wide - 8, 8)), top: y + 2, width: wide }} aria-hidden="true">
      {items.slice(0, 7).map((h) => (
        <div key={h.id} className="timeline-card-row">
          <Dot shape={byType.get(h.type)?.shape ?? "circle"} color={happeningColor(byType.get(h.type), scheme)} size={12} />
          <span style={{ minWidth: 0 }}>
            <Text span size="xs" fw={600}>{h.label}</Text> <Text span size="xs" c="dimmed" className="num">{clock(h.time, true)}</Text>
            <Text size="xs" lineClamp={items.length > 1 ? 1 : 4}>{nameOf(h.session)}{h.text && ` · ${h.text}`}</Text>
          </span>
        </div>
      ))}
      {items.length > 7 && <Text size="xs" c="dimmed">and {count(items.length - 7)} more; a click zooms in</Text>}
    </Paper>
  );
}

/** Arrows go from dot to dot: left and right within a lane, up and down to the nearest of the next lane that has any. */
function move(e: KeyboardEvent, root: HTMLElement | null) {
  const dots = [...(root?.querySelectorAll<HTMLElement>("button[data-x]") ?? [])];
  if (!dots.length || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(e.key)) return;
  e.preventDefault();
  const at = document.activeElement as HTMLElement | null;
  const here = at && dots.includes(at) ? at : null;
  if (!here) { dots[0]?.focus(); return; }
  const x = Number(here.dataset.x);
  const lanes = [...new Set(dots.map((d) => d.dataset.lane))];
  const of = (lane: string | undefined) => dots.filter((d) => d.dataset.lane === lane);
  const mine = of(here.dataset.lane);
  const i = mine.indexOf(here);
  const next =
    e.key === "ArrowLeft" ? mine[i - 1]
    : e.key === "ArrowRight" ? mine[i + 1]
    : e.key === "Home" ? mine[0]
    : e.key === "End" ? mine.at(-1)
    : of(lanes[lanes.indexOf(here.dataset.lane) + (e.key === "ArrowDown" ? 1 : -1)]).sort((a, b) => Math.abs(Number(a.dataset.x) - x) - Math.abs(Number(b.dataset.x) - x))[0];
  next?.focus();
}

/** What shapes stand for, beside their names. */
export function Key({ types }: { types: HappeningType[] }) {
  const scheme = useScheme();
  return (
    <Group gap="sm" wrap="wrap">
      {types.map((t) => <span key={t.type} className="happening-key"><Dot shape={t.shape} color={happeningColor(t, scheme)} size={12} /><Text span size="xs">{t.label}</Text></span>)}
    </Group>
  );
}
