import { Anchor, Badge, Button, Group, Paper, Stack, Table, Text, Tooltip } from "@mantine/core";
import { IconCircleCheck, IconZoomIn } from "@tabler/icons-react";
import { useState } from "react";
import type { Evidence, Issue, Metric, Verdict } from "../api/client";
import { clock, duration, figure, inZone, none } from "../format";
import { Score } from "./Score";

const sides: Record<Verdict["side"], string> = { none: "", user: "User", user_network: "User's network", network: "Network between users", server: "Server" };

const sources: Record<Issue["source"], string> = { unknown: none, local_user: "This user", remote_user: "Other user", network: "Network", server: "Server" };

/** What was wrong with the call, in words; nothing where nothing was. */
export function VerdictCard({ verdict, start, live, nameOf }: { verdict: Verdict | null; start: string; live: boolean; nameOf: (user: string) => string }) {
  if (!verdict) {
    return live ? <Paper p="md"><Text size="sm" c="dimmed">The verdict comes a few seconds after media flows.</Text></Paper>
      : <Paper p="md"><Text size="sm" c="dimmed">This call was not judged: it was kept by an earlier version. <code>peerglass rescore</code> does so from its dumps.</Text></Paper>;
  }
  const { sentences, score, issues } = verdict;
  return (
    <Paper p="md">
      <Group gap="md" wrap="nowrap" align="center">
        <Score value={score} size="xl" />
        <Stack gap={6} style={{ minWidth: 0, flex: 1 }}>
          {sentences.length > 0
            ? sentences.map((s, i) => <Text key={s} size={i === 0 ? "md" : "sm"} fw={i === 0 ? 550 : 400}>{inZone(s, start)}</Text>)
            : score === null
              ? <Text size="sm" c="dimmed">Nothing was measured by which this call could be judged.</Text>
              : <Group gap={6}><IconCircleCheck size={18} color="var(--mantine-color-teal-6)" aria-hidden /><Text size="sm">{live ? "Nothing is wrong so far." : "Nothing was wrong with this call."}</Text></Group>}
          <Group gap="xs">
            {sides[verdict.side] && (
              <Tooltip label={`Where the main cause lies${verdict.confidence === null ? "" : `; confidence ${Math.round(verdict.confidence * 100)} %`}`}>
                <Badge variant="light" color="gray" tt="none">{sides[verdict.side]}{verdict.user && `: ${nameOf(verdict.user)}`}{verdict.confidence !== null && ` · ${Math.round(verdict.confidence * 100)} % sure`}</Badge>
              </Tooltip>
            )}
            {(["high", "medium", "low"] as const).map((level) => issues[level] > 0 && (
              <Group key={level} gap={6} wrap="nowrap"><span className="level" data-level={level} /><Text size="xs" c="dimmed">{issues[level]} {level}</Text></Group>
            ))}
          </Group>
        </Stack>
      </Group>
    </Paper>
  );
}

const order = { low: 0, medium: 1, high: 2 };

/** Every issue of the call with its figures; choosing one leads to its moment. */
export function Issues({ issues, metrics, whose, onShow }: { issues: Issue[]; metrics: Metric[]; whose: (session: string) => string; onShow: (i: Issue) => void }) {
  const [all, setAll] = useState(false);
  const grave = issues.filter((i) => order[i.severity] > 0);
  const shown = (all || grave.length === 0 ? issues : grave).slice().sort((a, b) => order[b.severity] - order[a.severity] || Date.parse(a.start) - Date.parse(b.start));
  if (issues.length === 0) return null;
  return (
    <Paper style={{ overflow: "hidden" }}>
      <Stack gap={0} hiddenFrom="sm">
        {shown.map((i) => (
          <Stack key={`${i.session}/${i.id}`} gap={4} p="sm" style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}>
            <Group justify="space-between" wrap="nowrap"><What issue={i} /><When issue={i} onShow={onShow} /></Group>
            <Text size="xs" c="dimmed">{[whose(i.session), i.remoteUser && `from ${i.remoteUser}`, sources[i.source] !== none && sources[i.source], words(i.cause)].filter(Boolean).join(" · ")}</Text>
            <Text size="xs"><Figures issue={i} metrics={metrics} /></Text>
          </Stack>
        ))}
      </Stack>
      <Table.ScrollContainer minWidth={900} visibleFrom="sm">
        <Table verticalSpacing={7} horizontalSpacing="md">
          <Table.Thead><Table.Tr><Table.Th>Issue</Table.Th><Table.Th>User</Table.Th><Table.Th>When</Table.Th><Table.Th>Cause</Table.Th><Table.Th>Side</Table.Th><Table.Th>Evidence</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {shown.map((i) => (
              <Table.Tr key={`${i.session}/${i.id}`}>
                <Table.Td><What issue={i} /></Table.Td>
                <Table.Td><Text size="sm" truncate maw={170}>{whose(i.session)}</Text>{i.remoteUser && <Text size="xs" c="dimmed" truncate maw={170}>from {i.remoteUser}</Text>}</Table.Td>
                <Table.Td><When issue={i} onShow={onShow} /></Table.Td>
                <Table.Td><Text size="sm">{words(i.cause) || none}</Text></Table.Td>
                <Table.Td><Side issue={i} metrics={metrics} /></Table.Td>
                <Table.Td><Text size="sm" style={{ minWidth: 160 }}><Figures issue={i} metrics={metrics} /></Text></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {grave.length > 0 && grave.length < issues.length && (
        <Group justify="center" p="xs" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
          <Button size="compact-sm" variant="subtle" onClick={() => setAll(!all)}>{all ? "Hide those of low severity" : `Show ${issues.length - grave.length} of low severity`}</Button>
        </Group>
      )}
    </Paper>
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

function When({ issue, onShow }: { issue: Issue; onShow: (i: Issue) => void }) {
  return (
    <Anchor component="button" type="button" size="sm" className="num" onClick={() => onShow(issue)} style={{ display: "inline-flex", alignItems: "center", gap: 4, whiteSpace: "nowrap" }} aria-label={`Show ${issue.label} at ${clock(issue.start)} on the charts`}>
      {clock(issue.start)}<Text span size="xs" c="dimmed">{issue.end ? (Date.parse(issue.end) > Date.parse(issue.start) ? duration(Date.parse(issue.end) - Date.parse(issue.start), true) : "") : "lasts"}</Text><IconZoomIn size={14} />
    </Anchor>
  );
}

const measured = (e: Evidence) => e.metric !== "" || e.event !== "";

/** Whose side it was; what tells so stands in the tooltip. */
function Side({ issue, metrics }: { issue: Issue; metrics: Metric[] }) {
  const why = issue.evidence.filter((e) => !measured(e)).map((e) => evidenceText(e, metrics)).filter(Boolean);
  return (
    <Tooltip disabled={why.length === 0} label={why.map((w) => <Text key={w} size="xs">{w}</Text>)}>
      <Text size="sm" w="fit-content" style={why.length ? { textDecoration: "underline dotted", textUnderlineOffset: 3 } : undefined}>{sources[issue.source]}</Text>
    </Tooltip>
  );
}

function Figures({ issue, metrics }: { issue: Issue; metrics: Metric[] }) {
  const figures = issue.evidence.filter(measured);
  const told = (figures.length ? figures : issue.evidence).map((e) => evidenceText(e, metrics)).filter(Boolean);
  return <>{told.slice(0, 3).join("; ") || none}</>;
}

export function evidenceText(e: Evidence, metrics: Metric[]): string {
  if (e.metric) {
    const m = metrics.find((x) => x.id === e.metric);
    const value = figure(e.value, m?.unit ?? "");
    return `${m?.label ?? e.metric} ${value}${e.limit === null ? "" : ` (limit ${figure(e.limit, m?.unit ?? "")})`}${e.text ? `, ${e.text}` : ""}`;
  }
  return e.text || e.event;
}
