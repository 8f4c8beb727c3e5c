import { Alert, Anchor, Badge, Box, Button, Group, Paper, SegmentedControl, Select, Skeleton, Stack, Table, Text, TextInput, Title, Tooltip, UnstyledButton } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconChevronLeft, IconChevronRight, IconDoor, IconSearch, IconUpload, IconUser } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { App, Call } from "../api/client";
import { useCalls } from "../api/queries";
import { Score } from "../call/Score";
import { Embed } from "../apps/Embed";
import { count, dateTime, duration, inZone, span, zone } from "../format";
import { useApp } from "../Shell";
import { type Filters, instants, type Range, rangeNames, ranges, readFilters, type Sort, sizes, writeFilters } from "./filters";
import { ImportButton, ImportDrop } from "./Import";

/** Row T6a: every call of an app, newest first. */
export default function Calls() {
  const { apps, app } = useApp();
  if (apps.isError) return <Alert color="red" title="The apps could not be read">{apps.error.message}</Alert>;
  if (!app) return apps.isPending ? <Skeleton h={320} /> : <Alert title="No app yet" color="gray">Create one under <Anchor component={Link} to="/apps">Apps</Anchor>: an app is a project whose calls are kept together.</Alert>;
  return <ImportDrop app={app.id}><List app={app} key={app.id} /></ImportDrop>;
}

function List({ app }: { app: App }) {
  const [params, setParams] = useSearchParams();
  const filters = useMemo(() => readFilters(params), [params]);
  // Cursors are kept, not put in the address: a page of a moving list means nothing to a colleague.
  const [cursors, setCursors] = useState<string[]>([]);
  const set = (change: Partial<Filters>) => {
    setCursors([]);
    setParams((p) => writeFilters(p, { ...readFilters(p), ...change }), { replace: true });
  };
  // "Now" moves in whole minutes, so that a query's key stays the same meanwhile.
  const [minute, setMinute] = useState(() => Math.floor(Date.now() / 60_000));
  useEffect(() => {
    const timer = setInterval(() => setMinute(Math.floor(Date.now() / 60_000)), 5_000);
    return () => clearInterval(timer);
  }, []);
  const { from, to } = useMemo(() => instants(filters, new Date(minute * 60_000)), [filters, minute]);
  const calls = useCalls(app.id, { ...filters, from, to, cursor: cursors.at(-1) });

  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={2} size="h3">Calls</Title>
          <Text size="sm" c="dimmed">Times are in your zone, {zone()}.</Text>
        </div>
        <ImportButton app={app.id} />
      </Group>
      <FilterBar filters={filters} set={set} />
      {calls.isError && <Alert color="red" title="The calls could not be read">{calls.error.message}</Alert>}
      {calls.isSuccess && calls.data.total === 0
        ? <Nothing app={app} filters={filters} clear={() => set({ range: "all", room: "", user: "", status: "", from: undefined, to: undefined })} />
        : !calls.isError && (
          <Paper style={{ overflow: "hidden" }}>
            <Stack gap={0} hiddenFrom="sm">
              {calls.isPending ? Array.from({ length: 6 }, (_, i) => <Skeleton key={i} h={44} m="sm" w="auto" />) : calls.data?.items.map((c) => <Card key={c.id} call={c} app={app.id} />)}
            </Stack>
            <Table.ScrollContainer minWidth={680} visibleFrom="sm">
              <Table verticalSpacing="sm" horizontalSpacing="md" aria-busy={calls.isFetching}>
                <Table.Thead>
                  <Table.Tr>
                    <Head name="room" label="Room" filters={filters} set={set} />
                    <Head name="start" label="Start – end" filters={filters} set={set} />
                    <Table.Th>Score</Table.Th>
                    <Head name="status" label="Status" filters={filters} set={set} />
                    <Head name="duration" label="Duration" filters={filters} set={set} right />
                    <Head name="users" label="Joined users" filters={filters} set={set} right />
                    <Table.Th><span style={{ position: "absolute", left: -9999 }}>Open</span></Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {calls.isPending
                    ? Array.from({ length: 6 }, (_, i) => <Table.Tr key={i}><Table.Td colSpan={7}><Skeleton h={18} /></Table.Td></Table.Tr>)
                    : calls.data?.items.map((c) => <Row key={c.id} call={c} app={app.id} />)}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Group justify="space-between" px="md" py="xs" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
              <Text size="sm" c="dimmed" className="num">
                {calls.data ? `${count(calls.data.total)} ${calls.data.total === 1 ? "call" : "calls"}` : ""}
                {calls.data && calls.data.total > filters.size && `, page ${cursors.length + 1} of ${count(Math.ceil(calls.data.total / filters.size))}`}
              </Text>
              <Group gap="xs">
                <Select size="xs" w={104} aria-label="Calls on a page" allowDeselect={false} data={sizes.map((s) => ({ value: String(s), label: `${s} / page` }))} value={String(filters.size)} onChange={(v) => set({ size: Number(v) })} />
                <Button.Group>
                  <Button size="xs" variant="default" aria-label="Previous page" disabled={cursors.length === 0} onClick={() => setCursors((c) => c.slice(0, -1))}><IconChevronLeft size={16} /></Button>
                  <Button size="xs" variant="default" aria-label="Next page" disabled={!calls.data?.next} onClick={() => { const next = calls.data?.next; if (next) setCursors((c) => [...c, next]); }}><IconChevronRight size={16} /></Button>
                </Button.Group>
              </Group>
            </Group>
          </Paper>
        )}
    </Stack>
  );
}

function FilterBar({ filters, set }: { filters: Filters; set: (change: Partial<Filters>) => void }) {
  return (
    <Group gap="sm" align="flex-end" wrap="wrap">
      <SegmentedControl size="xs" aria-label="Time range" value={filters.range} onChange={(v) => set({ range: v as Range })} data={ranges.map((r) => ({ value: r, label: rangeNames[r] }))} style={{ maxWidth: "100%", overflowX: "auto" }} />
      {filters.range === "custom" && (
        <Group gap="xs" wrap="nowrap">
          <DateTimePicker size="xs" w={170} placeholder="From" aria-label="From" clearable valueFormat="YYYY-MM-DD HH:mm" value={filters.from ? new Date(filters.from) : null} onChange={(v) => set({ from: v ? new Date(v).getTime() : undefined })} />
          <DateTimePicker size="xs" w={170} placeholder="To" aria-label="To" clearable valueFormat="YYYY-MM-DD HH:mm" value={filters.to ? new Date(filters.to) : null} onChange={(v) => set({ to: v ? new Date(v).getTime() : undefined })} />
        </Group>
      )}
      <Typed icon={<IconDoor size={14} />} label="Room id" value={filters.room} onChange={(room) => set({ room })} />
      <Typed icon={<IconUser size={14} />} label="User id" value={filters.user} onChange={(user) => set({ user })} />
      <Select size="xs" w={130} aria-label="Status" allowDeselect={false} value={filters.status || "all"} onChange={(v) => set({ status: v === "active" || v === "ended" ? v : "" })}
        data={[{ value: "all", label: "Any status" }, { value: "active", label: "In progress" }, { value: "ended", label: "Ended" }]} />
    </Group>
  );
}

/** A text filter that asks only when typing rests. */
function Typed({ label, value, onChange, icon }: { label: string; value: string; onChange: (v: string) => void; icon: React.ReactNode }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const later = useDebouncedCallback(onChange, 300);
  return <TextInput size="xs" w={170} leftSection={icon} placeholder={label} aria-label={label} value={text} onChange={(e) => { setText(e.currentTarget.value); later(e.currentTarget.value.trim()); }} />;
}

function Head({ name, label, filters, set, right }: { name: Sort; label: string; filters: Filters; set: (c: Partial<Filters>) => void; right?: boolean }) {
  const on = filters.sort === name;
  const Icon = filters.ascending ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th ta={right ? "right" : undefined} aria-sort={on ? (filters.ascending ? "ascending" : "descending") : "none"}>
      <UnstyledButton onClick={() => set({ sort: name, ascending: on ? !filters.ascending : name === "room" })} style={{ fontWeight: 600, fontSize: "var(--mantine-font-size-sm)", display: "inline-flex", alignItems: "center", gap: 4, whiteSpace: "nowrap" }}>
        {label}<Icon size={14} style={{ opacity: on ? 1 : 0.15 }} />
      </UnstyledButton>
    </Table.Th>
  );
}

export function Status({ call }: { call: Pick<Call, "status"> }) {
  return call.status === "active"
    ? <Group gap={8} wrap="nowrap" component="span"><span className="live-dot" /><Text span size="sm" fw={550}>In progress</Text></Group>
    : <Badge variant="light" color="gray" tt="none" fw={500} style={{ flex: "none" }}>Ended</Badge>;
}

function Row({ call, app }: { call: Call; app: number }) {
  const navigate = useNavigate();
  const to = `/calls/${call.id}?app=${app}`;
  return (
    <Table.Tr className="clickable" onClick={() => void navigate(to)}>
      <Table.Td>
        <Anchor component={Link} to={to} fz="sm" fw={600} c="inherit" underline="hover" onClick={(e) => e.stopPropagation()} style={{ display: "block", maxWidth: 280, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
          {call.roomName || call.room || <Text span c="dimmed" fs="italic" size="sm">no room named</Text>}
        </Anchor>
        {call.roomName && call.roomName !== call.room && <Text size="xs" c="dimmed" truncate maw={280}>{call.room}</Text>}
      </Table.Td>
      <Table.Td className="num">{span(call.start, call.end)}</Table.Td>
      <Table.Td>
        <Tooltip label={inZone(call.verdict?.sentences[0] ?? "", call.start)} disabled={!call.verdict?.sentences.length}><Group gap={8} wrap="nowrap" w="fit-content"><Score value={call.verdict?.score} />{worstLevel(call) && <span className="level" data-level={worstLevel(call)} role="img" aria-label={`worst issue ${worstLevel(call)}`} />}</Group></Tooltip>
      </Table.Td>
      <Table.Td><Status call={call} /></Table.Td>
      <Table.Td className="num" ta="right">{duration(call.durationMs)}</Table.Td>
      <Table.Td className="num" ta="right">
        <Tooltip label={`${count(call.sessions)} ${call.sessions === 1 ? "stay" : "stays"}, at most ${count(call.peak)} at one time`}><span>{count(call.users)}</span></Tooltip>
      </Table.Td>
      <Table.Td ta="right"><Anchor component={Link} to={to} size="sm" onClick={(e) => e.stopPropagation()} style={{ whiteSpace: "nowrap" }}>Call details</Anchor></Table.Td>
    </Table.Tr>
  );
}

/** The worst severity that is worth a mark in a list. */
function worstLevel(call: Call): "high" | "medium" | undefined {
  if (!call.verdict) return undefined;
  return call.verdict.issues.high > 0 ? "high" : call.verdict.issues.medium > 0 ? "medium" : undefined;
}

/** A call on a phone, where six columns have no room. */
function Card({ call, app }: { call: Call; app: number }) {
  return (
    <Box component={Link} to={`/calls/${call.id}?app=${app}`} p="sm" style={{ color: "inherit", textDecoration: "none", borderBottom: "1px solid var(--mantine-color-default-border)" }}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text fw={600} size="sm" truncate c={call.room ? undefined : "dimmed"}>{call.roomName || call.room || "no room named"}</Text>
        <Group gap="xs" wrap="nowrap" style={{ flex: "none" }}><Score value={call.verdict?.score} /><Status call={call} /></Group>
      </Group>
      <Text size="xs" c="dimmed" className="num" mt={4} style={{ whiteSpace: "normal" }}>
        {dateTime(call.start)} · {duration(call.durationMs, true)} · {count(call.users)} {call.users === 1 ? "user" : "users"}
      </Text>
    </Box>
  );
}

function Nothing({ app, filters, clear }: { app: App; filters: Filters; clear: () => void }) {
  const narrowed = filters.room || filters.user || filters.status || filters.range !== "all";
  return (
    <Paper p="xl">
      <Stack align="center" gap="sm" maw={640} mx="auto" ta="center">
        <IconSearch size={30} stroke={1.4} color="var(--mantine-color-dimmed)" />
        <Title order={3} size="h4">{filters.room || filters.user || filters.status ? "No call matches" : filters.range === "all" ? "No calls yet" : `No calls: ${rangeNames[filters.range].toLowerCase()}`}</Title>
        {narrowed && <Button variant="default" size="xs" onClick={clear}>Show every call of {app.name}</Button>}
        <Text size="sm" c="dimmed">A call appears here within two seconds of its first join. To see one now, open the <Anchor href="/demo" target="_blank">demo</Anchor> in two tabs, add the line below to your page, or drop a dump here: RTCStatsDump, a Jitsi dump or a chrome://webrtc-internals export <IconUpload size={13} style={{ verticalAlign: -2 }} />.</Text>
        <Embed app={app.id} />
      </Stack>
    </Paper>
  );
}

