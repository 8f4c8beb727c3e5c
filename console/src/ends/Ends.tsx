import "./ends.css";
import { ActionIcon, Alert, Anchor, Badge, Button, Group, Paper, Select, SimpleGrid, Skeleton, Stack, Tabs, Text, Title, Tooltip, UnstyledButton, useComputedColorScheme } from "@mantine/core";
import { useDebouncedValue, useElementSize } from "@mantine/hooks";
import { IconArrowLeft, IconArrowsLeftRight, IconArrowDown, IconArrowUp, IconHelpCircle } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { useParameters } from "../params";
import { ApiError, type CallDetail, type Session, type User } from "../api/client";
import { useHappenings, useMatches, useStayIssues, useStreams } from "../api/ends";
import { coarse } from "../api/quality";
import { useCall, useLive, useMetrics, useSession } from "../api/queries";
import { callLink, longest, readView, shownRange, userIndex, userLink, userName, userOf, type View, writeView } from "../call/range";
import { zoomed } from "../chart/align";
import { RangeBar } from "../chart/RangeBar";
import { useRange } from "../chart/useRange";
import { clock, count, dateTime, duration, span, zone } from "../format";
import { useApp } from "../Shell";
import { unknownColor, userColor } from "../theme";
import { type Ends as Address, readEnds, swapped, writeEnds } from "./address";
import { Half } from "./Half";
import { findingsOf, issuesOf, layOut, measuredOf, restOf, streamsOf } from "./half";
import { HowToRead } from "./HowToRead";
import type { Finding } from "./reading";
import { asked, figuresOf } from "./segments";
import { basisWords, find, type Source, sourcesOf, trialWords } from "./sources";
import { Standouts } from "./Standouts";
import { type Happening, type Kind, kinds, type Sampled, type StreamRow } from "./told";
import { type Half as Side, typesOf } from "./types";
import { Share } from "../call/Share";
import { useNow } from "../call/now";

/** What one user sent and another received of it, on one axis of time. */
export default function Ends() {
  const { call: id = "" } = useParams();
  const { app } = useApp();
  const call = useCall(app?.id, id);
  if (call.error instanceof ApiError && call.error.status === 404) {
    return <Alert color="gray" title="No such call in this app">It may belong to another app, or its data has passed its retention. <Anchor component={Link} to={`/calls${app ? `?app=${app.id}` : ""}`}>To the list of calls</Anchor></Alert>;
  }
  // What is shown stays while it cannot be asked again; a call in progress asks on.
  if (call.error && !call.data) return <Alert color="red" title="The call could not be read">{call.error.message}</Alert>;
  if (!call.data || !app) return <Stack><Skeleton h={90} /><Skeleton h={70} /><Skeleton h={380} /></Stack>;
  return <Body app={app.id} appName={app.name} call={call.data} />;
}

const nothing: Happening[] = [];
const noStreams: StreamRow[] = [];
const noSeries: Sampled[] = [];

function Body({ app, appName, call }: { app: number; appName: string; call: CallDetail }) {
  const live = call.status === "active";
  const line = useLive(app, call.id, live);
  const [params, setParams] = useParameters();
  const view = readView(params);
  const ends = readEnds(params);
  const setView = (v: Partial<View>) => setParams((p) => writeView(p, v), { replace: true });
  const setEnds = (e: Partial<Address>) => setParams((p) => writeEnds(writeView(p, { event: null }), e), { replace: !("receiver" in e || "sender" in e) });
  const now = useNow(live);
  const bounds = useBounds(call, now);
  const [kept, setRange] = useRange(view.range, (range) => setView({ range }), bounds);
  const range = shownRange({ range: kept }, bounds);
  const [help, setHelp] = useState(false);

  const receiver = stayOf(call, ends.receiver);
  const receiving = useSession(app, call.id, receiver?.id);
  const matches = useMatches(app, call.id, receiver?.id);
  const sources = useMemo(() => (receiver && receiving.data ? sourcesOf(receiver.id, matches.data ?? [], receiving.data.streams) : []), [receiver?.id, receiving.data, matches.data]);
  const named = Boolean(ends.sender || ends.user || ends.stream);
  const source = named ? find(sources, ends) : sources[0];
  const sender = stayOf(call, ends.sender ?? source?.session);
  const sending = useSession(app, call.id, sender?.id);
  const alone = !receiver;

  const swap = swapped({ ...ends, sender: sender?.id });
  const onRange: (r: [number, number] | undefined) => void = setRange;
  useKeys({ range, bounds, onRange, swap: swap && (() => setEnds(swap)) });

  const who = (s: Session | undefined) => userName(userOf(call, s?.id) ?? { user: "", userName: "" });
  const senderName = sender ? who(sender) : source?.user || (receiver ? "Unknown sender" : "");
  const receiverName = receiver ? who(receiver) : "";
  const title = [senderName, receiverName].filter(Boolean).join(" → ") || "Two ends";
  useEffect(() => { document.title = `${title} · ${call.roomName || call.room || "Call"} · Peerglass`; }, [title, call.roomName, call.room]);

  const header = (
    <div>
      <Group gap={6}>
        <Anchor component={Link} to={callLink(app, call.id, { range: view.range })} size="xs" c="dimmed" style={{ display: "inline-flex", alignItems: "center", gap: 4 }}><IconArrowLeft size={13} />{call.roomName || call.room || "Call"}</Anchor>
        <Text size="xs" c="dimmed" aria-hidden>·</Text>
        <Anchor component={Link} to={callLink(app, call.id, { range: view.range, view: "matrix" })} size="xs" c="dimmed">Who hears whom</Anchor>
      </Group>
      <Group justify="space-between" align="flex-start" mt={4} wrap="wrap">
        <Group gap="md" style={{ minWidth: 0 }}>
          <Title order={1} size="h3" style={{ overflowWrap: "anywhere" }}>End to end: {title}</Title>
          {live && <Badge variant="default" tt="none" leftSection={<span className="live-dot" />}>Live</Badge>}
          {live && line === "lost" && <Badge variant="default" tt="none" role="status">Connection lost, asking again…</Badge>}
        </Group>
        <Group gap="xs">
          <Button size="xs" variant="default" leftSection={<IconHelpCircle size={15} />} onClick={() => setHelp(true)}>How to read this</Button>
          <Share of="both ends, range, tab and chosen event" />
        </Group>
      </Group>
      <Group gap="8px 32px" mt="sm" wrap="wrap" component="section" aria-label="Basic information">
        <Fact name="App id">{app}</Fact>
        <Fact name="Application">{appName}</Fact>
        <Fact name="Room id">{call.room || "–"}</Fact>
        <Fact name="Users">{count(call.users)}</Fact>
        <Fact name={`Start – end (${zone(new Date(call.start))})`}>{span(call.start, call.end)}</Fact>
        <Fact name="Duration">{duration(live ? now - bounds[0] : call.durationMs)}</Fact>
      </Group>
    </div>
  );

  const shared = { app, call, view: { ...view, range: kept }, ends, setView, setEnds, bounds, range, onRange, live };
  return (
    <Stack gap="md">
      {header}
      <HowToRead opened={help} onClose={() => setHelp(false)} />
      <Who {...shared} sources={sources} source={source} sender={sender} receiver={receiver} swap={swap && (() => setEnds(swap))} />
      {(receiving.error ?? sending.error ?? matches.error) && <Alert color="red" title="The two ends could not be read">{(receiving.error ?? sending.error ?? matches.error)?.message}</Alert>}
      {wrongEnd(call, ends)}
      {!ends.receiver && !ends.sender
        ? <Start {...shared} />
        : (receiver && (receiving.isPending || matches.isPending)) || (sender && sending.isPending)
          ? <Stack><Skeleton h={48} /><Skeleton h={300} /><Skeleton h={300} /></Stack>
          : <Halves {...shared} source={source} sender={sender} receiver={receiver} alone={alone} names={[senderName, receiverName]}
              sent={sending.data?.streams ?? noStreams} received={receiving.data?.streams ?? noStreams} sentOver={sending.data?.connections ?? []} receivedOver={receiving.data?.connections ?? []} />}
    </Stack>
  );
}

interface Shared {
  app: number;
  call: CallDetail;
  view: View;
  ends: Address;
  setView: (v: Partial<View>) => void;
  setEnds: (e: Partial<Address>) => void;
  bounds: [number, number];
  range: [number, number];
  onRange: (range: [number, number] | undefined) => void;
  live: boolean;
}

function wrongEnd(call: CallDetail, ends: Address) {
  const unknown = [ends.receiver, ends.sender].filter((s): s is string => s !== undefined && !stayOf(call, s));
  return unknown.length > 0 && <Alert color="gray" title="No such stay in this call">{unknown.join(" and ")} {unknown.length > 1 ? "are" : "is"} none of this call's stays. Choose the ends above.</Alert>;
}

const stayOf = (call: CallDetail, id: string | undefined): Session | undefined => (id ? call.people.flatMap((u) => u.stays).find((s) => s.id === id) : undefined);

/** Every stay of the call by the name of its user; several of one user by their times. */
const stayOptions = (people: User[]) => people.flatMap((u) => u.stays.map((s) => ({ value: s.id, label: u.stays.length > 1 ? `${userName(u)}, ${clock(s.start)} – ${s.end ? clock(s.end) : "now"}` : userName(u) })));

const sourceValue = (s: Source) => (s.session ? s.session : s.user ? `user:${s.user}` : `stream:${s.stream}`);

const sourceName = (s: Source) => (s.user ? `${s.user} (no figures of their own)` : `Unmatched: ${kinds.filter((k) => s.received[k].length > 0).join(" and ")}, stream ${s.stream}`);

/** Who sends, who receives, how that is known. */
function Who({ app, call, view, sources, source, sender, receiver, swap, setEnds }: Shared & { sources: Source[]; source?: Source; sender?: Session; receiver?: Session; swap?: () => void }) {
  const stays = stayOptions(call.people);
  const foreign = sources.filter((s) => !s.session).map((s) => ({ value: sourceValue(s), label: sourceName(s) }));
  const heard = new Set(sources.map((s) => s.session));
  const from = [
    ...(receiver ? [{ group: "Received from", items: [...stays.filter((s) => heard.has(s.value)), ...foreign] }] : []),
    { group: receiver ? "Nothing received from" : "Users", items: stays.filter((s) => !heard.has(s.value) && s.value !== receiver?.id) },
  ].filter((g) => g.items.length > 0);
  const bases = source ? kinds.filter((k) => source.bases[k] !== undefined).map((k) => ({ kind: k, basis: source.bases[k] ?? "" as const })) : [];
  const same = new Set(bases.map((b) => b.basis)).size === 1;
  return (
    <Paper p="sm" component="section" aria-label="Sender and receiver">
      <div className="ends-who">
        <Select label="Sender" placeholder={receiver ? "Choose whom it came from" : "Choose a sender"} searchable={call.people.length > 8} allowDeselect={false} data={from} value={sender?.id ?? (source ? sourceValue(source) : null)}
          onChange={(v) => v && setEnds(v.startsWith("user:") ? { sender: undefined, user: v.slice(5), stream: undefined } : v.startsWith("stream:") ? { sender: undefined, user: undefined, stream: Number(v.slice(7)) } : { sender: v, user: undefined, stream: undefined })} />
        <Tooltip label={swap ? "The other direction (s)" : "Needs two users with figures of their own"}>
          <ActionIcon className="ends-swap" size="lg" variant="default" aria-label="Other direction" data-disabled={!swap || undefined} aria-disabled={!swap} onClick={() => swap?.()}><IconArrowsLeftRight size={18} /></ActionIcon>
        </Tooltip>
        <Select label="Receiver" placeholder="Nobody: the sender alone" searchable={call.people.length > 8} clearable={Boolean(sender)} clearButtonProps={{ "aria-label": "The sender alone" }} data={stays.filter((s) => s.value !== sender?.id)} value={receiver?.id ?? null}
          onChange={(v) => setEnds(v ? { receiver: v, sender: sender?.id, user: undefined, stream: undefined } : { receiver: undefined, sender: sender?.id, user: undefined, stream: undefined })} />
      </div>
      <Group justify="space-between" gap="xs" mt={8}>
        <Text size="xs" c="dimmed" data-basis>
          {bases.length > 0 && <>How it is known: {same
            ? <Tooltip label={basisWords(bases[0]?.basis ?? "").why}><span style={{ textDecoration: "underline dotted", textUnderlineOffset: 3 }}>{basisWords(bases[0]?.basis ?? "").short}</span></Tooltip>
            : bases.map((b, i) => <span key={b.kind}>{i > 0 && "; "}{b.kind}: <Tooltip label={basisWords(b.basis).why}><span style={{ textDecoration: "underline dotted", textUnderlineOffset: 3 }}>{basisWords(b.basis).short}</span></Tooltip></span>)}</>}
          {receiver && sources.length === 0 && "Nothing that was received is known of this stay."}
        </Text>
        <Group gap="md">
          {sender && <Anchor component={Link} size="xs" to={userLink(app, call.id, sender.id, { range: view.range })}>Sender's page</Anchor>}
          {receiver && <Anchor component={Link} size="xs" to={userLink(app, call.id, receiver.id, { range: view.range })}>Receiver's page</Anchor>}
        </Group>
      </Group>
    </Paper>
  );
}

/** No end was named: everybody who could be one. */
function Start({ call, setEnds }: Shared) {
  return (
    <Paper p="lg">
      <Text size="sm" mb="sm">Choose a receiver to see what reached them, or a sender above to see what left them.</Text>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="xs">
        {call.people.slice(0, 20).map((u) => {
          const stay = u.stays.at(-1);
          return stay && (
            <UnstyledButton key={stay.id} className="pick" onClick={() => setEnds({ receiver: stay.id })}>
              <Text size="sm" fw={550} truncate>{userName(u)}</Text>
              <Text size="xs" c="dimmed">{[u.receives && "receives", u.sends && "sends"].filter(Boolean).join(", ") || "no media yet"}</Text>
            </UnstyledButton>
          );
        })}
      </SimpleGrid>
    </Paper>
  );
}

function Halves({ app, call, view, ends, setView, setEnds, bounds, range, onRange, live, source, sender, receiver, alone, names: [senderName, receiverName], sent, received, sentOver, receivedOver }: Shared & {
  source?: Source; sender?: Session; receiver?: Session; alone: boolean; names: [string, string];
  sent: StreamRow[]; received: StreamRow[]; sentOver: { id: number; label: string }[]; receivedOver: { id: number; label: string }[];
}) {
  const scheme = useComputedColorScheme("light");
  const { ref, width } = useElementSize();
  const offered = kinds.filter((k) => (source?.received[k].length ?? 0) > 0 || sent.some((s) => s.kind === k && s.direction === "send"));
  const kind: Kind = offered.find((k) => k === view.tab) ?? offered[0] ?? "video";

  const up = useMemo(() => streamsOf(sent, "send", kind, source?.sent[kind] ?? []), [sent, kind, source]);
  // Without a source nothing of what was received is the sender's.
  const down = useMemo(() => streamsOf(received, "receive", kind, source ? [...source.received[kind], -1] : [-1]), [received, kind, source]);
  const streams = useMemo(
    () => [...(sender ? [...up.media, ...up.path, ...up.machine].map((s) => `${sender.id}.${s.id}`) : []), ...(receiver ? [...down.media, ...down.path, ...down.machine].map((s) => `${receiver.id}.${s.id}`) : [])],
    [sender?.id, receiver?.id, up, down],
  );
  // Zooming moves at once on what is there; finer figures are asked for when it rests.
  const cut = view.range ?? (bounds[1] - bounds[0] > longest ? range : undefined);
  const [asking] = useDebouncedValue(cut, 200);
  const samples = useStreams(app, call.id, { streams, range: asking && coarse(asking), width: Math.max(200, Math.round((width || 1000) / 2)), metrics: asked });
  const metrics = useMetrics();
  const issues = useStayIssues(app, call.id, [sender?.id, receiver?.id].filter((s): s is string => s !== undefined));
  const sendersHappenings = useHappenings(app, call.id, sender?.id);
  const receiversHappenings = useHappenings(app, call.id, receiver?.id);
  const senders = sendersHappenings.data ?? nothing;
  const receivers = receiversHappenings.data ?? nothing;

  const series = (samples.data?.series as Sampled[] | undefined) ?? noSeries;
  const step = samples.data?.stepMs ?? 0;
  const use = (half: Side, stay: Session | undefined, of: ReturnType<typeof streamsOf>) => {
    const measured = stay && of.media.length > 0 && samples.data ? measuredOf(series, half, kind, stay.id, of, step) : undefined;
    const rows = measured && layOut(measured);
    return { measured, rows, figures: measured && rows ? figuresOf(measured, rows) : undefined };
  };
  const upper = useMemo(() => use("send", sender, up), [samples.data, kind, sender?.id, up]);
  const lower = useMemo(() => use("receive", receiver, down), [samples.data, kind, receiver?.id, down]);
  const judge = (h: typeof upper, own: Happening[]) => (h.measured && h.rows && h.figures ? findingsOf(h.measured, h.figures, range, restOf(h.measured, h.rows, own, senders, bounds[1])) : []);
  const upperFindings = useMemo(() => judge(upper, senders), [upper, senders, range[0], range[1]]);
  const lowerFindings = useMemo(() => judge(lower, receivers), [lower, senders, receivers, range[0], range[1]]);
  const rank = { low: 0, medium: 1, high: 2 };
  const findings = [...upperFindings, ...lowerFindings].sort((a, b) => rank[b.step.level] - rank[a.step.level] || a.start - b.start);

  const show = (f: Finding) => {
    const around = Math.max((f.end - f.start) / 2, 5_000);
    onRange([Math.max(Math.round(f.start - around), bounds[0]), Math.min(Math.round(f.end + around), bounds[1])]);
  };
  const colorOf = (s: Session | undefined) => { const u = userOf(call, s?.id); return u ? userColor(userIndex(call, u), scheme) : unknownColor[scheme]; };
  const event = [...senders, ...receivers].find((h) => h.id === view.event);

  const common = {
    hidden: ends.hidden, onHide: (hidden: ReadonlySet<string>) => setEnds({ hidden }), onEvent: (id: string) => setView({ event: view.event === id ? null : id }),
    metrics: metrics.data ?? [], range, bounds, onRange, senders,
  };
  const eventsOf = (s: Session) => callLink(app, call.id, { view: "events", session: s.id, range: view.range, event: view.event });
  const upperMissing = missingSender({ sender, source, kind, sent, up: up.media, upper: upper.measured, pending: samples.isPending && streams.length > 0, name: senderName, receiverName, live, imported: receiver?.endReason === "import" });
  const lowerMissing = missingReceiver({ receiver, source, kind, down: down.media, lower: lower.measured, pending: samples.isPending && streams.length > 0, name: receiverName, senderName, live });
  const upperTypes = useMemo(() => typesOf("send", kind, alone), [kind, alone]);
  const lowerTypes = useMemo(() => typesOf("receive", kind, false), [kind]);
  const names = new Map<string, string>([["send", `${senderName} sends`], ["receive", `${receiverName} receives`]]);

  const jump = (id: string) => document.getElementById(id)?.scrollIntoView({ block: "start" });

  // The line that all charts share goes through the strips, too.
  const follow = (e: React.MouseEvent<HTMLElement>) => {
    const track = e.currentTarget.querySelector(".ends-track");
    const over = (e.target as HTMLElement).closest(".u-over, .ends-track");
    e.currentTarget.style.setProperty("--ends-x", track && over ? `${e.clientX - track.getBoundingClientRect().left}px` : "-9px");
  };

  return (
    <Stack gap="md" onMouseMove={follow} onMouseLeave={(e) => e.currentTarget.style.setProperty("--ends-x", "-9px")}>
      <div className="ends-bar" ref={ref}>
        <Group gap="sm" wrap="wrap" justify="space-between">
          {offered.length > 0 && (
            <Tabs value={kind} onChange={(t) => setView({ tab: t as View["tab"] })} variant="pills" aria-label="Media">
              <Tabs.List>{offered.map((t) => <Tabs.Tab key={t} value={t} py={5} px="sm" fz="xs" tt="capitalize">{t}</Tabs.Tab>)}</Tabs.List>
            </Tabs>
          )}
          {sender && receiver && offered.length > 0 && (
            <Group gap={4} visibleFrom="sm" mr="auto">
              <Button size="compact-xs" variant="subtle" leftSection={<IconArrowUp size={13} />} onClick={() => jump("sender")}>Sender</Button>
              <Button size="compact-xs" variant="subtle" leftSection={<IconArrowDown size={13} />} onClick={() => jump("receiver")}>Receiver</Button>
            </Group>
          )}
          <RangeBar range={view.range} bounds={bounds} onRange={onRange} live={live} />
        </Group>
      </div>
      {event && (
        <Paper p="xs" px="md" component="section" aria-label="Chosen event">
          <Group justify="space-between" gap="sm">
            <Text size="sm"><span className="num">{dateTime(event.time)}</span> · <Text span fw={550} size="sm">{event.label}</Text>{event.text && event.text !== event.label && <> · {event.text}</>}{event.cause && <> · because of {event.cause}</>}</Text>
            <Group gap="sm">
              <Anchor component={Link} size="xs" to={callLink(app, call.id, { view: "events", session: event.session, range: view.range, event: view.event })}>In the list of events</Anchor>
              <Button size="compact-xs" variant="subtle" onClick={() => setView({ event: null })}>Close</Button>
            </Group>
          </Group>
        </Paper>
      )}
      {(samples.error ?? metrics.error) && <Alert color="red" title="The figures could not be read">{(samples.error ?? metrics.error)?.message}</Alert>}
      {offered.length === 0
        ? <Paper p="xl"><Text ta="center" size="sm" c="dimmed">{live ? "No audio, video or screen between these two yet: this page follows." : "No audio, video or screen between these two, or neither client told statistics of it."}</Text></Paper>
        : (
          <>
            {samples.data && metrics.data && <Standouts findings={findings} nameOf={(f) => names.get(f.half) ?? ""} onShow={show} measured={Boolean(upper.figures?.size || lower.figures?.size)} />}
            {(sender || receiver) && (
              <Half key={`send/${kind}`} {...common} id="sender" title="Sender" name={senderName} color={colorOf(sender)} stay={sender} userHref={sender && userLink(app, call.id, sender.id, { range: view.range, tab: kind, side: "send" })} eventsHref={sender && eventsOf(sender)}
                missing={upperMissing} note={noteOf(source, sender, kind, up.media, receiverName)} measured={upper.measured} rows={upper.rows} streams={sent} connections={sentOver} figures={upper.figures}
                issues={sender ? issuesOf(issues, sender.id, up, sent) : []} own={senders} about={userOf(call, receiver?.id)?.user ?? ""} types={upperTypes} />
            )}
            {receiver && (
              <Half key={`receive/${kind}`} {...common} id="receiver" title="Receiver" name={receiverName} color={colorOf(receiver)} stay={receiver} userHref={userLink(app, call.id, receiver.id, { range: view.range, tab: kind })} eventsHref={eventsOf(receiver)}
                missing={lowerMissing} measured={lower.measured} rows={lower.rows} streams={received} connections={receivedOver} figures={lower.figures}
                issues={issuesOf(issues, receiver.id, down, received)} own={receivers} about={userOf(call, sender?.id)?.user ?? source?.user ?? ""} types={lowerTypes} />
            )}
            {alone && (
              <Paper p="md"><Group gap="sm"><IconArrowUp size={16} aria-hidden /><Text size="sm">This is what {senderName} sent. Choose a receiver above to see what of it arrived.</Text></Group></Paper>
            )}
          </>
        )}
      <Text size="xs" c="dimmed">Wheel or drag zooms every chart, double click shows the whole call, dots are events. A gap in a line means that nothing was measured.</Text>
    </Stack>
  );
}

function Missing({ title, children }: { title: string; children: React.ReactNode }) {
  return <div className="ends-segment"><Alert color="gray" variant="light" title={title}><Text size="sm">{children}</Text></Alert></div>;
}

const waiting = <div className="ends-segment"><Skeleton h={150} mb="sm" /><Skeleton h={112} /></div>;

/** Why the sender's half has no charts. */
function missingSender({ sender, source, kind, sent, up, upper, pending, name, receiverName, live, imported }: { sender?: Session; source?: Source; kind: Kind; sent: StreamRow[]; up: StreamRow[]; upper: unknown; pending: boolean; name: string; receiverName: string; live: boolean; imported: boolean }) {
  if (pending) return waiting;
  if (!sender) {
    return source?.user
      ? <Missing title={`${name}'s own figures are missing`}>{imported ? "Only dumps of others were imported: that of this user is not among them." : "Their client sent none to this app: it has no Peerglass, or is in another app."} The receiver's half stands alone; what went wrong before the network cannot be seen.</Missing>
      : <Missing title="The sender is not known">Nothing that either end told says whose stream this is: no SSRC, track or mid of another stay is the same, no mapping was told, and it was not the only other user. An application can tell it with <code>mapStream</code>. The receiver's half stands alone.{source && source.tried.length > 0 && <> Looked at: {source.tried.map(trialWords).join("; ")}.</>}</Missing>;
  }
  if (up.length === 0) {
    return sent.length === 0
      ? <Missing title={`${name}'s own figures are missing`}>{live ? "The client has joined and told no statistics yet." : "The client told no statistics of what it sent."} {receiverName && "The receiver's half stands alone."}</Missing>
      : <Missing title={`${name} sent no ${kind}`}>No sent {kind} is known of this stay{receiverName ? ": the receiver's half stands alone" : ""}.</Missing>;
  }
  return upper ? undefined : <Missing title="No figures in this range">Nothing was measured of what {name} sent in this part of the call: choose another range above.</Missing>;
}

/** Why the receiver's half has no charts. */
function missingReceiver({ receiver, source, kind, down, lower, pending, name, senderName, live }: { receiver?: Session; source?: Source; kind: Kind; down: StreamRow[]; lower: unknown; pending: boolean; name: string; senderName: string; live: boolean }) {
  if (!receiver) return undefined;
  if (down.length === 0) {
    return <Missing title={`${name} received no ${kind} of ${senderName}`}>{source ? "It was not subscribed, or it never arrived." : "No stream that was received could be matched to this sender."}{live && " This page follows the call."}</Missing>;
  }
  if (pending) return waiting;
  return lower ? undefined : <Missing title="No figures in this range">Nothing was measured of what {name} received in this part of the call: choose another range above.</Missing>;
}

/** What must be known of the streams that the sender's half sums up. */
function noteOf(source: Source | undefined, sender: Session | undefined, kind: Kind, media: StreamRow[], receiverName: string): string | undefined {
  if (!sender || media.length === 0) return undefined;
  if (receiverName && (source?.sent[kind].length ?? 0) === 0) return `Which of the streams reached ${receiverName} is not known: this is all ${kind} that was sent.`;
  if (media.length < 2) return undefined;
  const layers = new Set(media.map((s) => s.rid).filter(Boolean)).size;
  const over = new Set(media.map((s) => s.connection)).size;
  if (layers > 1) return `${layers} layers: the bit rate is their sum, size and frame rate are of the best; the read-out tells each.`;
  if (over > 1) return `Sent over ${over} connections: the bit rate is the sum, size and frame rate are of the best; the read-out tells each.`;
  return `${media.length} streams one after the other or side by side, joined: the bit rate is their sum.`;
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <div style={{ minWidth: 0 }}><Text size="xs" c="dimmed">{name}</Text><Text size="sm" component="div" className="num" style={{ overflowWrap: "anywhere", whiteSpace: "normal" }}>{children}</Text></div>;
}

function useBounds(call: CallDetail, now: number): [number, number] {
  const start = Date.parse(call.start);
  const end = Math.max(call.end ? Date.parse(call.end) : now, start + 5_000);
  return useMemo(() => [start, end], [start, end]);
}

/** The keys of the charts and the other direction, wherever the focus is but in a field or on a chart that takes them itself. */
function useKeys({ range, bounds, onRange, swap }: { range: [number, number]; bounds: [number, number]; onRange: (r: [number, number] | undefined) => void; swap?: () => void }) {
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || at.closest("input, textarea, select, [contenteditable], [role=listbox], [role=dialog], [role=menu]")) return;
      const mid = (range[0] + range[1]) / 2;
      const shift = (range[1] - range[0]) / 4;
      const moved = (by: number): [number, number] => zoomed([range[0] + by, range[1] + by], bounds, mid + by, 1);
      switch (e.key) {
        case "s": swap?.(); break;
        case "+": case "=": onRange(zoomed(range, bounds, mid, 1 / 1.5)); break;
        case "-": onRange(zoomed(range, bounds, mid, 1.5)); break;
        case "0": onRange(undefined); break;
        // Arrows also walk tabs and scroll boxes: there they are not ours.
        case "ArrowLeft": case "ArrowRight": if (at.closest("[role=tablist], [tabindex]")) return; onRange(moved(e.key === "ArrowLeft" ? -shift : shift)); break;
        default: return;
      }
      e.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
}
