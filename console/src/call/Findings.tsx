import { Alert, Anchor, Badge, Button, Group, Paper, SegmentedControl, Skeleton, Stack, Table, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconChevronDown, IconChevronRight, IconCircleCheck, IconZoomIn } from "@tabler/icons-react";
import { memo, useMemo, useState } from "react";
import { Link } from "react-router";
import { type Severity, useIssuesFrom } from "../api/call";
import type { CallDetail, Evidence, Issue, Metric, Verdict } from "../api/client";
import { apart, clock, count, duration, figure, inZone, none } from "../format";
import { bySentence, groupIssues, type IssueGroup, type Moment, momentLink, momentOfEvidence, momentOfIssue, together } from "./evidence";
import { userName, userOf } from "./range";
import { Score, scoreBand } from "./Score";

const sides: Record<Verdict["side"], string> = { none: "", user: "User", user_network: "User's network", network: "Network between users", server: "Server" };

const sources: Record<Issue["source"], string> = { unknown: none, local_user: "This user", remote_user: "Other user", network: "Network", server: "Server" };

interface Around {
  app: number;
  call: CallDetail;
  metrics: Metric[];
  bounds: [number, number];
  /** Zooms the call's charts to a moment. */
  onShow: (m: Moment) => void;
}

/**
 * What was wrong with the call, in words, each with what it rests on; nothing
 * where nothing was. Where a link leads is told by the issues: there is none
 * before them.
 */
export const VerdictCard = memo(function VerdictCard({ issues, live, measured, ...around }: Around & { issues?: Issue[]; live: boolean; measured: boolean }) {
  const { call, metrics, bounds } = around;
  const verdict = call.verdict as Verdict | null;
  if (!verdict) {
    return (
      <Paper p="md"><Text size="sm" c="dimmed">
        {live ? "The verdict comes a few seconds after media flows."
          : measured ? <>This call was not judged: it was kept by an earlier version. <code>peerglass rescore</code> does so from its dumps.</>
            : "There is nothing to judge: no audio or video was measured."}
      </Text></Paper>
    );
  }
  const { sentences, score } = verdict;
  const evidence = bySentence(verdict);
  const blamed = call.people.find((p) => p.user === verdict.user);
  return (
    <Paper p="md">
      <Group gap="md" wrap="nowrap" align="flex-start" className="verdict-card">
        <Score value={score} size="xl" />
        <Stack gap={8} className="verdict-said">
          {sentences.length > 0
            ? (
              <ul className="sentences">
                {sentences.map((s, n) => {
                  const moments = (evidence[n] ?? []).map((e) => momentOfEvidence(call, e, issues ?? [], metrics, bounds)).filter((m): m is Moment => m !== undefined);
                  const range = together(moments);
                  return (
                    <li key={s}>
                      <Text size={n === 0 ? "md" : "sm"} fw={n === 0 ? 550 : 400} component="p" m={0}>{inZone(s, call.start)}</Text>
                      {issues
                        ? <EvidenceList {...around} evidence={evidence[n] ?? []} issues={issues} show={range && moments[0] && { ...moments[0], range }} />
                        : evidence[n] && <div className="evidence" style={{ minHeight: 24 }} />}
                    </li>
                  );
                })}
              </ul>
            )
            : score === null
              ? <Text size="sm" c="dimmed">Nothing was measured by which this call could be judged.</Text>
              : <Group gap={6} mt={4}><IconCircleCheck size={18} color="var(--mantine-color-teal-6)" aria-hidden /><Text size="sm">{live ? "Nothing is wrong so far." : "Nothing was wrong with this call."}</Text></Group>}
          <Group gap="xs">
            {sides[verdict.side] && (
              <Tooltip label={`Where the main cause lies${verdict.confidence === null ? "" : `; confidence ${Math.round(verdict.confidence * 100)} %`}`}>
                <Badge variant="light" color="gray" tt="none">{sides[verdict.side]}{verdict.user && `: ${blamed ? userName(blamed) : verdict.user}`}{verdict.confidence !== null && ` · ${Math.round(verdict.confidence * 100)} % sure`}</Badge>
              </Tooltip>
            )}
            <Counts counts={verdict.issues} />
          </Group>
          {goodAllTheSame(verdict) && <Text size="xs" c="dimmed">{goodAllTheSame(verdict)}</Text>}
        </Stack>
      </Group>
    </Paper>
  );
});

/**
 * Why a call with issues has a good score: the two are about different things,
 * and who sees both for the first time takes one of them for a mistake.
 */
export function goodAllTheSame({ score, issues }: Verdict): string | undefined {
  if (score === null || scoreBand(score).word !== "Good" || issues.high + issues.medium + issues.low === 0) return undefined;
  return issues.high + issues.medium === 0
    ? "Good all the same: the score is of what was heard and seen. Issues of low severity are noted, and hardly felt by anybody."
    : "Good all the same: the score is of what was heard and seen over the whole call. What passed soon or was made up for hardly lowers it.";
}

/** The verdict in one line, above the parts of the page that are not about it. */
export function VerdictLine({ call, onOpen }: { call: CallDetail; onOpen: () => void }) {
  const verdict = call.verdict as Verdict | null;
  return (
    <Paper px="md" py={8}>
      <Group gap="sm" wrap="nowrap" className="verdict-line">
        <Score value={verdict?.score} />
        <Text size="sm" truncate className="verdict-line-text">{verdict?.sentences[0] ? inZone(verdict.sentences[0], call.start) : verdict?.score == null ? "Not judged" : "Nothing was wrong with this call."}</Text>
        {verdict && <Group gap="xs" visibleFrom="sm" wrap="nowrap"><Counts counts={verdict.issues} /></Group>}
        <Button size="compact-xs" variant="subtle" onClick={onOpen} style={{ flex: "none" }}>Room profile and issues</Button>
      </Group>
    </Paper>
  );
}

function Counts({ counts }: { counts: Record<Severity, number> }) {
  return (["high", "medium", "low"] as const).map((level) => counts[level] > 0 && (
    <Group key={level} gap={6} wrap="nowrap"><span className="level" data-level={level} aria-hidden /><Text size="xs" c="dimmed" className="num">{count(counts[level])} {level}</Text></Group>
  ));
}

/** What a sentence rests on; each leads to the page and the moment that show it. */
function EvidenceList({ app, call, metrics, bounds, onShow, evidence, issues, show }: Around & { evidence: Evidence[]; issues: Issue[]; show?: Moment }) {
  const seen = new Set<string>();
  const items = evidence.flatMap((e) => {
    const text = evidenceText(e, metrics);
    const who = userOf(call, e.session);
    const line = [text, who && e.metric ? userName(who) : "", e.at ? clock(e.at) : ""].filter(Boolean).join(" · ");
    if (!text || seen.has(line)) return [];
    seen.add(line);
    return [{ line, moment: momentOfEvidence(call, e, issues, metrics, bounds) }];
  });
  if (items.length === 0) return null;
  return (
    <ul className="evidence" aria-label="Evidence">
      {show && <li><button type="button" className="evidence-link" onClick={() => onShow(show)}><IconZoomIn size={13} aria-hidden /><span>Show on the charts</span></button></li>}
      {items.map(({ line, moment }) => (
        <li key={line} style={{ maxWidth: "100%" }}>
          {moment
            ? <Link className="evidence-link" to={momentLink(app, call.id, moment)}><span>{line}</span><IconArrowRight size={12} aria-hidden /></Link>
            : <span className="evidence-note">{line}</span>}
        </li>
      ))}
    </ul>
  );
}

const groupsShown = 4;
const issuesShown = 25;

/** Every issue of the call by its user, with its figures; choosing one leads to its moment. */
export const Issues = memo(function Issues({ live, ...around }: Around & { live: boolean }) {
  const { app, call } = around;
  const verdict = call.verdict as Verdict | null;
  const counts = verdict?.issues ?? { low: 0, medium: 0, high: 0 };
  const usual: Severity = counts.medium + counts.high > 0 ? "medium" : "low";
  const [chosen, setChosen] = useState<Severity>();
  const from = chosen ?? usual;
  const issues = useIssuesFrom(app, call.id, from);
  const groups = useMemo(() => groupIssues(call, issues.data ?? [], from), [call, issues.data, from]);
  const [toggled, setToggled] = useState<Record<string, boolean>>({});
  const [all, setAll] = useState(false);
  if (counts.low + counts.medium + counts.high === 0 && groups.length === 0) return null;
  const total = groups.reduce((n, g) => n + g.issues.length, 0);
  const shown = all ? groups : groups.slice(0, groupsShown);
  const choices = ([["high", "High", counts.high], ["medium", "Medium and high", counts.high + counts.medium], ["low", "All", counts.high + counts.medium + counts.low]] as const).filter(([, , n], i, all) => n > 0 && n !== all[i - 1]?.[2]);
  return (
    <Paper style={{ overflow: "hidden" }} component="section" aria-label="Issues">
      <Group justify="space-between" px={14} py={8} gap="sm">
        <Text size="sm" fw={600}>Issues <Text span size="sm" c="dimmed" fw={400}>by user</Text></Text>
        {choices.length > 1 && <SegmentedControl size="xs" aria-label="Severity of issues" value={from} onChange={(v) => setChosen(v as Severity)} data={choices.map(([value, label, n]) => ({ value, label: `${label} (${count(n)})` }))} />}
      </Group>
      {issues.error && !issues.data && <Alert color="red" m="sm" title="The issues could not be read">{issues.error.message}</Alert>}
      {issues.isPending && <Skeleton h={60} m="sm" w="auto" animate={false} />}
      {issues.data && groups.length === 0 && <Text size="sm" c="dimmed" px={14} pb="sm">{live ? "None of this severity so far." : "None of this severity."}</Text>}
      {shown.map((g) => {
        const open = toggled[g.key] ?? total <= 4;
        return (
          <div key={g.key}>
            <UnstyledButton className="issue-group" aria-expanded={open} onClick={() => setToggled((t) => ({ ...t, [g.key]: !open }))}>
              {open ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />}
              <Text size="sm" fw={550} truncate dir="auto" style={{ minWidth: 0 }}>{g.name}</Text>
              <Group gap="xs" wrap="nowrap"><Counts counts={g.counts} /></Group>
              {!open && <Text size="xs" c="dimmed" truncate visibleFrom="sm" style={{ flex: 1, minWidth: 0 }}>{[...new Set(g.issues.map((i) => i.label))].slice(0, 4).join(", ")}</Text>}
            </UnstyledButton>
            {open && <GroupRows {...around} group={g} />}
          </div>
        );
      })}
      {groups.length > groupsShown && (
        <Group justify="center" p="xs" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
          <Button size="compact-sm" variant="subtle" onClick={() => setAll(!all)}>{all ? "Show fewer users" : `Show all ${groups.length} users with issues`}</Button>
        </Group>
      )}
    </Paper>
  );
});

function GroupRows({ group, ...around }: Around & { group: IssueGroup }) {
  const { app, call, metrics, bounds } = around;
  const [all, setAll] = useState(false);
  const rows = (all ? group.issues : group.issues.slice(0, issuesShown)).map((i) => ({ i, moment: momentOfIssue(call, i, metrics, bounds), key: `${i.session}/${i.id}` }));
  return (
    <>
      <Stack gap={0} hiddenFrom="sm">
        {rows.map(({ i, moment, key }) => (
          <Stack key={key} gap={4} px="sm" py={8} style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
            <Group justify="space-between" wrap="nowrap"><What issue={i} /><When issue={i} onShow={() => around.onShow(moment)} /></Group>
            <Text size="xs" c="dimmed">{[i.remoteUser && `from ${apart(i.remoteUser)}`, sources[i.source] !== none && sources[i.source], words(i.cause)].filter(Boolean).join(" · ")}</Text>
            <Group justify="space-between" wrap="nowrap" align="flex-end"><Text size="xs"><Figures issue={i} metrics={metrics} /></Text><Details app={app} call={call.id} issue={i} moment={moment} /></Group>
          </Stack>
        ))}
      </Stack>
      <Table.ScrollContainer minWidth={900} visibleFrom="sm" type="native">
        <Table verticalSpacing={6} horizontalSpacing={14}>
          <Table.Thead><Table.Tr><Table.Th>Issue</Table.Th><Table.Th>From</Table.Th><Table.Th>When</Table.Th><Table.Th>Cause</Table.Th><Table.Th>Side</Table.Th><Table.Th>Evidence</Table.Th><Table.Th><span className="sr-only">Details</span></Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {rows.map(({ i, moment, key }) => (
              <Table.Tr key={key}>
                <Table.Td><What issue={i} /></Table.Td>
                <Table.Td><Text size="sm" truncate maw={150}>{i.remoteUser || none}</Text></Table.Td>
                <Table.Td><When issue={i} onShow={() => around.onShow(moment)} /></Table.Td>
                <Table.Td><Text size="sm">{words(i.cause) || none}</Text></Table.Td>
                <Table.Td><Side issue={i} metrics={metrics} /></Table.Td>
                <Table.Td><Text size="sm" style={{ minWidth: 160 }}><Figures issue={i} metrics={metrics} /></Text></Table.Td>
                <Table.Td ta="right"><Details app={app} call={call.id} issue={i} moment={moment} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {group.issues.length > issuesShown && (
        <Group justify="center" p={6}><Button size="compact-xs" variant="subtle" onClick={() => setAll(!all)}>{all ? "Show fewer" : `Show all ${group.issues.length} of ${group.name}`}</Button></Group>
      )}
    </>
  );
}

const words = (s: string) => s.replaceAll("_", " ");

function What({ issue }: { issue: Issue }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <span className="level" data-level={issue.severity} role="img" aria-label={`severity ${issue.severity}`} />
      <Text size="sm" fw={550}>{issue.label}{issue.phase === "joining" && <Text span size="xs" c="dimmed"> while joining</Text>}</Text>
    </Group>
  );
}

function When({ issue, onShow }: { issue: Issue; onShow: () => void }) {
  return (
    <Anchor component="button" type="button" size="sm" className="num" onClick={onShow} style={{ position: "relative", display: "inline-flex", alignItems: "center", gap: 4, whiteSpace: "nowrap" }}>
      {clock(issue.start)}<Text span size="xs" c="dimmed">{issue.end ? (Date.parse(issue.end) > Date.parse(issue.start) ? duration(Date.parse(issue.end) - Date.parse(issue.start), true) : "") : "lasts"}</Text><IconZoomIn size={14} aria-hidden /><span className="sr-only">: show {issue.label} on the charts</span>
    </Anchor>
  );
}

function Details({ app, call, issue, moment }: { app: number; call: string; issue: Issue; moment: Moment }) {
  const where = moment.sender ? "Both ends" : "User";
  return <Anchor component={Link} to={momentLink(app, call, moment)} size="xs" style={{ whiteSpace: "nowrap", position: "relative" }}>{where} <IconArrowRight size={11} style={{ verticalAlign: -1 }} aria-hidden /><span className="sr-only"> at {issue.label}, {clock(issue.start)}</span></Anchor>;
}

const measured = (e: Evidence) => e.metric !== "" || e.event !== "";

/** Whose side it was; what tells so stands in the tooltip. */
function Side({ issue, metrics }: { issue: Issue; metrics: Metric[] }) {
  const why = issue.evidence.filter((e) => !measured(e)).map((e) => evidenceText(e, metrics)).filter(Boolean);
  return (
    <Tooltip disabled={why.length === 0} events={{ hover: true, focus: true, touch: true }} label={why.map((w) => <Text key={w} size="xs">{w}</Text>)}>
      <Text size="sm" w="fit-content" tabIndex={why.length ? 0 : undefined} style={why.length ? { textDecoration: "underline dotted", textUnderlineOffset: 3 } : undefined}>{sources[issue.source]}{why.length > 0 && <span className="sr-only">: {why.join("; ")}</span>}</Text>
    </Tooltip>
  );
}

function Figures({ issue, metrics }: { issue: Issue; metrics: Metric[] }) {
  const figures = issue.evidence.filter(measured);
  const told = (figures.length ? figures : issue.evidence).map((e) => evidenceText(e, metrics)).filter(Boolean);
  return <>{told.slice(0, 3).join("; ") || none}</>;
}

// A figure keeps its unit on the same line.
const whole = (s: string) => s.replaceAll(" ", "\u00a0");

export function evidenceText(e: Evidence, metrics: Metric[]): string {
  if (e.metric) {
    const m = metrics.find((x) => x.id === e.metric);
    const value = whole(figure(e.value, m?.unit ?? ""));
    return `${m?.label ?? e.metric} ${value}${e.limit === null ? "" : ` (limit ${whole(figure(e.limit, m?.unit ?? ""))})`}${e.text ? `, ${e.text}` : ""}`;
  }
  return e.text || e.event;
}
