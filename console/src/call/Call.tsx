import { Alert, Anchor, Badge, Box, Button, Group, Menu, Skeleton, Stack, Tabs, Text, Title, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconCheck, IconDownload, IconShare } from "@tabler/icons-react";
import { type ComponentType, lazy, Suspense, useEffect, useState } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { ApiError, type CallDetail, dumpAddress, type Issue, type Session, type User } from "../api/client";
import { useCall, useIssues, useLive, useMetrics, useOutcomes } from "../api/queries";
import { Status } from "../calls/Calls";
import { clock, count, duration, span, zone } from "../format";
import { useApp } from "../Shell";
import { Issues, VerdictCard } from "./Findings";
import { type Part, type PartProps, readView, userName, type View, writeView } from "./range";
import { Users } from "./Users";

/** The parts of the page: each is loaded when it is looked at. */
const tabs: { part: Part; name: string; Body: ComponentType<PartProps> }[] = [
  { part: "quality", name: "Quality", Body: lazy(() => import("./quality/Quality")) },
  { part: "matrix", name: "Who hears whom", Body: lazy(() => import("../matrix/Matrix")) },
  { part: "events", name: "Events and time line", Body: lazy(() => import("../events/Events")) },
  { part: "trace", name: "API trace", Body: lazy(() => import("../trace/TracePage")) },
];

/** One call: its facts, who took part, what each of them received and sent. */
export default function Call() {
  const { call: id = "" } = useParams();
  const { app } = useApp();
  const call = useCall(app?.id, id);
  if (call.error instanceof ApiError && call.error.status === 404) {
    return <Alert color="gray" title="No such call in this app">It may belong to another app, or its data has passed its retention. <Anchor component={Link} to={`/calls${app ? `?app=${app.id}` : ""}`}>To the list of calls</Anchor></Alert>;
  }
  if (call.error) return <Alert color="red" title="The call could not be read">{call.error.message}</Alert>;
  if (!call.data || !app) return <Stack><Skeleton h={90} /><Skeleton h={180} /><Skeleton h={380} /></Stack>;
  return <Body app={app.id} appName={app.name} call={call.data} />;
}

interface NamedStay extends Session { who: User }

const staysOf = (call: CallDetail): NamedStay[] => call.people.flatMap((user) => user.stays.map((s) => ({ ...s, who: user })));

function Body({ app, appName, call }: { app: number; appName: string; call: CallDetail }) {
  const live = call.status === "active";
  const state = useLive(app, call.id, live);
  const [params, setParams] = useSearchParams();
  const view = readView(params);
  const setView = (v: Partial<View>) => setParams((p) => writeView(p, v), { replace: true });
  const now = useNow(live);
  const start = Date.parse(call.start);
  const bounds: [number, number] = [start, Math.max(call.end ? Date.parse(call.end) : now, start + 5_000)];

  const sessions = staysOf(call);
  const selected = sessions.find((s) => s.id === view.session) ?? sessions[0];
  const issues = useIssues(app, call.id);
  const outcomes = useOutcomes(app, call.id);
  const metrics = useMetrics();
  const nameOf = (user: string) => userName(call.people.find((p) => p.user === user) ?? { user, userName: "" });
  const whose = (id: string) => userName(sessions.find((s) => s.id === id)?.who ?? { user: "", userName: "" });
  const show = (i: Issue) => {
    const from = Date.parse(i.start);
    const to = i.end ? Date.parse(i.end) : bounds[1];
    const around = Math.max((to - from) / 2, 10_000);
    setView({ session: i.session, event: null, range: [Math.max(from - around, bounds[0]), Math.min(to + around, bounds[1])] });
    document.getElementById("charts")?.scrollIntoView({ behavior: "smooth" });
  };

  useEffect(() => { document.title = `${call.roomName || call.room || "Call"} · Peerglass`; }, [call.roomName, call.room]);

  return (
    <Stack gap="lg">
      <div>
        <Anchor component={Link} to={`/calls?app=${app}`} size="xs" c="dimmed" style={{ display: "inline-flex", alignItems: "center", gap: 4 }}><IconArrowLeft size={13} />Calls</Anchor>
        <Group justify="space-between" align="flex-start" mt={4} wrap="wrap">
          <Group gap="md" style={{ minWidth: 0 }}>
            <Title order={2} size="h3" style={{ overflowWrap: "anywhere" }}>{call.roomName || call.room || "Call without a room"}</Title>
            <Status call={call} />
            {live && state === "lost" && <Badge color="orange" variant="light" tt="none">Connection lost, asking again…</Badge>}
          </Group>
          <Group gap="xs"><Share /><Dumps app={app} call={call} /></Group>
        </Group>
        <Group gap="xl" mt="sm" wrap="wrap">
          <Fact name="App">{appName} <Text span c="dimmed" size="sm">{app}</Text></Fact>
          <Fact name="Room id">{call.room || "–"}</Fact>
          <Fact name="Call id"><span className="mono">{call.id}</span></Fact>
          <Fact name={`Start – end (${zone(new Date(call.start))})`}>{span(call.start, call.end)}</Fact>
          <Fact name="Duration">{duration(live ? now - start : call.durationMs)}</Fact>
          <Fact name="Users">{count(call.users)}{call.sessions !== call.users && <Text span c="dimmed" size="sm"> in {count(call.sessions)} stays</Text>}</Fact>
        </Group>
      </div>
      <Section title="Verdict">
        <VerdictCard verdict={call.verdict} start={call.start} live={live} nameOf={nameOf} />
        {issues.error ? <Alert color="red">{issues.error.message}</Alert> : issues.data && <Issues issues={issues.data} metrics={metrics.data ?? []} whose={whose} onShow={show} />}
      </Section>
      <Tabs value={view.view} onChange={(v) => setView({ view: (v ?? "quality") as Part })} aria-label="Parts of the call">
        <Tabs.List className="tabs">
          {tabs.map(({ part, name }) => <Tabs.Tab key={part} value={part}>{name}</Tabs.Tab>)}
        </Tabs.List>
        {tabs.map(({ part, Body: Part }) => (
          <Tabs.Panel key={part} value={part} pt="md">
            {view.view === part && (
              <Stack gap="lg">
                {part === "quality" && <Section title="Users"><Users people={call.people} outcomes={outcomes.data ?? []} bounds={bounds} selected={selected?.id} onSelect={(s) => setView({ session: s, event: null })} /></Section>}
                <Suspense fallback={<Skeleton h={360} />}><Part app={app} call={call} view={view} setView={setView} bounds={bounds} live={live} /></Suspense>
              </Stack>
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <div style={{ minWidth: 0 }}><Text size="xs" c="dimmed">{name}</Text><Text size="sm" component="div" className="num" style={{ overflowWrap: "anywhere", whiteSpace: "normal" }}>{children}</Text></div>;
}

function Section({ id, title, right, children }: { id?: string; title: string; right?: React.ReactNode; children: React.ReactNode }) {
  return (
    <Box component="section" aria-label={title} id={id}>
      <Group justify="space-between" mb="xs"><Title order={3} size="h5">{title}</Title>{right}</Group>
      <Stack gap="sm">{children}</Stack>
    </Box>
  );
}

/** The present second while the call goes on. */
function useNow(live: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [live]);
  return now;
}

function Share() {
  const [copied, setCopied] = useState(false);
  return (
    <Tooltip label="Copies a link to this view: user, range and open event">
      <Button size="xs" variant="default" leftSection={copied ? <IconCheck size={15} /> : <IconShare size={15} />}
        onClick={() => { void navigator.clipboard.writeText(window.location.href).then(() => { setCopied(true); setTimeout(() => setCopied(false), 1500); }); }}>
        {copied ? "Copied" : "Share"}
      </Button>
    </Tooltip>
  );
}

function Dumps({ app, call }: { app: number; call: CallDetail }) {
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} />}>Dumps</Button></Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
        <Menu.Label>RTCStatsDump, for the public dump importer</Menu.Label>
        {staysOf(call).map((s) => (
          <Menu.Item key={s.id} component="a" href={dumpAddress(app, call.id, s.id)} disabled={!s.hasDump} download>
            {userName(s.who)} <Text span size="xs" c="dimmed">{clock(s.start)}{!s.hasDump && ", when the stay is over"}</Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
