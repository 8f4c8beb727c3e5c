import { Alert, Anchor, Avatar, Badge, Button, Group, Menu, Paper, SegmentedControl, Select, SimpleGrid, Skeleton, Stack, Tabs, Text, Title, useComputedColorScheme } from "@mantine/core";
import { IconArrowLeft, IconDownload, IconInfoCircle } from "@tabler/icons-react";
import { useEffect, useMemo, useRef } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useParameters } from "../params";
import { ApiError, type CallDetail, dumpAddress, type Issue, type SessionDetail, type User as Person } from "../api/client";
import { useMatches, useStayIssues } from "../api/ends";
import { useCall, useLive, useMetrics, useOutcomes, useSession } from "../api/queries";
import { momentOfIssue } from "../call/evidence";
import { callLink, listLink, readView, shownRange, userIndex, userKey, userLink, userName, userOf, type View, writeView } from "../call/range";
import { noScore, Score, scoreAlone } from "../call/Score";
import { RangeBar } from "../chart/RangeBar";
import { useRange } from "../chart/useRange";
import { clock, initials } from "../format";
import { useApp } from "../Shell";
import { userColor } from "../theme";
import { Trace } from "../trace/Trace";
import { Connections } from "./Connections";
import type { Media } from "./figures";
import { UserIssues } from "./Issues";
import { Info, UserProfile } from "./Profile";
import { sendersOf } from "./senders";
import { SetUp } from "./SetUp";
import { AllFigures, Subscriptions } from "./Subscriptions";
import "./user.css";
import { Share } from "../call/Share";
import { useNow } from "../call/now";

const mediaTabs: { id: Media; receive: string; send: string }[] = [
  { id: "video", receive: "Video subscription", send: "Video sent" },
  { id: "audio", receive: "Audio subscription", send: "Audio sent" },
  { id: "screen", receive: "Presentation subscription", send: "Presentation sent" },
];

type Tab = Media | "all" | "trace";

/** One stay of one user: who, how the join went, what was sent and received. */
export default function User() {
  const { call: id = "", session: stay = "" } = useParams();
  const { app } = useApp();
  const call = useCall(app?.id, id);
  const session = useSession(app?.id ?? 0, id, app ? stay : undefined);
  const missing = (e: Error | null) => e instanceof ApiError && (e.status === 404 || e.status === 422 || e.status === 400);
  if (missing(call.error)) {
    return <Alert color="gray" title="No such call in this app">It may belong to another app, or its data has passed its retention. <Anchor component={Link} to={app ? listLink(app.id) : "/calls"}>To the list of calls</Anchor></Alert>;
  }
  if (missing(session.error)) {
    return (
      <Alert color="gray" title="This user is not in the call">
        The data of this stay were deleted, have passed their retention, or the address names a stay of another call. {app && <Anchor component={Link} to={callLink(app.id, id)}>To the call and who is in it</Anchor>}
      </Alert>
    );
  }
  const fault = call.error ?? session.error;
  // What is shown stays while it cannot be asked again; a call in progress asks on.
  if (fault && !(call.data && session.data)) return <Alert color="red" title="The user could not be read">{fault.message}</Alert>;
  if (!call.data || !session.data || !app) return <Stack><Skeleton h={70} /><Skeleton h={80} /><Skeleton h={220} /><Skeleton h={320} /></Stack>;
  const user = userOf(call.data, stay);
  if (!user) return <Stack><Skeleton h={70} /><Skeleton h={220} /></Stack>; // the call is read again in a moment
  return <Body key={stay} app={app.id} appName={app.name} call={call.data} session={session.data} user={user} />;
}

function Body({ app, appName, call, session, user }: { app: number; appName: string; call: CallDetail; session: SessionDetail; user: Person }) {
  const live = call.status === "active";
  const state = useLive(app, call.id, live);
  const [params, setParams] = useParameters();
  const view = readView(params);
  const setView = (v: Partial<View>) => setParams((p) => writeView(p, v), { replace: true });
  const now = useNow(live);
  const start = Date.parse(call.start);
  const bounds: [number, number] = [start, Math.max(call.end ? Date.parse(call.end) : now, start + 5_000)];
  const [moving, move] = useRange(view.range, (range) => setView({ range }), bounds);
  const range = shownRange({ range: moving }, bounds);
  const asked = view.range ? shownRange(view, bounds) : bounds[1] - bounds[0] > range[1] - range[0] ? range : undefined;

  const mine = useStayIssues(app, call.id, [session.id]);
  const outcomes = useOutcomes(app, call.id);
  const outcome = outcomes.data?.find((o) => o.session === session.id);
  const metrics = useMetrics();
  const matches = useMatches(app, call.id, session.id);
  const senders = useMemo(() => sendersOf(call, session.id, session.streams, matches.data ?? []), [call, session.id, session.streams, matches.data]);
  const scheme = useComputedColorScheme("light");
  const figures = useRef<HTMLDivElement>(null);
  const name = userName(user);

  // The first kind that there is something of, unless the address names one.
  const has = (m: Media) => session.streams.some((s) => s.kind === m && s.direction === view.side);
  const told = params.get("tab");
  const tab: Tab = view.view === "trace" ? "trace" : told === "all" ? "all" : view.tab !== "all" ? view.tab : (mediaTabs.find((t) => has(t.id))?.id ?? "video");
  const setTab = (t: Tab) => setParams((p) => {
    const out = writeView(p, { view: t === "trace" ? "trace" : "quality" });
    if (t !== "trace") out.set("tab", t);
    return out;
  }, { replace: true });
  const stream = Number(params.get("stream")) || undefined;
  const setStream = (s: number) => setParams((p) => { const out = new URLSearchParams(p); out.set("stream", String(s)); return out; }, { replace: true });
  const openEvent = (event: string) => setView({ view: "trace", event });
  const show = (i: Issue) => {
    const moment = momentOfIssue(call, i, metrics.data ?? [], bounds);
    const of = session.streams.find((s) => s.id === i.stream);
    setParams((p) => {
      const out = writeView(p, { view: "quality", range: moment.range, side: of?.direction === "send" ? "send" : of ? "receive" : view.side });
      out.set("tab", of && mediaTabs.some((t) => t.id === of.kind) ? of.kind : moment.tab);
      if (of) out.set("stream", String(of.id));
      return out;
    }, { replace: true });
    figures.current?.scrollIntoView({ behavior: "smooth" });
  };

  // A link to a moment, or into the trace, leads to it: once what stands above has its height.
  const leads = useRef(view.view === "trace" || view.event !== null || view.range !== undefined);
  const settled = !outcomes.isPending;
  useEffect(() => {
    if (!settled || !leads.current) return;
    leads.current = false;
    figures.current?.scrollIntoView();
  }, [settled]);

  useEffect(() => { document.title = `${name} · ${call.roomName || call.room || "Call"} · Peerglass`; }, [name, call.roomName, call.room]);
  const shared = { app, call, session, side: view.side, senders, issues: mine, range, asked, bounds, onRange: move, onMark: openEvent, live };
  const stayLive = live && session.end === null;

  return (
    <Stack gap="md" className="user-page">
      <div>
        <Anchor component={Link} to={callLink(app, call.id, { range: view.range, session: session.id })} size="xs" c="dimmed" style={{ display: "inline-flex", alignItems: "center", gap: 4 }}><IconArrowLeft size={13} aria-hidden />{call.roomName || call.room || "Call"}</Anchor>
        <Group justify="space-between" align="center" mt={4} wrap="wrap">
          <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
            <Avatar size={38} radius="xl" variant="outline" color={userColor(userIndex(call, user), scheme)} styles={{ placeholder: { color: "var(--mantine-color-text)" } }} aria-hidden>{initials(name)}</Avatar>
            <div style={{ minWidth: 0 }}>
              <Title order={2} size="h3" style={{ overflowWrap: "anywhere" }}>{name}</Title>
              {user.userName && user.user && user.userName !== user.user && <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{user.user}</Text>}
            </div>
            {stayLive ? <Badge variant="light" color="teal" tt="none" leftSection={<span className="live-dot" />} style={{ flex: "none" }}>In the room</Badge> : <Badge variant="light" color="gray" tt="none" style={{ flex: "none" }}>Left</Badge>}
            {live && state === "lost" && <Badge color="orange" variant="light" tt="none">Connection lost, asking again…</Badge>}
          </Group>
          <Group gap="xs" wrap="wrap">
            <Chooser app={app} call={call} user={user} session={session.id} view={view} />
            <Share of="user, tab, range and open event" />
            <Dump app={app} call={call.id} session={session} />
          </Group>
        </Group>
      </div>
      <States call={call} session={session} user={user} joined={outcome?.joined ?? false} live={stayLive} toTrace={() => setTab("trace")} />
      <Info app={app} appName={appName} call={call} session={session} now={now} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <UserProfile user={user} session={session} outcomes={outcomes.data ?? []} bounds={bounds} now={now} />
        <Stack gap="md">
          <Why score={outcome?.score ?? null} reasons={outcome?.reasons ?? []} live={stayLive} />
          <div style={{ flex: 1 }}><SetUp outcome={outcome} live={stayLive} /></div>
        </Stack>
      </SimpleGrid>
      <UserIssues issues={mine} metrics={metrics.data ?? []} live={stayLive} onShow={show} />
      <section aria-label="Peer connections"><Connections connections={session.connections} live={stayLive} /></section>
      <div ref={figures} className="user-figures">
        <Tabs value={tab} onChange={(t) => setTab((t ?? "video") as Tab)}>
          <Tabs.List className="tabs" aria-label="Figures of this user">
            {mediaTabs.map((t) => {
              const n = session.streams.filter((s) => s.kind === t.id && s.direction === view.side).length;
              return <Tabs.Tab key={t.id} value={t.id}>{t[view.side]}{n > 1 && <Text span size="xs" c="dimmed"> {n}</Text>}</Tabs.Tab>;
            })}
            <Tabs.Tab value="all">All figures</Tabs.Tab>
            <Tabs.Tab value="trace">API trace</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value={tab} pt="md">
            {tab === "trace"
              ? <Trace app={app} call={call} view={view} setView={setView} bounds={bounds} live={stayLive} session={session.id} />
              : (
                <Stack gap="md">
                  <Group justify="space-between" gap="sm" wrap="wrap">
                    <SegmentedControl size="xs" aria-label="Side" value={view.side} onChange={(side) => { setParams((p) => { const out = writeView(p, { side: side as View["side"] }); out.delete("stream"); return out; }, { replace: true }); }} data={[{ value: "receive", label: "Receives" }, { value: "send", label: "Sends" }]} />
                    <RangeBar range={moving} bounds={bounds} onRange={move} live={live} />
                  </Group>
                  {tab === "all" ? <AllFigures {...shared} /> : <Subscriptions key={`${tab}/${view.side}`} {...shared} media={tab} stream={stream} onStream={setStream} />}
                </Stack>
              )}
          </Tabs.Panel>
        </Tabs>
      </div>
    </Stack>
  );
}

/** Another user of the call, or another stay of this one. */
function Chooser({ app, call, user, session, view }: { app: number; call: CallDetail; user: Person; session: string; view: View }) {
  const navigate = useNavigate();
  const go = (stay: string | null | undefined) => { if (stay && stay !== session) void navigate(userLink(app, call.id, stay, { range: view.range, side: view.side, tab: view.tab })); };
  return (
    <>
      {call.people.length > 1 && (
        <Select size="xs" w={{ base: 140, sm: 180 }} aria-label="User" searchable={call.people.length > 6} allowDeselect={false} nothingFoundMessage="Nobody of that name" value={userKey(user)} onChange={(key) => go(call.people.find((u) => userKey(u) === key)?.stays.at(-1)?.id)}
          data={call.people.map((u) => ({ value: userKey(u), label: userName(u) }))} />
      )}
      {user.stays.length > 1 && (
        <Select size="xs" w={230} aria-label="Stay" allowDeselect={false} value={session} onChange={go} data={user.stays.map((s, i) => ({ value: s.id, label: `Stay ${i + 1}: ${clock(s.start)} – ${s.end ? clock(s.end) : "now"}` }))} />
      )}
    </>
  );
}

/** The score of the stay and what lowered it. */
function Why({ score, reasons, live }: { score: number | null; reasons: { id: string; points: number; text: string }[]; live: boolean }) {
  return (
    <Paper p="md" component="section" aria-label="Score">
      <Group gap="md" wrap="nowrap" align="flex-start">
        <Score value={score} reasons={reasons} size="xl" />
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} mb={4}>Score of this stay</Text>
          {score === null
            ? <Text size="sm" c="dimmed">{live ? "It comes when enough was received to judge." : `${noScore}.`}</Text>
            : reasons.length === 0
              ? <Text size="sm" c="dimmed">{scoreAlone(score)}.</Text>
              : <ul className="reasons">{reasons.map((r) => <li key={r.id}><b className="num">−{r.points.toFixed(1)}</b> {r.text}</li>)}</ul>}
        </div>
      </Group>
    </Paper>
  );
}

/** What is particular about this stay, and what to do about it. */
function States({ call, session, user, joined, live, toTrace }: { call: CallDetail; session: SessionDetail; user: Person; joined: boolean; live: boolean; toTrace: () => void }) {
  const notes: { title: string; text: string; trace?: boolean }[] = [];
  const measured = session.streams.some((s) => s.kind !== "transport" && s.kind !== "client");
  if (live && !joined && !measured) notes.push({ title: "Still joining", text: session.connections.length === 0 ? "No peer connection was opened yet." : "No audio or video flows yet: figures come within two seconds of the first packet.", trace: true });
  else if (!measured) notes.push({ title: "No statistics", text: "The client told no statistics of audio or video in this stay, so that there is nothing to draw. The API trace shows how far it came.", trace: true });
  if (!user.user && !user.userName) notes.push({ title: "Anonymous", text: "The page told neither an id nor a name of this user: each anonymous stay is a user of its own. Pass a user to the SDK to find them again." });
  if (session.endReason === "import" && call.people.length === 1) notes.push({ title: "A lone recording", text: "It was imported from one dump: the other ends of this call are not known. Import their dumps of the same room to see both." });
  return notes.map((n) => (
    <div className="user-note" key={n.title} role="note">
      <IconInfoCircle size={16} aria-hidden /><span><b>{n.title}.</b> {n.text} {n.trace && <Anchor component="button" type="button" size="sm" onClick={toTrace}>To the API trace</Anchor>}</span>
    </div>
  ));
}

function Dump({ app, call, session }: { app: number; call: string; session: SessionDetail }) {
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} />}>Dump</Button></Menu.Target>
      <Menu.Dropdown>
        {!session.hasDump && <Menu.Label>There when the stay is over</Menu.Label>}
        <Menu.Item component="a" href={dumpAddress(app, call, session.id)} disabled={!session.hasDump} download>RTCStatsDump, for the public dump importer</Menu.Item>
        <Menu.Item component="a" href={`${dumpAddress(app, call, session.id)}?format=raw`} disabled={!session.hasDump} download>Raw, for peerglass import</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
