import { Alert, Button, Group, Paper, SegmentedControl, SimpleGrid, Skeleton, Stack, Tabs, Text, useComputedColorScheme } from "@mantine/core";
import { useDebouncedValue, useElementSize } from "@mantine/hooks";
import { IconZoomReset } from "@tabler/icons-react";
import { useMemo } from "react";
import type { Connection, Event, Issue, Metric, Samples, SessionDetail, Stream } from "../api/client";
import { useMarks, useMetrics, useSamples } from "../api/queries";
import { type Band, Chart, type Mark, type Series } from "../chart/Chart";
import { clock, duration } from "../format";
import { seriesColor } from "../theme";
import { bridge, drawn, kin, type Panel, panels, streamsOf } from "./panels";
import type { View } from "../call/range";

interface Props {
  app: number;
  call: string;
  session: SessionDetail;
  issues: Issue[];
  view: View;
  bounds: [number, number];
  setView: (v: Partial<View>) => void;
}

/** What one user received or sent: charts on one time axis with one cursor. */
export function Charts({ app, call, session, issues, view, bounds, setView }: Props) {
  const { ref, width } = useElementSize();
  const range = view.range ?? bounds;
  // Zooming moves at once on what is there; finer figures are asked for when it rests.
  const [asked] = useDebouncedValue(view.range, 200);
  const metrics = useMetrics();
  const samples = useSamples(app, call, session.id, { range: asked, width: Math.max(400, Math.round(width / 2)), metrics: drawn });
  const marks = useMarks(app, call, session.id);

  const mine = session.streams.filter((s) => s.direction === view.side || s.kind === "transport");
  const present = (kind: string) => mine.some((s) => s.kind === kind);
  const tabs = (["video", "audio", "screen"] as const).filter(present);
  const tab = view.tab !== "all" && tabs.includes(view.tab) ? view.tab : "all";
  const shown = mine.filter((s) => tab === "all" || s.kind === tab || s.kind === "transport");
  const onRange = (r: [number, number]) => setView({ range: r[0] <= bounds[0] && r[1] >= bounds[1] ? undefined : r });

  return (
    <Stack gap="sm" ref={ref}>
      <Group justify="space-between" gap="sm" wrap="wrap">
        <Group gap="sm" wrap="wrap">
          <SegmentedControl size="xs" aria-label="Side" value={view.side} onChange={(side) => setView({ side: side as View["side"], tab: "all" })} data={[{ value: "receive", label: "Receives" }, { value: "send", label: "Sends" }]} />
          <Tabs value={tab} onChange={(t) => setView({ tab: t as View["tab"] })} variant="pills" aria-label="Media">
            <Tabs.List>
              <Tabs.Tab value="all" py={5} px="sm" fz="xs">All</Tabs.Tab>
              {tabs.map((t) => <Tabs.Tab key={t} value={t} py={5} px="sm" fz="xs" tt="capitalize">{t}</Tabs.Tab>)}
            </Tabs.List>
          </Tabs>
        </Group>
        <Group gap="xs">
          <Text size="xs" c="dimmed" className="num">{clock(range[0])} – {clock(range[1])}, {duration(range[1] - range[0])}</Text>
          <Button size="compact-xs" variant="default" leftSection={<IconZoomReset size={14} />} disabled={!view.range} onClick={() => setView({ range: undefined })}>Whole call</Button>
        </Group>
      </Group>
      {(samples.error ?? metrics.error) && <Alert color="red" title="The figures could not be read">{(samples.error ?? metrics.error)?.message}</Alert>}
      {samples.isPending || metrics.isPending
        ? <SimpleGrid cols={{ base: 1, lg: 2 }}>{Array.from({ length: 4 }, (_, i) => <Skeleton key={i} h={190} />)}</SimpleGrid>
        : samples.data && metrics.data && (
          <Grid issues={issues.filter((i) => i.session === session.id)} streams={shown} connections={session.connections} tab={tab} samples={samples.data} metrics={metrics.data} range={range} bounds={bounds} onRange={onRange}
            marks={marks.data ?? []} onMark={(id) => setView({ event: id })} side={view.side} />
        )}
      <Text size="xs" c="dimmed">Wheel or drag zooms all charts, double click shows the whole call, dots are events. A gap in a line means that nothing was measured.</Text>
    </Stack>
  );
}

function Grid({ issues, streams, connections, tab, samples, metrics, range, bounds, onRange, marks, onMark, side }: {
  issues: Issue[]; streams: Stream[]; connections: Connection[]; tab: string; samples: Samples; metrics: Metric[]; range: [number, number]; bounds: [number, number];
  onRange: (r: [number, number]) => void; marks: Event[]; onMark: (id: string) => void; side: string;
}) {
  const scheme = useComputedColorScheme("light");
  const dots: Mark[] = useMemo(() => marks.map((e) => ({ time: Date.parse(e.time), label: describe(e), severity: e.severity, id: `${e.session}/${e.index}` })), [marks]);
  const charts = useMemo(() => build(streams, connections, samples, metrics, tab, scheme), [streams, connections, samples, metrics, tab, scheme]);
  if (charts.length === 0) {
    return (
      <Paper p="xl"><Text ta="center" c="dimmed" size="sm">
        {streams.some((s) => s.kind !== "transport") ? "No figures in this range." : `This user ${side === "send" ? "sent" : "received"} no audio or video, or the client sent no statistics of it.`}
      </Text></Paper>
    );
  }
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm" verticalSpacing="sm">
      {charts.map((c) => (
        <Paper key={c.key} px="md" pt="sm" pb={4}>
          <Chart title={c.title} help={c.help} unit={c.unit} series={c.series} range={range} bounds={bounds} onRange={onRange} cursor="call"
            bands={bandsOf(c.metrics, c.streams, issues, bounds[1])} marks={dots} onMark={(m) => onMark(m.id)} atLeast={c.panel.atLeast} stepped={c.panel.stepped} />
        </Paper>
      ))}
    </SimpleGrid>
  );
}

/** The issues whose evidence is a figure of the chart. */
function bandsOf(metrics: string[], streams: number[], issues: Issue[], now: number): Band[] {
  return issues
    .filter((i) => (i.stream === 0 || streams.includes(i.stream)) && i.evidence.some((e) => e.session === "" && metrics.some((m) => m === e.metric || kin[m] === e.metric)))
    .map((i) => ({ id: `${i.session}/${i.id}`, start: Date.parse(i.start), end: i.end ? Date.parse(i.end) : now, level: i.severity, label: i.cause ? `${i.label}: ${i.cause.replaceAll("_", " ")}` : i.label }));
}

interface Drawn { metrics: string[]; streams: number[]; key: string; panel: Panel; title: string; help?: string; unit: string; series: Series[] }

// One panel becomes a chart for each kind of media: bit rates of audio and
// video on one axis would hide the audio.
function build(streams: Stream[], connections: Connection[], samples: Samples, metrics: Metric[], tab: string, scheme: "light" | "dark"): Drawn[] {
  const streamLabel = (s: Stream, n: number, all: Stream[]) => (s.kind === "transport" ? (connections.find((c) => c.id === s.connection)?.label ?? "path") : mediaLabel(s, n, all));
  const byStream = new Map(samples.series.map((s) => [s.stream, s]));
  const out: Drawn[] = [];
  for (const kind of ["video", "screen", "audio", "transport"] as const) {
    for (const panel of panels) {
      const of = streamsOf(panel, streams.filter((s) => s.kind === kind && byStream.has(s.id)));
      const chosen = of.length > 1 ? panel.metrics.slice(0, 1) : panel.metrics;
      const series: Series[] = [];
      for (const [n, stream] of of.entries()) {
        const data = byStream.get(stream.id);
        if (!data) continue;
        for (const [m, id] of chosen.entries()) {
          const values = data.values[id];
          const metric = metrics.find((x) => x.id === id);
          if (!values || !metric || (m > 0 && values.every((v) => v === null))) continue;
          series.push({
            label: of.length > 1 ? streamLabel(stream, n, of) : chosen.length > 1 ? metric.label : streamLabel(stream, n, of),
            color: seriesColor(of.length > 1 ? n : m, scheme), dashed: of.length === 1 && m > 0, fill: of.length === 1 && m === 0 && panel.id !== "resolution",
            times: data.times, values, intervals: data.intervals, step: samples.stepMs,
            bridge: panel.sparse || (stream.direction === "send" && (id === "loss" || id === "jitter")) ? bridge : 0,
          });
        }
      }
      const first = metrics.find((x) => x.id === panel.metrics[0]);
      if (!first || !series.some((s) => s.values.some((v) => v !== null))) continue;
      const kindName = tab === "all" && kind !== "transport" ? `${kind[0]?.toUpperCase()}${kind.slice(1)} · ` : "";
      out.push({ key: `${kind}/${panel.id}`, panel, title: kindName + (kindName ? lower(panel.title) : panel.title), help: first.help, unit: first.unit, series, metrics: panel.metrics, streams: of.map((s) => s.id) });
    }
  }
  return out;
}

const lower = (s: string) => (/^[A-Z][a-z]/.test(s) ? (s[0] as string).toLowerCase() + s.slice(1) : s);

function mediaLabel(s: Stream, n: number, all: Stream[]): string {
  const who = s.remoteUser || s.label;
  const same = all.filter((o) => (o.remoteUser || o.label) === who).length > 1;
  const more = s.rid || (same || !who ? (s.ssrc ? `ssrc ${s.ssrc}` : `stream ${n + 1}`) : "");
  return [who, more].filter(Boolean).join(" · ");
}

function describe(e: Event): string {
  const value = typeof e.value === "string" ? `: ${e.value.slice(0, 80)}` : "";
  return e.name.replace(/^navigator\.mediaDevices\./, "").replace(/^on/, "") + value;
}
