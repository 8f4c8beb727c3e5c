import { Alert, Anchor, Box, Group, Paper, SegmentedControl, Skeleton, Stack, Switch, Table, Text, Title, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconCircleCheck, IconUsers } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import type { Matrix as Answer, MatrixCell } from "../api/match";
import { useMatrix } from "../api/match";
import { endsLink, longest, type PartProps, shownRange } from "../call/range";
import { RangeBar } from "../chart/RangeBar";
import { clock, zone } from "../format";
import { Grid } from "./Grid";
import { List } from "./List";
import "./matrix.css";
import { Sign } from "./Parts";
import { counts, findings, places } from "./summary";
import { Unmatched } from "./Unmatched";
import { type Kind, kindNames, kinds as allKinds, type Level, levels, nameOf } from "./words";

/** Who hears and sees whom, and how well: a cell for each two users, that leads to their two ends. */
export default function Matrix({ app, call, view, setView, bounds, live }: PartProps) {
  const [sort, setSort] = useState<"join" | "worst">("join");
  const [all, setAll] = useState(false); // of a call that is longer than a view
  const long = bounds[1] - bounds[0] > longest;
  const range = long ? (all ? undefined : shownRange(view, bounds)) : view.range;
  const question = useMatrix(app, call.id, { range, order: sort, worst: call.people.length > shownUsers ? 20 : 0, live });
  const phone = useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false });
  const m = question.data;
  const hasScreens = m?.cells.some((c) => c.screen) ?? false;
  const kinds = useMemo<Kind[]>(() => (view.tab === "all" ? (hasScreens ? allKinds : ["audio", "video"]) : [view.tab]), [view.tab, hasScreens]);

  const link = (receiver: string, sender: string) => endsLink(app, call.id, receiver, sender || undefined, { range, tab: view.tab });
  return (
    <Stack gap="md" component="section" aria-label="Who hears and sees whom">
      <Group gap="md" wrap="wrap">
        <SegmentedControl size="xs" aria-label="Kind" value={view.tab} onChange={(tab) => setView({ tab: tab as typeof view.tab })}
          data={[{ value: "all", label: "All" }, ...(["video", "audio", "screen"] as const).map((k) => ({ value: k, label: kindNames[k] }))]} />
        <SegmentedControl size="xs" aria-label="Order" value={sort} onChange={(v) => setSort(v as typeof sort)} data={[{ value: "join", label: "As they joined" }, { value: "worst", label: "Worst first" }]} />
        {(!long || !all) && <RangeBar range={view.range} bounds={bounds} onRange={(r) => setView({ range: r })} live={live} />}
        {long && <Switch size="xs" label="Whole call" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />}
      </Group>
      <Text size="xs" c="dimmed" mt={-8}>{range ? `Figures of ${clock(range[0])} – ${clock(range[1])}, ${zone(new Date(range[0]))}.` : live ? "Figures of the call so far." : "Figures of the whole call."} Each is over all of that time: choose a part to see trouble that was short.</Text>
      {question.error && !m
        ? <Alert color="red" title="Who hears whom could not be read">{question.error.message}</Alert>
        : !m ? <Skeleton h={320} /> : <Body m={m} kinds={kinds} sort={sort} phone={phone ?? false} live={live} ranged={range !== undefined} link={link} />}
    </Stack>
  );
}

/** The API gives at most so many users at once. */
const shownUsers = 30;

interface BodyProps { m: Answer; kinds: Kind[]; sort: "join" | "worst"; phone: boolean; live: boolean; ranged: boolean; link: (receiver: string, sender: string) => string }

function Body({ m, kinds, sort, phone, live, ranged, link }: BodyProps) {
  const order = useMemo(() => places(m, kinds, sort), [m, kinds, sort]);
  const said = useMemo(() => findings(m, kinds), [m, kinds]);
  const about = (axis: "sender" | "receiver") => new Set(said.flatMap((f) => (f.axis === axis && f.user !== undefined ? [f.user] : [])));
  const to = (c: MatrixCell) => link(c.receiverSession, c.senderSession);
  const some = m.cells.some((c) => kinds.some((k) => c[k]));
  return (
    <>
      <Findings m={m} kinds={kinds} said={said} ranged={ranged} />
      {some
        ? (
          <>
            <Legend m={m} kinds={kinds} />
            {phone ? <List m={m} order={order} kinds={kinds} link={to} /> : <Grid m={m} order={order} kinds={kinds} link={to} receivers={about("receiver")} senders={about("sender")} />}
            {m.total > shownUsers && <Text size="sm" c="dimmed"><IconUsers size={14} style={{ verticalAlign: -2 }} aria-hidden /> {Math.min(shownUsers, m.total)} of {m.total} users: {sort === "join" ? "those who joined first; choose “Worst first” for those with the worst reception" : "those with the worst reception"}.</Text>}
          </>
        )
        : <Nothing m={m} kinds={kinds} live={live} ranged={ranged} />}
      <Worst m={m} link={link} />
      <Unmatched m={m} />
    </>
  );
}

function Findings({ m, kinds, said, ranged }: { m: Answer; kinds: Kind[]; said: ReturnType<typeof findings>; ranged: boolean }) {
  const n = counts(m, kinds);
  const judged = n.good + n.fair + n.poor + n.none;
  if (said.length === 0 && (judged === 0 || n.good < judged)) return null;
  return (
    <Paper p="md">
      <ul className="matrix-findings" aria-label="What the matrix shows">
        {said.length === 0 && <li><IconCircleCheck size={17} color="var(--mantine-color-teal-6)" aria-hidden style={{ flex: "none", alignSelf: "center" }} /><Text size="sm">{judged === 1 ? "The one stream that was measured came well" : `All ${judged} streams that were measured came well`}{ranged ? " in this time." : " over the call as a whole."}</Text></li>}
        {said.map((f) => (
          <li key={f.text}>
            {f.axis === "sender" ? <IconArrowUp size={17} aria-hidden style={{ flex: "none", alignSelf: "center" }} /> : f.axis === "receiver" ? <IconArrowDown size={17} aria-hidden style={{ flex: "none", alignSelf: "center" }} /> : <IconUsers size={17} aria-hidden style={{ flex: "none", alignSelf: "center" }} />}
            <Text size="sm" fw={550}>{f.text}.</Text>
          </li>
        ))}
      </ul>
    </Paper>
  );
}

const shownLevels: Level[] = ["good", "fair", "poor", "none", "muted", "unknown"];

/** What the signs mean, with how many there are of each. */
function Legend({ m, kinds }: { m: Answer; kinds: Kind[] }) {
  const n = counts(m, kinds);
  return (
    <ul className="matrix-legend" aria-label="Levels">
      {shownLevels.map((level) => (
        <Tooltip key={level} label={levels[level].means}>
          <li><Sign level={level} />{levels[level].name} <Text span size="xs" c="dimmed" className="num">{n[level]}</Text></li>
        </Tooltip>
      ))}
    </ul>
  );
}

/** Why there is no cell, and what to do. */
function Nothing({ m, kinds, live, ranged }: { m: Answer; kinds: Kind[]; live: boolean; ranged: boolean }) {
  const what = kinds.length === 1 && kinds[0] ? `no ${kindNames[kinds[0]].toLowerCase()}` : "nothing";
  const why = ranged ? "in this part of the call. Choose the whole call, or another part."
    : m.unmatched.length > 0 ? "of which is known who sends it. The streams are listed below."
      : m.total <= 1 ? "from anybody else: only one user sent data in this call. The others stand here where their pages send too."
        : live ? "from anybody else yet. It stands here as soon as media flows." : "from anybody else in this call. The API trace shows how far the connections came.";
  return <Paper p="lg"><Text size="sm">{m.users.length === 1 ? `${nameOf(m.users[0])} received ${what}` : `Nobody received ${kinds.length === 1 && kinds[0] ? kindNames[kinds[0]].toLowerCase() : "anything"}`} {why}</Text></Paper>;
}

/** In a call of many: what is worst among all of them, whoever is shown above. */
function Worst({ m, link }: { m: Answer; link: (receiver: string, sender: string) => string }) {
  if (m.worst.length === 0) return null;
  return (
    <Box component="section" aria-label="Worst of all users">
      <Title order={4} size="h6" mb="xs">Worst among all {m.total} users</Title>
      <Paper style={{ overflow: "hidden" }}>
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6} horizontalSpacing="md">
            <Table.Thead><Table.Tr><Table.Th>Level</Table.Th><Table.Th>Receiver</Table.Th><Table.Th>Sender</Table.Th><Table.Th>Kind</Table.Th><Table.Th>Why</Table.Th><Table.Th /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {m.worst.map((p) => (
                <Table.Tr key={`${p.receiverSession}${p.sender.user}${p.senderSession}${p.kind}`} className="matrix-legend" style={{ display: "table-row" }}>
                  <Table.Td><Group gap={6} wrap="nowrap"><Sign level={p.part.level} />{levels[p.part.level].name}</Group></Table.Td>
                  <Table.Td>{nameOf(p.receiver)}</Table.Td>
                  <Table.Td>{nameOf(p.sender)}</Table.Td>
                  <Table.Td>{kindNames[p.kind]}</Table.Td>
                  <Table.Td>{p.part.reason}</Table.Td>
                  <Table.Td><Anchor component={Link} to={link(p.receiverSession, p.senderSession)} size="sm" aria-label={`${nameOf(p.receiver)} receives ${nameOf(p.sender)}: end to end`}>End to end</Anchor></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
    </Box>
  );
}
