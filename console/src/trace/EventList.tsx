import { Badge, Code, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconCheck, IconX } from "@tabler/icons-react";
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Event } from "../api/client";
import { clock, dateTime, duration } from "../format";
import { Copy } from "./Copy";
import { DescriptionView } from "./Description";
import type { SetDescription } from "./descriptions";
import { callOf, failed, idOf, type Row, rowOf, severityOf, shortName, textOf } from "./pairs";

export interface EventListProps {
  rows: Row[];
  /** Names of the connections by their numbers. */
  labels: Map<number, string>;
  descriptions: SetDescription[];
  opened: string | null;
  onOpen: (id: string | null) => void;
  /** What times are counted from; null: times of day. */
  since: number | null;
}

/** A time as the list writes it: of the day, or since the join. */
export function at(time: number, since: number | null): string {
  if (since === null) return clock(time, true);
  const ms = time - since;
  const a = Math.abs(ms);
  const sign = ms < 0 ? "−" : "+";
  if (a < 60_000) return `${sign}${(a / 1000).toFixed(3)} s`;
  const s = Math.floor(a / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${sign}${s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}` : Math.floor(s / 60)}:${two(s % 60)}.${String(a % 1000).padStart(3, "0")}`;
}

const lineHeight = 34;

const withLine = (range: Range, line: number): number[] => [...new Set([line, ...defaultRangeExtractor(range)])].filter((i) => i < range.count).sort((a, b) => a - b);

/** Every line of a trace; only those in sight are in the document. */
export function EventList({ rows, labels, descriptions, opened, onOpen, since }: EventListProps) {
  const box = useRef<HTMLDivElement>(null);
  const open = opened === null ? -1 : rowOf(rows, opened);
  const [active, setActive] = useState(0);
  const focus = useRef(false);
  const clicked = useRef<string | null>(null);
  const current = Math.min(active, Math.max(rows.length - 1, 0));
  const lines = useVirtualizer({
    count: rows.length, getScrollElement: () => box.current, estimateSize: (i) => (i === open ? 360 : lineHeight), overscan: 12,
    getItemKey: useCallback((i: number) => rows[i]?.id ?? i, [rows]),
    // The line that keys go from is always there: out of sight for one drawing, it would lose the focus for good.
    rangeExtractor: useCallback((range: Range) => withLine(range, current), [current]),
  });
  const byId = useMemo(() => new Map(descriptions.map((d) => [d.id, d])), [descriptions]);

  // A link that names an event leads to it; a click does not move the list.
  useEffect(() => {
    if (open < 0 || clicked.current === opened) return;
    clicked.current = opened;
    setActive(open);
    lines.scrollToIndex(open, { align: "start" });
    box.current?.scrollIntoView({ block: "nearest" });
    // The list is moved when another event is opened or has come, not when it is drawn again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opened, open < 0]);

  useEffect(() => {
    if (!focus.current) return;
    const line = box.current?.querySelector<HTMLElement>(`[data-line="${current}"] > button`);
    if (line) { focus.current = false; line.focus({ preventScroll: true }); }
  });

  const onKey = (e: React.KeyboardEvent) => {
    if (!(e.target instanceof HTMLElement) || !e.target.classList.contains("trace-row")) return;
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 300) / lineHeight) - 1);
    const to = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: rows.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = Math.min(Math.max(to, 0), rows.length - 1);
    focus.current = true;
    setActive(next);
    lines.scrollToIndex(next, { align: "auto" });
  };

  return (
    <div className="trace-list" ref={box} onKeyDown={onKey}>
      <div role="list" aria-label="Events" style={{ height: lines.getTotalSize(), position: "relative" }}>
        {lines.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const shown = item.index === open;
          return (
            <div key={item.key} ref={lines.measureElement} data-index={item.index} data-line={item.index} role="listitem" aria-setsize={rows.length} aria-posinset={item.index + 1}
              className="trace-item" style={{ transform: `translateY(${item.start}px)` }}>
              <Line row={row} label={labels.get(row.event.connection) ?? ""} since={since} open={shown} tab={item.index === current}
                onToggle={() => { clicked.current = shown ? null : row.id; setActive(item.index); onOpen(shown ? null : row.id); }} />
              {shown && <Opened row={row} description={byId.get(row.of ? idOf(row.of) : row.id)} since={since} onOpen={(id) => { clicked.current = null; onOpen(id); }} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Line({ row, label, since, open, tab, onToggle }: { row: Row; label: string; since: number | null; open: boolean; tab: boolean; onToggle: () => void }) {
  const { event, outcome } = row;
  const name = shortName(callOf(event.name) && row.of ? (callOf(event.name) as string) : event.name);
  const bad = severityOf(row);
  return (
    <UnstyledButton className="trace-row" data-severity={bad} aria-expanded={open} tabIndex={tab ? 0 : -1} onClick={onToggle}>
      <span className="num mono muted" title={dateTime(event.time)}>{at(Date.parse(event.time), since)}</span>
      <span className="muted trace-value">{label}</span>
      <span className="trace-value">
        {row.of && <span className="muted" aria-hidden>↳ </span>}
        <Text span size="sm" fw={550} className={bad === "error" ? "trace-error" : undefined}>{name}</Text>
        {row.of && <Text span size="sm" className={failed(event) ? "trace-error" : undefined}> {failed(event) ? "failed" : "succeeded"}</Text>}
        {event.value !== null && <span className="mono muted"> {textOf(event.value).slice(0, 240)}</span>}
      </span>
      <span className="trace-took num">{outcome ? <Outcome outcome={outcome} took={row.took} /> : row.of && row.took !== null ? <span className="muted">after {briefly(row.took)}</span> : null}</span>
    </UnstyledButton>
  );
}

const briefly = (ms: number) => (ms < 1 ? "0 ms" : ms < 10_000 ? (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`) : duration(ms, true));

function Outcome({ outcome, took }: { outcome: Event; took: number | null }) {
  const bad = failed(outcome);
  return (
    <span className={bad ? "trace-error" : "muted"}>
      {bad ? <IconX size={13} aria-label="failed after" /> : <IconCheck size={13} className="trace-ok" aria-label="succeeded after" />} {took !== null && briefly(took)}
    </span>
  );
}

/** What an event carries, as one would read it. */
function Value({ value, name }: { value: unknown; name: string }) {
  if (value === null || value === undefined) return <Text size="xs" c="dimmed">{name}: nothing was passed.</Text>;
  const cut = typeof value === "object" && (value as { truncated?: unknown }).truncated === true ? (value as { bytes?: number; begins?: string }) : undefined;
  const text = cut ? (cut.begins ?? "") : typeof value === "string" ? value.replaceAll("\\r\\n", "\n") : JSON.stringify(value, null, 2);
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" mb={2}>
        <Text size="xs" c="dimmed">{name}{cut && `, the first part of ${cut.bytes} bytes: the dump has all of it`}</Text>
        <Copy text={text} what={name} />
      </Group>
      {/* Long values scroll by themselves: the keyboard must be able to. */}
      <pre className="mono trace-pre" tabIndex={0} aria-label={name}>{text}</pre>
    </div>
  );
}

function Opened({ row, description, since, onOpen }: { row: Row; description?: SetDescription; since: number | null; onOpen: (id: string) => void }) {
  const { event, outcome } = row;
  return (
    <div className="trace-open">
      <Group gap="xs" mb={8}>
        <Badge size="sm" variant="light" color="gray" tt="none">{kindNames[event.kind] ?? event.kind}</Badge>
        {severityOf(row) !== "info" && <Badge size="sm" color={severityOf(row) === "error" ? "red" : "orange"} tt="none">{severityOf(row)}</Badge>}
        <Code>{event.name}</Code>
        <Text size="xs" c="dimmed" className="num">{dateTime(event.time)}.{String(Date.parse(event.time) % 1000).padStart(3, "0")}</Text>
        {outcome && <Text size="xs" c={failed(outcome) ? "red" : "dimmed"} className="num">{failed(outcome) ? "failed" : "succeeded"} at {at(Date.parse(outcome.time), since)}, after {row.took === null ? "–" : briefly(row.took)}</Text>}
        {row.of && <UnstyledButton className="link" onClick={() => onOpen(idOf(row.of as Event))}><Text size="xs" component="span" style={{ display: "inline-flex", alignItems: "center", gap: 3 }}>to the call <IconArrowRight size={12} aria-hidden /></Text></UnstyledButton>}
        {!outcome && !row.of && event.kind === "call" && callOf(event.name) === undefined && <Text size="xs" c="dimmed">what came of it was not told</Text>}
      </Group>
      <Stack gap="sm">
        {description ? <DescriptionView of={description} /> : <Value value={event.value} name={event.kind === "call" && !row.of ? "Called with" : "Value"} />}
        {outcome && outcome.value !== null && !description && <Value value={outcome.value} name={failed(outcome) ? "Refused with" : "Resolved with"} />}
        {outcome && description && failed(outcome) && <Value value={outcome.value} name="Refused with" />}
      </Stack>
    </div>
  );
}

export const kindNames: Record<string, string> = { call: "API call", state: "State change", event: "Event", feedback: "Feedback", log: "Log", open: "Join", close: "Leave" };
