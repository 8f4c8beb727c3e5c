import { Anchor, Button, Code, Group, Loader, Text, UnstyledButton } from "@mantine/core";
import { IconChartLine, IconExternalLink, IconListSearch, IconUser } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { Link } from "react-router";
import type { CallDetail } from "../api/client";
import { type Happening, type HappeningType, happeningColor, useStoredEvent } from "../api/events";
import { callLink, endsLink, userLink, userOf } from "../call/range";
import { apart, clock, dateTime } from "../format";
import { useScheme } from "../theme";
import { Dot, Stars } from "./Dot";

interface Props {
  app: number;
  call: CallDetail;
  rows: Happening[];
  types: HappeningType[];
  opened: string | null;
  onOpen: (row: Happening) => void;
  bounds: [number, number];
  nameOf: (session: string) => string;
  nameOfUser: (id: string) => string;
  /** Loads what comes after; absent: all is there. */
  more?: () => void;
}

/** The event list: only what is in sight is in the page. */
export function List(p: Props) {
  const { rows, types, opened, onOpen, more } = p;
  const box = useRef<HTMLDivElement>(null);
  const byType = useMemo(() => new Map(types.map((t) => [t.type, t])), [types]);
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => 38, overscan: 12, getItemKey: (i) => rows[i]?.id ?? i });
  const items = list.getVirtualItems();

  const last = items.at(-1)?.index ?? 0;
  useEffect(() => { if (more && last >= rows.length - 20) more(); }, [more, last, rows.length]);

  // An event that was opened elsewhere, on the time line or by a link, comes into sight.
  const came = useRef<string | null>(null);
  useEffect(() => {
    if (!opened || came.current === opened) return;
    const at = rows.findIndex((r) => r.id === opened);
    if (at < 0) return;
    came.current = opened;
    list.scrollToIndex(at, { align: "auto" });
  }, [opened, rows, list]);

  const focus = (i: number) => {
    const to = Math.min(Math.max(i, 0), rows.length - 1);
    list.scrollToIndex(to, { align: "auto" });
    // The row is made in the frame after the scroll.
    requestAnimationFrame(() => requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${to}"] button`)?.focus()));
  };

  return (
    <div className="events" role="table" aria-label="Events" aria-rowcount={rows.length + 1}>
      <div className="events-row events-head" role="row">
        <span role="columnheader">Time</span><span role="columnheader">User</span><span role="columnheader"><abbr title="Id of the event in Table 4-1 of the SparkRTC guide">Id</abbr></span>
        <span role="columnheader">Event</span><span role="columnheader">Details</span>
      </div>
      <div ref={box} className="events-body" role="rowgroup" tabIndex={-1}>
        <div style={{ height: list.getTotalSize(), position: "relative" }} role="presentation">
          {items.map((item) => {
            const row = rows[item.index] as Happening;
            const open = row.id === opened;
            return (
              <div key={item.key} ref={list.measureElement} data-index={item.index} role="presentation" style={{ position: "absolute", insetInline: 0, top: 0, transform: `translateY(${item.start}px)` }}
                onKeyDown={(e) => {
                  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[e.key];
                  const to = e.key === "Home" ? 0 : e.key === "End" ? rows.length - 1 : by === undefined ? undefined : item.index + by;
                  if (to === undefined || !(e.target as Element).classList.contains("events-open")) return;
                  e.preventDefault();
                  focus(to);
                }}>
                <Row {...p} row={row} index={item.index} type={byType.get(row.type)} open={open} onToggle={() => { came.current = row.id; onOpen(row); }} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Row({ row, index, type, open, onToggle, nameOf, nameOfUser, ...p }: Props & { row: Happening; index: number; type: HappeningType | undefined; open: boolean; onToggle: () => void }) {
  const scheme = useScheme();
  const details = [row.text, row.remoteUser && row.lane === "media" ? `${row.type === "dominant_speaker" ? "" : "from "}${nameOfUser(row.remoteUser)}` : ""].filter(Boolean).join(" · ");
  return (
    <>
      <div className="events-row" role="row" aria-rowindex={index + 2} data-severity={row.severity} data-open={open || undefined}>
        <span role="cell" className="num mono events-time">{clock(row.time, true)}</span>
        <span role="cell" className="events-user" dir="auto" title={row.user}>{nameOf(row.session)}</span>
        <span role="cell" className="num events-id">{row.reference ?? <span className="muted" aria-label="none">–</span>}</span>
        <span role="cell" className="events-label">
          <UnstyledButton className="events-open" aria-expanded={open} onClick={onToggle}>
            <Dot shape={type?.shape ?? "circle"} color={happeningColor(type, scheme)} />
            <Text span size="sm" fw={550}>{row.label}</Text>
            {row.severity !== "info" && <span className="events-severity" data-severity={row.severity}>{row.severity}</span>}
          </UnstyledButton>
        </span>
        <span role="cell" className="events-details">{row.type === "feedback" ? <Rating row={row} /> : details}</span>
      </div>
      {open && <Details {...p} row={row} type={type} nameOf={nameOf} nameOfUser={nameOfUser} />}
    </>
  );
}

/** The overall rating, out of the sentence that says it. */
function Rating({ row }: { row: Happening }) {
  const overall = /^([\d.]+) of 5/.exec(row.text)?.[1];
  return <>{overall && <Stars value={Number(overall)} />} {row.text}</>;
}

function Details({ app, call, row, type, bounds, nameOf, nameOfUser }: Omit<Props, "rows" | "types" | "opened" | "onOpen"> & { row: Happening; type: HappeningType | undefined }) {
  const stored = useStoredEvent(app, call.id, row, true);
  const at = Date.parse(row.time);
  const range: [number, number] = [Math.max(at - 15_000, bounds[0]), Math.min(at + 15_000, bounds[1])];
  const sender = row.remoteUser ? call.people.find((u) => u.user === row.remoteUser)?.stays.filter((s) => Date.parse(s.start) <= at).at(-1)?.id : undefined;
  const event = `${row.session}/${row.index}`;
  const who = userOf(call, row.session);
  const facts: [string, React.ReactNode][] = [
    ["Time", <span key="t" className="num">{dateTime(row.time)}.{String(at % 1000).padStart(3, "0")}</span>],
    ["User", <>{nameOf(row.session)}{who?.user && apart(who.user) !== nameOf(row.session) && <Text span c="dimmed" size="xs"> {who.user}</Text>}</>],
    ["Event", <>{type?.label ?? row.label} <Code>{row.type}</Code>{row.reference !== null && <Text span size="xs" c="dimmed"> Table 4-1: {row.reference}</Text>}{type?.view && <Text span size="xs" c="dimmed"> · “{type.view}”</Text>}</>],
  ];
  if (row.cause) facts.push(["Cause", <Code key="c">{row.cause}</Code>]);
  if (row.kind || row.direction) facts.push(["Medium", [row.kind, row.direction === "up" ? "sent" : row.direction === "down" ? "received" : ""].filter(Boolean).join(", ")]);
  if (row.remoteUser) facts.push(["Of", nameOfUser(row.remoteUser)]);
  if (type) facts.push(["What it says", type.description]);
  return (
    <div className="events-more" role="row">
      <div role="cell" aria-colspan={5} style={{ minWidth: 0 }}>
        <dl className="events-facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
        {row.text.length > 160 && row.type !== "log" && <Text size="sm" mb="xs" style={{ overflowWrap: "anywhere" }}>{row.text}</Text>}
        {row.index === 0
          ? <Text size="xs" c="dimmed">No single event tells it: it follows from {type?.from ?? "figures"}.</Text>
          : stored.isPending ? <Loader size="xs" />
          : stored.isError ? <Text size="xs" c="red">{stored.error.message}</Text>
          : stored.data === null ? <Text size="xs" c="dimmed">The stored event is gone.</Text>
          : (
            <div>
              <Text size="xs" c="dimmed" mb={4}>As it came: <Code>{stored.data.name}</Code> <span>({stored.data.kind})</span></Text>
              {stored.data.value === null ? <Text size="xs" c="dimmed">Nothing was passed.</Text> : <pre className="mono" tabIndex={0} aria-label="Raw value">{typeof stored.data.value === "string" ? stored.data.value : JSON.stringify(stored.data.value, null, 2)}</pre>}
            </div>
          )}
        <Group gap="xs" mt="xs" wrap="wrap">
          <Button size="compact-xs" variant="default" component={Link} to={callLink(app, call.id, { session: row.session, range })} leftSection={<IconChartLine size={13} />}>Charts at this moment</Button>
          <Button size="compact-xs" variant="default" component={Link} to={userLink(app, call.id, row.session, { range })} leftSection={<IconUser size={13} />}>{nameOf(row.session)}’s page</Button>
          {sender && <Button size="compact-xs" variant="default" component={Link} to={endsLink(app, call.id, row.session, sender, { range })} leftSection={<IconExternalLink size={13} />}>End to end with {nameOfUser(row.remoteUser)}</Button>}
          {row.index > 0 && <Button size="compact-xs" variant="default" component={Link} to={callLink(app, call.id, { view: "trace", session: row.session, event })} leftSection={<IconListSearch size={13} />}>In the API trace</Button>}
          <Anchor size="xs" component={Link} to={callLink(app, call.id, { view: "events", session: row.session, range, event: row.id })}>Link to this event</Anchor>
        </Group>
      </div>
    </div>
  );
}
