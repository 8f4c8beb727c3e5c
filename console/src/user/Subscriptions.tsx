import { Alert, Anchor, Button, Group, Paper, Radio, Skeleton, Stack, Table, Text, Tooltip, useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconAlertTriangle, IconArrowsLeftRight, IconListDetails } from "@tabler/icons-react";
import { useMemo } from "react";
import { Link } from "react-router";
import type { CallDetail, Issue, SessionDetail, Stream } from "../api/client";
import { useThresholds } from "../api/queries";
import { useFigures } from "../api/user";
import { callLink, userIndex, userLink, userName, userOf } from "../call/range";
import { figure, none } from "../format";
import { seriesColor } from "../theme";
import { Charts, kindNames } from "./Charts";
import { deviceMetrics, deviceReadings, type Indicator, indicatorsOf, type Limits, type Media, metricsOf, type Reading, type Series, type Side } from "./figures";
import { panelsOf, tabPanels } from "./panels";
import { bothEnds, type Sender } from "./senders";

interface Props {
  app: number;
  call: CallDetail;
  session: SessionDetail;
  media: Media;
  side: Side;
  /** Who sends each received stream, by its number. */
  senders: Map<number, Sender>;
  /** The chosen stream; the first where none is. */
  stream?: number;
  onStream: (stream: number) => void;
  issues: Issue[];
  range: [number, number];
  asked?: [number, number];
  bounds: [number, number];
  onRange: (r: [number, number]) => void;
  onMark: (id: string) => void;
  live: boolean;
}

/** What a user received of each sender, or sent, of one kind: the guide's indicators in figures and charts. */
export function Subscriptions(props: Props) {
  const { app, call, session, media, side, senders, asked, range } = props;
  const streams = useMemo(() => session.streams.filter((s) => s.kind === media && s.direction === side), [session.streams, media, side]);
  const chosen = streams.find((s) => s.id === props.stream) ?? streams[0];
  const thresholds = useThresholds(app, true);
  const limits: Limits = useMemo(() => Object.fromEntries((thresholds.data ?? []).map((t) => [t.name, t.value ?? t.default])), [thresholds.data]);
  const figures = useFigures(app, call.id, { session: session.id, streams: streams.map((s) => s.id), metrics: metricsOf(media, side), range: asked, width: 800 });
  const columns = indicatorsOf(media, side);
  const names = useMemo(() => new Map([...senders].map(([id, s]) => [id, s.name])), [senders]);
  const sender = chosen && side === "receive" ? senders.get(chosen.id) : undefined;
  const drawn = useMemo(() => (chosen ? [chosen] : []), [chosen]);
  const panels = useMemo(() => panelsOf(tabPanels[media]), [media]);

  if (!chosen) return <Nothing {...props} />;
  return (
    <Stack gap="md">
      <div>
        <Group justify="space-between" mb={6} wrap="wrap">
          <Text size="sm" fw={600}>{side === "receive" ? `${streams.length === 1 ? "Received from" : "Choose a sender"}` : streams.length === 1 ? "Sent" : "Choose a stream that was sent"}</Text>
          {figures.error && <Text size="xs" c="red">{figures.error.message}</Text>}
        </Group>
        {figures.isPending ? <Skeleton h={60 + streams.length * 44} />
          : <Choice {...props} streams={streams} chosen={chosen.id} columns={columns} series={new Map(figures.data?.series.map((s) => [s.stream, s]))} limits={limits} range={range} />}
      </div>
      <Devices {...props} sender={sender} limits={limits} />
      <section aria-label={`Charts of ${kindNames[media]?.toLowerCase()}`}>
        <Charts app={app} call={call.id} session={session} streams={drawn} panels={panels} issues={props.issues} range={range} asked={asked} bounds={props.bounds} onRange={props.onRange} onMark={props.onMark} senders={names} mixed={false}
          empty="Nothing was measured of it." />
      </section>
    </Stack>
  );
}

function Nothing({ call, session, media, side, live, app }: Props) {
  const kind = { video: "video", audio: "audio", screen: "presentation (screen or window)" }[media];
  const others = session.streams.some((s) => s.direction === side && s.kind !== "transport" && s.kind !== "client");
  const any = session.streams.some((s) => s.kind !== "transport" && s.kind !== "client");
  const alone = call.people.length === 1;
  return (
    <Paper p="lg">
      <Text ta="center" size="sm" fw={550}>{side === "receive" ? `No ${kind} was received` : `No ${kind} was sent`}</Text>
      <Text ta="center" size="sm" c="dimmed" maw={560} mx="auto" mt={4}>
        {!any
          ? live ? "There are no statistics of any audio or video yet. They come within two seconds of the first packet." : "The client told no statistics of any audio or video: nothing was sent or received, or the connection was never made. The API trace shows how far it came."
          : others ? `The user ${side === "receive" ? "received" : "sent"} other media in this stay: see the other tabs.`
            : alone && side === "receive" ? "Nobody else is known in this call: what was sent is under Sends." : `The user only ${side === "receive" ? "sent" : "received"} in this stay.`}
      </Text>
      {!any && <Group justify="center" mt="sm"><Button size="xs" variant="default" component={Link} to={userLink(app, call.id, session.id, {}) + "&view=trace"}>To the API trace</Button></Group>}
    </Paper>
  );
}

interface ChoiceProps extends Omit<Props, "stream"> { streams: Stream[]; chosen: number; columns: Indicator[]; series: Map<number, Series>; limits: Limits }

/** The streams with their figures; one of them is looked at below. */
function Choice(props: ChoiceProps) {
  const { app, call, session, media, side, streams, chosen, columns, series, limits, range, senders, onStream, asked } = props;
  const scheme = useComputedColorScheme("light");
  // One of both: two radios of one name and value would each switch the other off.
  const wide = useMediaQuery("(min-width: 62em)", true, { getInitialValueInEffect: false });
  const rows = streams.map((s, n) => {
    const sender = senders.get(s.id);
    const data = series.get(s.id);
    const user = sender?.session ? userOf(call, sender.session) : undefined;
    return {
      s, sender, color: side === "receive" ? (user ? seriesColor(userIndex(call, user), scheme) : "#7f7f7f") : seriesColor(n, scheme),
      readings: columns.map((c) => (data ? c.read(data, range, limits) : undefined)),
      name: side === "receive" ? (sender?.name || "Sender not known") : sentName(s, n, streams.length),
      more: [s.rid && `layer ${s.rid}`, streams.filter((o) => senders.get(o.id)?.name === sender?.name).length > 1 && s.ssrc ? `ssrc ${s.ssrc}` : "", codec(s)].filter(Boolean).join(" · "),
    };
  });
  const operations = (r: (typeof rows)[number]) => (
    <Group gap={6} wrap="nowrap">
      <Button size="compact-xs" variant="default" component={Link} to={callLink(app, call.id, { view: "events", session: session.id, range: asked })} leftSection={<IconListDetails size={13} />} aria-label="Event list of this user">Event</Button>
      <Button size="compact-xs" variant="default" component={Link} to={bothEnds(app, call.id, session.id, r.s, r.sender, { tab: media, range: asked })} leftSection={<IconArrowsLeftRight size={13} />} aria-label={side === "receive" ? `Both ends, from ${r.name} to this user` : "Details of what this user sends, end to end"}>{side === "receive" ? "Both ends" : "Details"}</Button>
    </Group>
  );
  return (
    <Paper style={{ overflow: "hidden" }}>
      <Radio.Group value={String(chosen)} onChange={(v) => onStream(Number(v))} aria-label={side === "receive" ? "Sender" : "Stream"}>
        {!wide && <Stack gap={0}>
          {rows.map((r) => (
            <div key={r.s.id} className="user-card" data-chosen={r.s.id === chosen}>
              <Group justify="space-between" wrap="nowrap" mb={6}>
                <Radio size="xs" value={String(r.s.id)} label={<Name r={r} />} />
                {operations(r)}
              </Group>
              <div className="readings">{columns.map((c, i) => <div key={c.id}><Text size="xs" c="dimmed">{c.label}</Text><Figure reading={r.readings[i]} unit={c.unit} /></div>)}</div>
            </div>
          ))}
        </Stack>}
        {wide && <Table.ScrollContainer minWidth={860} type="native">
          <Table verticalSpacing={7} horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{side === "receive" ? "Sender" : "Stream"}</Table.Th>
                {columns.map((c) => <Table.Th key={c.id}><Tooltip label={c.help}><span className="explained">{c.label}</span></Tooltip></Table.Th>)}
                <Table.Th>Operation</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((r) => (
                <Table.Tr key={r.s.id} className="clickable" data-chosen={r.s.id === chosen} onClick={(e) => { if (!(e.target as HTMLElement).closest("a, button, input, label")) onStream(r.s.id); }}>
                  <Table.Td><Radio size="xs" value={String(r.s.id)} label={<Name r={r} />} /></Table.Td>
                  {columns.map((c, i) => <Table.Td key={c.id}><Figure reading={r.readings[i]} unit={c.unit} /></Table.Td>)}
                  <Table.Td>{operations(r)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>}
      </Radio.Group>
    </Paper>
  );
}

function Name({ r }: { r: { name: string; more: string; color: string; sender?: Sender } }) {
  return (
    <Tooltip label={r.sender?.basis} disabled={!r.sender?.basis}>
      <span className="user-name">
        <span className="user-dot" style={{ background: r.color }} aria-hidden />
        <span style={{ minWidth: 0 }}><Text span size="sm" fw={550}>{r.name}</Text>{r.more && <Text size="xs" c="dimmed">{r.more}</Text>}</span>
      </span>
    </Tooltip>
  );
}

const codec = (s: Stream) => s.codec.replace(/^(audio|video)\//i, "");

const sentName = (s: Stream, n: number, all: number): string => s.label || (all > 1 ? `${kindNames[s.kind]} ${n + 1}` : (kindNames[s.kind] ?? s.kind));

function Figure({ reading, unit }: { reading?: Reading; unit: string }) {
  if (!reading || (reading.value === null && !reading.text)) return <Text size="sm" c="dimmed">{none}</Text>;
  const { value, worst, worstName, text, note, past } = reading;
  const more = [worst !== null && value !== null && `${worstName} ${figure(worst, unit)}`, note].filter(Boolean).join(", ");
  return (
    <div>
      <Text size="sm" className={past === undefined ? "num" : "num past"} component="div">
        {past !== undefined && <Tooltip label={`Past the limit of ${figure(past, unit)}`}><IconAlertTriangle size={13} aria-label={`past the limit of ${figure(past, unit)}`} /></Tooltip>}{past !== undefined && " "}
        {text ?? figure(value, unit)}
      </Text>
      {more && <Text size="xs" c="dimmed" className="num">{more}</Text>}
    </div>
  );
}

/** How busy the machines at both ends were. */
function Devices({ app, call, session, sender, side, limits, asked, range }: Props & { sender?: Sender; limits: Limits }) {
  const own = session.streams.filter((s) => s.kind === "client").map((s) => s.id);
  const mine = useFigures(app, call.id, { session: session.id, streams: own, metrics: deviceMetrics, range: asked, width: 800 });
  const other = useFigures(app, call.id, { session: sender?.session ?? "", metrics: deviceMetrics, range: asked, width: 800 }, side === "receive" && Boolean(sender?.session));
  const client = (d: typeof mine.data) => d?.series.find((s) => s.kind === "client");
  const rows = [
    { name: side === "receive" ? "Receiver" : "This device", told: client(mine.data), known: true, who: userName(session) },
    ...(side === "receive" ? [{ name: "Sender", told: client(other.data), known: Boolean(sender?.session), who: sender?.name ?? "" }] : []),
  ];
  return (
    <Paper p="md" component="section" aria-label="Device status">
      <Text size="sm" fw={600} mb={6}>Device status</Text>
      <Stack gap="xs">
        {rows.map((r) => {
          const readings = deviceReadings(r.told, range, limits);
          const cpu = readings.some((x) => x.id.startsWith("cpu_a") && x.reading.value !== null) || readings.some((x) => x.id === "cpu_system" && x.reading.value !== null);
          const shown = readings.filter((x) => x.id === "cpu_app" || x.id === "cpu_system" || x.reading.value !== null);
          return (
            <div key={r.name} className="device">
              <div><Text size="xs" fw={550}>{r.name}</Text><Text size="xs" c="dimmed" truncate dir="auto">{r.who}</Text></div>
              {shown.map((x) => <div key={x.id}><Text size="xs" c="dimmed">{x.label}</Text><Figure reading={x.reading} unit={x.unit} /></div>)}
              {!cpu && <Text size="xs" c="dimmed" className="device-note">{!r.known ? "The sender's own data are missing, or who sends is not known." : r.told ? "Browsers do not tell the use of the processor: CPU pressure and the lag of the page's event loop stand for it." : "Its client told nothing of the device."}</Text>}
            </div>
          );
        })}
      </Stack>
    </Paper>
  );
}

/** Everything that was measured of a user's media, side by side. */
export function AllFigures(props: Omit<Props, "media" | "stream" | "onStream">) {
  const { session, side, senders } = props;
  const names = useMemo(() => new Map([...senders].map(([id, s]) => [id, s.name])), [senders]);
  const streams = useMemo(() => session.streams.filter((s) => s.direction === side || s.kind === "transport" || s.kind === "client"), [session.streams, side]);
  const panels = useMemo(() => panelsOf(), []);
  return (
    <Stack gap="sm">
      {streams.length > 40 && <Alert color="gray" p="xs"><Text size="xs">{streams.length} streams: the tabs of video, audio and presentation show one of them at a time.</Text></Alert>}
      <Charts app={props.app} call={props.call.id} session={session} streams={streams} panels={panels} issues={props.issues} range={props.range} asked={props.asked} bounds={props.bounds} onRange={props.onRange} onMark={props.onMark} senders={names} mixed
        empty={`This user ${side === "send" ? "sent" : "received"} no audio or video, or the client sent no statistics of it.`} />
      <Text size="xs" c="dimmed">Wheel or drag zooms all charts, double click shows the whole call, dots are events. A gap in a line means that nothing was measured. Dots lead into the <Anchor component={Link} size="xs" to={userLink(props.app, props.call.id, session.id, {}) + "&view=trace"}>API trace</Anchor>.</Text>
    </Stack>
  );
}
