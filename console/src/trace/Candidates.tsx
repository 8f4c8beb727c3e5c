import { Alert, Badge, Group, Paper, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useMemo } from "react";
import type { Connection, Stream } from "../api/client";
import { useMetrics } from "../api/queries";
import { usePaths } from "../api/trace";
import { clock, count, duration, figure, none } from "../format";
import { typeNames } from "./candidate";
import { at } from "./EventList";
import { type Gathered, type Ice, type PairRun, pairRuns, type StateLine } from "./ice";

/** ICE of each connection: its states, the candidates of both ends, the paths that were taken. */
export function Candidates({ app, call, session, ice, connections, streams, since, bounds }: {
  app: number; call: string; session: string; ice: Ice[]; connections: Connection[]; streams: Stream[]; since: number | null; bounds: [number, number];
}) {
  const paths = streams.filter((s) => s.kind === "transport");
  const samples = usePaths(app, call, session, paths.map((s) => s.id));
  const shown = [...new Set([...connections.map((c) => c.id), ...ice.map((i) => i.connection)])].sort((a, b) => a - b);
  if (shown.length === 0) return <Text p="lg" ta="center" c="dimmed" size="sm">This stay opened no peer connection, so there are no candidates.</Text>;
  return (
    <Stack gap="md" p="sm">
      {shown.map((id) => (
        <OfConnection key={id} ice={ice.find((i) => i.connection === id)} connection={connections.find((c) => c.id === id)} since={since} bounds={bounds}
          runs={pairRuns(samples.data, paths.filter((s) => s.connection === id).map((s) => s.id), connections.find((c) => c.id === id), bounds)} pending={samples.isPending && paths.length > 0} />
      ))}
      {samples.error && <Alert color="red" p="xs">{samples.error.message}</Alert>}
    </Stack>
  );
}

function OfConnection({ ice, connection, runs, pending, since, bounds }: { ice?: Ice; connection?: Connection; runs: PairRun[]; pending: boolean; since: number | null; bounds: [number, number] }) {
  const label = connection?.label || `Connection ${connection?.id ?? ice?.connection}`;
  return (
    <Paper p="sm" component="section" aria-label={`ICE of ${label}`}>
      <Group gap="sm" mb="xs" wrap="wrap">
        <Text fw={600} size="sm" className="mono">{label}</Text>
        {connection && <Badge size="sm" variant="light" color="gray" tt="none">{connection.state || "state never told"}</Badge>}
        {ice && (ice.gathered.length > 0 || ice.gathering) && <Text size="xs" c="dimmed">Gathering {[...ice.gathered.map((ms, n) => `${n === 0 ? "took" : "again"} ${duration(ms)}`), ...(ice.gathering ? ["was not completed, or its end was not told"] : [])].join(", ")}</Text>}
        {ice?.policy && ice.policy !== "all" && <Badge size="sm" variant="light" color="orange" tt="none">only {ice.policy}</Badge>}
      </Group>
      {ice && ice.states.length > 0 ? <States lines={ice.states} bounds={bounds} since={since} /> : <Text size="xs" c="dimmed">No states of this connection were told.</Text>}
      <Text size="sm" fw={600} mt="md" mb={4}>Path that media took</Text>
      {runs.length === 0
        ? <Text size="xs" c="dimmed">{pending ? "Reading the paths…" : connection?.connected ? "The statistics do not tell which pair of candidates was selected." : "No pair of candidates was selected: the connection was never up."}</Text>
        : <Pairs runs={runs} since={since} />}
      <div className="ice-tables">
        <CandidateTable title="Local candidates" list={ice?.local ?? []} since={since} none="None was told: the client was still gathering, or does not tell them." />
        <CandidateTable title="Remote candidates" list={ice?.remote ?? []} since={since} none="None was told: an SFU often has them in its descriptions only, and some clients leave those out." />
      </div>
      {ice && ice.errors.length > 0 && <Errors ice={ice} since={since} />}
      {ice && ice.servers.length > 0 && (
        <Text size="xs" c="dimmed" mt="sm" style={{ overflowWrap: "anywhere" }}>Servers it was given: {ice.servers.map((s) => s.urls.join(", ")).join("; ")}.</Text>
      )}
    </Paper>
  );
}

// Told by colour and by the word that stands in or behind each bar.
const stateColor: Record<string, string> = { connected: "good", completed: "good", stable: "good", complete: "good", checking: "busy", connecting: "busy", gathering: "busy", disconnected: "warn", failed: "bad", closed: "none", new: "none" };

function States({ lines, bounds, since }: { lines: StateLine[]; bounds: [number, number]; since: number | null }) {
  // What happens while a connection comes up takes a second of an hour: the
  // line is of the time until it was up and a while longer, all of it where that is short.
  const first = Math.min(...lines.map((l) => l.runs[0]?.from ?? bounds[1]));
  const last = Math.max(...lines.map((l) => l.runs.at(-1)?.from ?? first));
  const end = Math.min(Math.max(last + Math.max((last - first) * 0.25, 1000), first + 1000), Math.max(bounds[1], last + 1000));
  const place = (t: number) => ((Math.min(Math.max(t, first), end) - first) / (end - first)) * 100;
  return (
    <div>
      {lines.map((l) => (
        <div key={l.name} className="ice-line">
          <Text size="xs" c="dimmed">{l.name}</Text>
          <div className="ice-track" role="img" aria-label={`${l.name}: ${l.runs.map((r) => `${r.value} from ${at(r.from, since)}`).join(", ")}`}>
            {l.runs.map((r) => (
              <Tooltip key={r.from} openDelay={0} label={`${r.value} from ${at(r.from, since)} for ${duration(r.to - r.from)}`}>
                <span className="ice-run" data-state={stateColor[r.value] ?? "busy"} style={{ left: `${place(r.from)}%`, width: `${Math.max(place(r.to) - place(r.from), 0.3)}%` }}>{r.value}</span>
              </Tooltip>
            ))}
          </div>
        </div>
      ))}
      <div className="ice-line" aria-hidden><span /><Group justify="space-between"><Text size="xs" c="dimmed" className="num">{at(first, since)}</Text><Text size="xs" c="dimmed" className="num">{at(end, since)}</Text></Group></div>
    </div>
  );
}

/** "relay/udp host/udp" in words. */
function pairText(pair: string): string {
  const [local = "", remote = ""] = pair.split(" ");
  return `${local.replace("/", " over ")} → ${remote.replace("/", " over ")}`;
}

function Pairs({ runs, since }: { runs: PairRun[]; since: number | null }) {
  const metrics = useMetrics();
  const unit = (id: string) => metrics.data?.find((m) => m.id === id)?.unit ?? "";
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table verticalSpacing={5} horizontalSpacing="sm" fz="xs">
        <Table.Thead><Table.Tr><Table.Th>From</Table.Th><Table.Th>Selected pair, local → remote</Table.Th><Table.Th ta="right">For</Table.Th><Table.Th ta="right">Round trip</Table.Th><Table.Th ta="right">Sent</Table.Th><Table.Th ta="right">Received</Table.Th><Table.Th ta="right">Checks answered</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {runs.map((r) => (
            <Table.Tr key={`${r.from}/${r.pair}`}>
              <Table.Td className="num mono">{at(r.from, since)}</Table.Td>
              <Table.Td><Text size="xs">{pairText(r.pair)}</Text></Table.Td>
              <Table.Td className="num" ta="right">{duration(r.to - r.from, true)}</Table.Td>
              <Table.Td className="num" ta="right">{figure(r.rtt, "ms")}</Table.Td>
              <Table.Td className="num" ta="right">{figure(r.sent, unit("bitrate_sent"))}</Table.Td>
              <Table.Td className="num" ta="right">{figure(r.received, unit("bitrate"))}</Table.Td>
              <Table.Td className="num" ta="right">{r.requests === null ? none : `${count(r.responses ?? 0)} of ${count(r.requests)}`}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function CandidateTable({ title, list, since, none: empty }: { title: string; list: Gathered[]; since: number | null; none: string }) {
  const types = useMemo(() => {
    const n = new Map<string, number>();
    for (const c of list) n.set(c.type, (n.get(c.type) ?? 0) + 1);
    return [...n].map(([t, k]) => `${k} ${t}`).join(", ");
  }, [list]);
  return (
    <div style={{ minWidth: 0 }}>
      <Text size="sm" fw={600} mb={4}>{title}{list.length > 0 && <Text span size="xs" c="dimmed" fw={400}> {types}</Text>}</Text>
      {list.length === 0 ? <Text size="xs" c="dimmed">{empty}</Text> : (
        <Table.ScrollContainer minWidth={520} type="native" className="ice-scroll">
          <Table verticalSpacing={4} horizontalSpacing="xs" fz="xs" aria-label={title} stickyHeader>
            <Table.Thead><Table.Tr><Table.Th>Type</Table.Th><Table.Th>Protocol</Table.Th><Table.Th>Address</Table.Th><Table.Th ta="right">Priority</Table.Th><Table.Th>Relay, server</Table.Th><Table.Th ta="right">Told at</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{list.map((c) => <CandidateRow key={`${c.foundation}/${c.component}/${c.protocol}/${c.address}/${c.port}/${c.type}/${c.ufrag}/${c.time}`} c={c} since={since} />)}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </div>
  );
}

function CandidateRow({ c, since }: { c: Gathered; since: number | null }) {
  return (
    <Table.Tr>
      <Table.Td><Tooltip label={`${typeNames[c.type] ?? c.type}${c.mids.length ? `; for mid ${c.mids.join(", ")}` : ""}${c.ufrag ? `; ufrag ${c.ufrag}` : ""}`}><Badge size="xs" variant="light" color={c.type === "relay" ? "orange" : c.type === "host" ? "gray" : "blue"} tt="none">{c.type}</Badge></Tooltip></Table.Td>
      <Table.Td>{c.protocol}{c.tcpType && ` ${c.tcpType}`}{c.network && <Text span size="xs" c="dimmed"> {c.network}</Text>}</Table.Td>
      <Table.Td className="mono" style={{ overflowWrap: "anywhere" }}>{c.address || <span className="muted">hidden</span>}:{c.port}{c.relatedPort !== null && c.relatedPort > 0 && <span className="muted"> via {c.relatedAddress}:{c.relatedPort}</span>}{c.refused && <Text size="xs" c="red">{c.refused}</Text>}</Table.Td>
      <Table.Td className="num" ta="right">{c.priority}</Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{[c.relayProtocol, c.url].filter(Boolean).join(" ") || none}</Table.Td>
      <Table.Td className="num mono" ta="right"><span title={c.by === "trickle" ? "told by itself" : "told within a description"}>{at(c.time, since)}</span></Table.Td>
    </Table.Tr>
  );
}

function Errors({ ice, since }: { ice: Ice; since: number | null }) {
  return (
    <details className="ice-errors">
      <summary><Text span size="sm" fw={600}>{ice.errors.length} {ice.errors.length === 1 ? "error" : "errors"} while gathering</Text> <Text span size="xs" c="dimmed">Common where a machine has several networks, and mostly harmless.</Text></summary>
      {ice.errors.slice(0, 50).map((e, i) => <Text key={`${e.time}/${i}`} size="xs"><span className="num mono muted" title={clock(e.time, true)}>{at(e.time, since)}</span> {e.url || "a server"}: {[e.code, e.text].filter(Boolean).join(" ")}</Text>)}
    </details>
  );
}
