import { Alert, Anchor, Box, Skeleton, Stack, Tabs, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useParams } from "react-router";
import { useParameters } from "../params";
import { useIssuesFrom, useProfile } from "../api/call";
import { ApiError, type CallDetail, type Issue, type Metric, type Outcome, type Verdict } from "../api/client";
import { useCall, useLive, useMetrics, useOutcomes } from "../api/queries";
import { useApp } from "../Shell";
import { type Loaded, loaded } from "../loaded";
import { Quality } from "./ahead";
import "./call.css";
import type { Moment } from "./evidence";
import { Issues, VerdictCard, VerdictLine } from "./Findings";
import { Header } from "./Header";
import { Profile } from "./Profile";
import { boundsOf } from "./quality/first";
import { including, listLink, type Part, type PartProps, parts, readView, userOf, type View, writeView } from "./range";
import { States } from "./States";
import { statesOf } from "./peculiar";
import { Users } from "./Users";
import { useNow } from "./now";

// Nothing pulses while the page is made: where there is no GPU each frame of it is drawn by the processor that makes the page.
const coming = <Skeleton h={360} animate={false} />;

/** The parts of the page: each is loaded when it is looked at. */
const bodies: Record<Part, { name: string; rest?: string; Body: Loaded<PartProps> }> = {
  quality: { name: "Quality", Body: Quality },
  matrix: { name: "Who hears whom", Body: loaded(() => import("../matrix/Matrix"), coming) },
  events: { name: "Events", rest: " and time line", Body: loaded(() => import("../events/Events"), coming) },
  trace: { name: "API trace", Body: loaded(() => import("../trace/TracePage"), coming) },
};

/** One call: its facts, what was wrong with it, who took part, what each of them received and sent. */
export default function Call() {
  const { call: id = "" } = useParams();
  const { apps, app } = useApp();
  const call = useCall(app?.id, id);
  if (apps.error && !app) return <Alert color="red" title="The apps could not be read">{apps.error.message}</Alert>;
  if (apps.data && !app) return <Alert color="gray" title="No app yet">A call belongs to an app. Create one under <Anchor component={Link} to="/apps">Apps</Anchor>.</Alert>;
  if (app && call.error instanceof ApiError && call.error.status === 404 && !call.data) return <Missing app={app.id} name={app.name} several={(apps.data?.length ?? 0) > 1} />;
  if (call.error && !call.data) return <Alert color="red" title="The call could not be read">{call.error.message}</Alert>;
  if (!call.data || call.data.id !== id || !app) return <Stack aria-busy="true" aria-label="Loading the call"><Skeleton h={120} animate={false} /><Skeleton h={132} animate={false} /><Skeleton h={110} animate={false} /><Skeleton h={300} animate={false} /></Stack>;
  return <Body app={app.id} appName={app.name} call={call.data} key={call.data.id} />;
}

function Missing({ app, name, several }: { app: number; name: string; several: boolean }) {
  return (
    <Alert color="gray" icon={<IconAlertTriangle size={18} />} title={`There is no such call in ${name}`}>
      Its data have passed their retention or were deleted, {several ? "it belongs to another app (choose it above), " : ""}or the link is cut off. If somebody has a dump of it, it can be imported. <Anchor component={Link} to={listLink(app)}>To the list of calls</Anchor>
    </Alert>
  );
}

const noIssues: Issue[] = [];
const noOutcomes: Outcome[] = [];
const noMetrics: Metric[] = [];

function Body({ app, appName, call }: { app: number; appName: string; call: CallDetail }) {
  const live = call.status === "active";
  const line = useLive(app, call.id, live);
  const now = useNow(live);
  const ended = call.end !== null;
  const bounds = useMemo(() => boundsOf(call, now), [call.start, call.end, ended ? 0 : now]);

  const [params, setParams] = useParameters();
  const view = useMemo(() => readView(params), [params]);
  const setView = useCallback((v: Partial<View>) => setParams((p) => writeView(p, v), { replace: true, preventScrollReset: true }), [setParams]);

  const counts = (call.verdict as Verdict | null)?.issues;
  const issues = useIssuesFrom(app, call.id, counts && counts.medium + counts.high > 0 ? "medium" : "low");
  const outcomes = useOutcomes(app, call.id);
  const profile = useProfile(app, call.id);
  const metrics = useMetrics();
  const states = useMemo(() => statesOf(call, profile.data, view, live), [call, profile.data, view, live]);

  const charts = useRef<HTMLDivElement>(null);
  const looked = useRef({ call, view });
  looked.current = { call, view };
  const onShow = useCallback((m: Moment) => {
    const users = including(looked.current.call, looked.current.view, m.session);
    setView({ view: "quality", side: "receive", tab: m.tab, session: m.session, range: m.range, event: null, ...(users ? { users } : {}) });
    charts.current?.scrollIntoView({ behavior: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }, [setView]);
  const around = { app, call, metrics: metrics.data ?? noMetrics, bounds, onShow };
  const forget = () => setView({ session: userOf(call, view.session) && view.session, users: view.users?.filter((s) => userOf(call, s)) });

  // Beside the other parts the findings take one line, until they are asked for.
  const [opened, setOpened] = useState(false);
  useEffect(() => setOpened(false), [view.view]);
  const whole = view.view === "quality" || opened;

  useEffect(() => { document.title = `${call.roomName || call.room || "Call"} · Peerglass`; }, [call.roomName, call.room]);

  return (
    <Stack gap="md">
      <Header app={app} appName={appName} call={call} now={now} line={line} session={userOf(call, view.session) && view.session} />
      <States states={states} app={app} onTrace={() => setView({ view: "trace" })} onForget={forget} />
      {whole
        ? (
          <>
            <Section title="Verdict">
              <VerdictCard {...around} issues={issues.data ?? (issues.isError ? noIssues : undefined)} live={live} measured={(profile.data?.media ?? []).some((m) => m.measured > 0)} />
            </Section>
            <Section title="Room profile"><Profile profile={profile.data} error={profile.error} /></Section>
            <Issues {...around} live={live} />
          </>
        )
        : <VerdictLine call={call} onOpen={() => setOpened(true)} />}
      <Tabs value={view.view} onChange={(v) => setView({ view: (v ?? "quality") as Part })} keepMounted={false}>
        <Tabs.List className="tabs" aria-label="Parts of the call">
          {parts.map((part) => <Tabs.Tab key={part} value={part}>{bodies[part].name}{bodies[part].rest && <span className="tab-rest">{bodies[part].rest}</span>}</Tabs.Tab>)}
        </Tabs.List>
        {parts.map((part) => {
          const { Body: Part } = bodies[part];
          return (
            <Tabs.Panel key={part} value={part} pt="md">
              <Stack gap="md">
                {part === "quality" && (
                  <Section title="Users"><Users app={app} call={call} outcomes={outcomes.data ?? noOutcomes} issues={issues.data ?? noIssues} view={view} setView={setView} bounds={bounds} /></Section>
                )}
                <div ref={part === "quality" ? charts : undefined} id={part === "quality" ? "charts" : undefined} style={{ scrollMarginTop: 60 }}>
                  <Part app={app} call={call} view={view} setView={setView} bounds={bounds} live={live} />
                </div>
              </Stack>
            </Tabs.Panel>
          );
        })}
      </Tabs>
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return <Box component="section" aria-label={title}><Title order={3} size="h5" mb={6}>{title}</Title>{children}</Box>;
}
