import { Anchor, Avatar, Group, Paper, Text, Title, useComputedColorScheme } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useMemo } from "react";
import { Link } from "react-router";
import type { Issue, Session } from "../api/client";
import { Chart } from "../chart/Chart";
import { initials, span } from "../format";
import { bandsOf, absentOf, burrsOf, stripsOf } from "./half";
import type { Told } from "./reading";
import { type Laid, type Measured, type MetricText, segmentsOf } from "./segments";
import { Strips } from "./Strips";
import type { Happening, StreamRow } from "./told";
import { dots, type EventType, further } from "./types";

export interface HalfProps {
  id: string;
  title: string;
  name: string;
  color: string;
  stay?: Session;
  userHref?: string;
  eventsHref?: string;
  /** Stands in place of the charts: why there is nothing to show. */
  missing?: React.ReactNode;
  /** Stands above the charts: what must be known to read them. */
  note?: React.ReactNode;
  measured?: Measured;
  rows?: Laid;
  streams: StreamRow[];
  connections: { id: number; label: string }[];
  figures?: ReadonlyMap<string, Told>;
  issues: Issue[];
  own: Happening[];
  /** The user at the other end: what this one's client says of others is not shown. */
  about: string;
  senders: Happening[];
  types: EventType[];
  hidden: ReadonlySet<string>;
  onHide: (hidden: ReadonlySet<string>) => void;
  onEvent: (id: string) => void;
  metrics: MetricText[];
  range: [number, number];
  bounds: [number, number];
  onRange: (range: [number, number]) => void;
}

/** One end of the way: its charts one below the other, on the axis that both halves share. */
export function Half(p: HalfProps) {
  const scheme = useComputedColorScheme("light");
  const { measured, rows } = p;
  const segments = useMemo(() => (measured && rows ? segmentsOf(measured, rows, p.metrics, scheme) : []), [measured, rows, p.metrics, scheme]);
  const strips = useMemo(
    () => (measured && rows ? stripsOf(measured, rows, p.own, p.senders, p.bounds[1], (c) => p.connections.find((x) => x.id === c)?.label || "the connection", p.streams) : []),
    [measured, rows, p.own, p.senders, p.bounds[1], p.connections, p.streams],
  );
  const absent = useMemo(() => (measured ? absentOf(p.bounds, p.stay, measured) : []), [measured, p.stay, p.bounds[0], p.bounds[1]]);
  const burrs = useMemo(() => burrsOf(p.figures), [p.figures]);
  const kind = measured?.kind ?? "video";
  const { marks, buttons } = useMemo(
    () => dots(p.own.filter((h) => !h.remoteUser || h.remoteUser === p.about), p.types, kind, p.hidden, p.range, scheme),
    [p.own, p.about, p.types, kind, p.hidden, p.range[0], p.range[1], scheme],
  );

  const toggle = (type: string) => {
    const next = new Set(p.hidden);
    if (!next.delete(type)) next.add(type);
    p.onHide(next);
  };
  const stay = p.stay;
  return (
    <Paper component="section" id={p.id} aria-label={`${p.title}: ${p.name}`} className="ends-half">
      <div className="ends-half-head" style={{ "--who": p.color } as React.CSSProperties}>
        <Group justify="space-between" gap="sm" wrap="wrap">
          <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
            <Avatar size={30} radius="xl" color="gray">{initials(p.name)}</Avatar>
            <div style={{ minWidth: 0 }}>
              <Title order={2} size="h5" style={{ overflowWrap: "anywhere" }}>{p.title} · {p.name}</Title>
              {stay && <Text size="xs" c="dimmed">{[[stay.browser, stay.browserVersion.split(".")[0]].filter(Boolean).join(" "), stay.os, stay.device, stay.network, stay.region, `in the room ${span(stay.start, stay.end)}`].filter(Boolean).join(" · ")}</Text>}
            </div>
          </Group>
          <Group gap="md">
            {p.userHref && <Anchor component={Link} to={p.userHref} size="xs">All figures of {p.name}</Anchor>}
            {p.eventsHref && <Anchor component={Link} to={p.eventsHref} size="xs" style={{ display: "inline-flex", gap: 4, alignItems: "center" }}><IconListDetails size={14} aria-hidden />View detailed events</Anchor>}
          </Group>
        </Group>
        {p.note && <Text size="xs" c="dimmed" mt={6}>{p.note}</Text>}
      </div>
      {p.missing}
      {segments.map((s) => (
        <div key={s.key} className="ends-segment" data-segment={s.id}>
          <Chart title={s.title} help={s.help} unit={s.unit} right={s.right ?? { unit: "" }} series={s.series} zones={s.zones} range={p.range} bounds={p.bounds} onRange={p.onRange} cursor="ends"
            height={s.height} atLeast={s.atLeast} stepped={s.stepped} levels={s.levels} bands={bandsOf(p.issues, s.metrics, s.events, p.bounds[1])} absent={absent}
            burrs={s.events ? burrs : undefined} burrName={s.events && burrs.length > 0 ? (kind === "audio" ? "Sound was missing" : "Picture stood still") : undefined}
            marks={s.events ? marks : undefined} onMark={(m) => p.onEvent(m.id)} />
          {s.events && (
            <div className="ends-types" role="group" aria-label={`Events of ${p.name} on the chart`}>
              {buttons.map((b) => (b.type === further.type && b.count === 0 ? null : (
                <button key={b.type} type="button" className="ends-type" aria-pressed={!p.hidden.has(b.type)} onClick={() => toggle(b.type)}
                  style={{ "--dot": b.color[scheme] } as React.CSSProperties}>
                  <span className="ends-dot" data-shape={b.shape} aria-hidden />{b.label}<span className="muted num">{b.count}</span>
                </button>
              )))}
            </div>
          )}
          {s.id === "size" && <Strips strips={strips.filter((x) => x.id === "size" || x.id === "limitation")} range={p.range} title={`Resolution and quality limitation of ${p.name}`} />}
        </div>
      ))}
      {segments.length > 0 && strips.some((x) => x.id !== "size" && x.id !== "limitation") && (
        <div className="ends-segment" data-segment="states">
          <Text size="sm" fw={600} mb={4}>States over time</Text>
          <Strips strips={strips.filter((x) => x.id !== "size" && x.id !== "limitation")} range={p.range} title={`States of ${p.name} over time`} />
        </div>
      )}
    </Paper>
  );
}
