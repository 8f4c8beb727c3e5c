import { Alert, Paper, SimpleGrid, Skeleton, Stack, Text, useComputedColorScheme } from "@mantine/core";
import { useDebouncedValue, useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import type { Connection, Issue, Metric, Samples, SessionDetail, Stream } from "../api/client";
import { useHappenings } from "../api/ends";
import { useMetrics } from "../api/queries";
import { useFigures } from "../api/user";
import { type Band, Chart, type Mark, type Series } from "../chart/Chart";
import { seriesColor } from "../theme";
import { bridge, kin, metricsOf, type Panel, streamsOf } from "./panels";

interface Props {
  app: number;
  call: string;
  session: SessionDetail;
  streams: Stream[];
  panels: Panel[];
  issues: Issue[];
  range: [number, number];
  /** What the API is asked for; absent: the whole call. */
  asked?: [number, number];
  bounds: [number, number];
  onRange: (r: [number, number]) => void;
  onMark: (id: string) => void;
  /** Names of those who send, by the number of the stream. */
  senders: Map<number, string>;
  /** Shown where there is nothing of what was asked for. */
  empty: string;
  /** Kinds are named in titles: several stand beside each other. */
  mixed: boolean;
}

// Addresses have bounds: of more streams than this all are asked for.
const longestList = 100;

/** Charts of what one user received or sent, on one time axis with one cursor. */
export function Charts(props: Props) {
  const { app, call, session, range, bounds, streams, panels, empty } = props;
  const { ref, width } = useElementSize();
  // Zooming moves at once on what is there; finer figures are asked for when it rests.
  const [asked] = useDebouncedValue(props.asked, 200);
  const metrics = useMetrics();
  const ids = useMemo(() => streams.map((s) => s.id), [streams]);
  const samples = useFigures(app, call, {
    session: session.id, streams: ids.length > longestList ? undefined : ids, metrics: useMemo(() => metricsOf(panels), [panels]), range: asked,
    width: width > 0 ? Math.max(400, Math.round(width / 2 / 100) * 100) : 0,
  }, width > 0 && ids.length > 0);
  const happenings = useHappenings(app, call, session.id);
  const fault = samples.error ?? metrics.error;
  const scheme = useComputedColorScheme("light");
  const dots: Mark[] = useMemo(
    () => (happenings.data ?? []).map((h) => ({ time: Date.parse(h.time), label: [h.label, h.text || h.cause].filter(Boolean).join(": "), severity: h.severity, id: h.id, type: h.type })),
    [happenings.data],
  );
  const charts = useMemo(
    () => (samples.data && metrics.data ? build(streams, session.connections, samples.data, metrics.data, panels, props.senders, props.mixed, scheme) : []),
    [samples.data, metrics.data, streams, session.connections, panels, props.senders, props.mixed, scheme],
  );
  return (
    <Stack gap="sm" ref={ref}>
      {fault && <Alert color="red" title="The figures could not be read">{fault.message}</Alert>}
      {!fault && ids.length > 0 && (samples.isPending || metrics.isPending) && <SimpleGrid cols={{ base: 1, lg: 2 }}>{Array.from({ length: 4 }, (_, i) => <Skeleton key={i} h={190} />)}</SimpleGrid>}
      {(ids.length === 0 || (samples.data && metrics.data && charts.length === 0)) && <Paper p="lg"><Text ta="center" c="dimmed" size="sm">{ids.length > 0 ? "Nothing was measured of it in this part of the call. Choose another one above, or the whole call." : empty}</Text></Paper>}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm" verticalSpacing="sm">
        {charts.map((c) => (
          <Paper key={c.key} px="md" pt="sm" pb={4}>
            <Chart title={c.title} help={c.help} unit={c.unit} series={c.series} range={range} bounds={bounds} onRange={props.onRange} cursor="call"
              bands={bandsOf(c.metrics, c.streams, props.issues, bounds[1])} marks={dots} onMark={(m) => props.onMark(m.id)} atLeast={c.panel.atLeast} stepped={c.panel.stepped} zones={c.panel.zones} />
          </Paper>
        ))}
      </SimpleGrid>
    </Stack>
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
function build(streams: Stream[], connections: Connection[], samples: Samples, metrics: Metric[], panels: Panel[], senders: Map<number, string>, mixed: boolean, scheme: "light" | "dark"): Drawn[] {
  const byStream = new Map(samples.series.map((s) => [s.stream, s]));
  const name = (s: Stream, n: number, all: Stream[]) =>
    s.kind === "transport" ? (connections.find((c) => c.id === s.connection)?.label || "path") : s.kind === "client" ? "this device" : streamName(s, n, all, senders);
  const out: Drawn[] = [];
  for (const kind of ["video", "screen", "audio", "transport", "client"] as const) {
    for (const panel of panels) {
      const of = streamsOf(panel, streams.filter((s) => s.kind === kind && byStream.has(s.id)));
      const chosen = of.length > 1 ? panel.metrics.slice(0, 1) : panel.metrics;
      const limit = panel.limit && (panel.limit.kinds?.includes(kind) ?? true) ? panel.limit : undefined;
      const series: Series[] = [];
      for (const [n, stream] of of.entries()) {
        const data = byStream.get(stream.id);
        if (!data) continue;
        for (const [m, id] of chosen.entries()) {
          const values = data.values[id];
          const metric = metrics.find((x) => x.id === id);
          if (!values || !metric || (m > 0 && values.every((v) => v === null))) continue;
          series.push({
            label: of.length > 1 ? name(stream, n, of) : metric.label,
            color: seriesColor(of.length > 1 ? n : m, scheme), dashed: of.length === 1 && m > 0, fill: of.length === 1 && m === 0 && !panel.stepped,
            times: data.times, values, intervals: data.intervals, step: samples.stepMs, limit,
            bridge: panel.sparse || (stream.direction === "send" && (id === "loss" || id === "jitter")) ? bridge : 0,
          });
        }
      }
      const first = metrics.find((x) => x.id === panel.metrics[0]);
      if (!first || !series.some((s) => s.values.some((v) => v !== null))) continue;
      const kindName = mixed && kind !== "transport" && kind !== "client" ? `${kindNames[kind]} · ` : "";
      out.push({ key: `${kind}/${panel.id}`, panel, title: kindName + (kindName ? lower(panel.title) : panel.title), help: first.help, unit: first.unit, series, metrics: panel.metrics, streams: of.map((s) => s.id) });
    }
  }
  return out;
}

export const kindNames: Record<string, string> = { video: "Video", audio: "Audio", screen: "Presentation" };

const lower = (s: string) => (/^[A-Z][a-z]/.test(s) ? (s[0] as string).toLowerCase() + s.slice(1) : s);

/** Whose a stream is; what tells it from others of the same user where there are several. */
export function streamName(s: Stream, n: number, all: Stream[], senders: Map<number, string>): string {
  const whose = (o: Stream) => senders.get(o.id) ?? (o.remoteUser || o.label);
  const who = whose(s);
  const same = all.filter((o) => whose(o) === who).length > 1;
  const more = s.rid || (same || !who ? (s.ssrc ? `ssrc ${s.ssrc}` : `stream ${n + 1}`) : "");
  return [who, more].filter(Boolean).join(" · ");
}
