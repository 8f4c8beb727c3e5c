import "./calls.css";
import { Alert, Anchor, Box, Button, Group, Paper, Select, Skeleton, Stack, Table, Text, Title, Tooltip, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconChevronLeft, IconChevronRight, IconInfoCircle, IconSearch, IconUpload } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { Link, useLocation } from "react-router";
import { useParameters } from "../params";
import { useCalls } from "../api/calls";
import { ApiError, type App } from "../api/client";
import { Embed } from "../apps/Embed";
import { count, zone } from "../format";
import { rememberList } from "../call/range";
import { useApp } from "../Shell";
import { Export } from "./Export";
import { chips, type Filters, instants, rangeNames, readFilters, type Sort, sizes, unfiltered, writeFilters } from "./filters";
import { FilterBar } from "./Filters";
import { ImportButton, ImportDrop } from "./Import";
import { QualityLegend } from "./QualityBar";
import { Card, Row } from "./Row";

export { Status } from "./Status";

/** Row T6a: every call of an app, newest first. */
export default function Calls() {
  const { apps, app } = useApp();
  if (apps.isError && !apps.data) return <Alert color="red" title="The apps could not be read">{apps.error.message}</Alert>;
  if (!app) return apps.isPending ? <Skeleton h={320} /> : <Alert title="No app yet" color="gray">Create one under <Anchor component={Link} to="/apps">Apps</Anchor>: an app is a project whose calls are kept together.</Alert>;
  return <ImportDrop app={app.id}><List app={app} key={app.id} /></ImportDrop>;
}

function List({ app }: { app: App }) {
  const [params, setParams] = useParameters();
  const filters = useMemo(() => readFilters(params), [params]);
  useEffect(() => rememberList(app.id, params), [app.id, params]);
  const wide = useMediaQuery("(min-width: 48em)", true, { getInitialValueInEffect: false });
  // The page is kept with the entry of the history, not in the address: a page
  // of a moving list means nothing to a colleague, but the way back leads to it.
  const state = useLocation().state as { cursors?: string[] } | null;
  const cursors = state?.cursors ?? [];
  const turn = (to: string[]) => setParams((p) => p, { replace: true, state: { cursors: to } });
  const set = (change: Partial<Filters>) => setParams((p) => writeFilters(p, { ...readFilters(p), ...change }), { replace: true });
  // "Now" moves in whole minutes, so that a query's key stays the same meanwhile.
  const [minute, setMinute] = useState(() => Math.floor(Date.now() / 60_000));
  useEffect(() => {
    const timer = setInterval(() => setMinute(Math.floor(Date.now() / 60_000)), 5_000);
    return () => clearInterval(timer);
  }, []);
  const range = useMemo(() => instants(filters, new Date(minute * 60_000)), [filters, minute]);
  const calls = useCalls(app.id, filters, range, cursors.at(-1));
  const page = calls.data;
  // A cursor that another version of the program made leads nowhere.
  const lost = calls.error instanceof ApiError && calls.error.status === 422 && cursors.length > 0;
  useEffect(() => { if (lost) turn([]); }, [lost]); // eslint-disable-line react-hooks/exhaustive-deps

  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={2} size="h3">Calls</Title>
          <Text size="sm" c="dimmed">Times are in your zone, {zone()}.</Text>
        </div>
        <Group gap="xs"><Export app={app.id} filters={filters} range={range} disabled={!page || page.total === 0} /><ImportButton app={app.id} /></Group>
      </Group>
      <FilterBar app={app.id} filters={filters} range={range} set={set} />
      {calls.isError && !page && <Alert color="red" title="The calls could not be read">{calls.error.message}</Alert>}
      {page?.total === 0
        ? <Nothing app={app} filters={filters} clear={() => set({ ...unfiltered, range: "all", from: undefined, to: undefined })} />
        : (page || !calls.isError) && (
          <Paper style={{ overflow: "hidden" }}>
            {!wide && <Stack gap={0} component="ul" p={0} m={0} aria-label="Calls" style={{ listStyle: "none" }}>
              {page ? page.items.map((c) => <li key={c.id}><Card call={c} app={app.id} /></li>) : Array.from({ length: 6 }, (_, i) => <li key={i}><Skeleton h={64} m="sm" w="auto" /></li>)}
            </Stack>}
            {wide && <Table.ScrollContainer minWidth={920}>
              <Table verticalSpacing={8} horizontalSpacing="sm" aria-label="Calls" aria-busy={calls.isPending} onKeyDown={between}>
                <Table.Thead>
                  <Table.Tr>
                    <Head name="room" label="Room" filters={filters} set={set} />
                    <Head name="start" label="Start – end" filters={filters} set={set} />
                    <Head name="status" label="Status" filters={filters} set={set} />
                    <Head name="duration" label="Duration" filters={filters} set={set} right />
                    <Head name="users" label="Joined users" filters={filters} set={set} />
                    <Head name="score" label="Score and quality" filters={filters} set={set} help={<QualityLegend />} />
                    <Table.Th><VisuallyHidden>Operation</VisuallyHidden></Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {page ? page.items.map((c) => <Row key={c.id} call={c} app={app.id} />)
                    : Array.from({ length: 6 }, (_, i) => <Table.Tr key={i}><Table.Td colSpan={7}><Skeleton h={34} /></Table.Td></Table.Tr>)}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>}
            <Group justify="space-between" px="md" py="xs" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
              <Text size="sm" c="dimmed" className="num" role="status">
                {page ? `${page.more ? "more than " : ""}${count(page.total)} ${page.total === 1 ? "call" : "calls"}` : ""}
                {page && page.total > filters.size && `, page ${count(cursors.length + 1)}${page.more ? "" : ` of ${count(Math.max(cursors.length + 1, Math.ceil(page.total / filters.size)))}`}`}
              </Text>
              <Group gap="xs">
                <Select size="xs" w={104} aria-label="Calls on a page" allowDeselect={false} data={sizes.map((s) => ({ value: String(s), label: `${s} / page` }))} value={String(filters.size)} onChange={(v) => set({ size: Number(v) })} />
                <Button.Group>
                  <Button size="xs" variant="default" aria-label="Previous page" disabled={cursors.length === 0} onClick={() => turn(cursors.slice(0, -1))}><IconChevronLeft size={16} /></Button>
                  <Button size="xs" variant="default" aria-label="Next page" disabled={!page?.next || calls.isPlaceholderData} onClick={() => { if (page?.next) turn([...cursors, page.next]); }}><IconChevronRight size={16} /></Button>
                </Button.Group>
              </Group>
            </Group>
          </Paper>
        )}
    </Stack>
  );
}

/** Arrow keys lead from one call's link to the next. */
function between(e: KeyboardEvent<HTMLElement>) {
  const step = { ArrowDown: 1, ArrowUp: -1, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }[e.key];
  const links = [...e.currentTarget.querySelectorAll<HTMLElement>("a[data-call]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  if (step === undefined || at < 0) return;
  e.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}

function Head({ name, label, filters, set, right, help }: { name: Sort; label: string; filters: Filters; set: (c: Partial<Filters>) => void; right?: boolean; help?: React.ReactNode }) {
  const on = filters.sort === name;
  const Icon = filters.ascending ? IconArrowUp : IconArrowDown;
  // What one looks for first: rooms from A, the worst scores, of the rest the most.
  const rising = name === "room" || name === "score";
  return (
    <Table.Th ta={right ? "right" : undefined} aria-sort={on ? (filters.ascending ? "ascending" : "descending") : "none"}>
      <UnstyledButton onClick={() => set({ sort: name, ascending: on ? !filters.ascending : rising })} style={{ fontWeight: 600, fontSize: "var(--mantine-font-size-sm)", display: "inline-flex", alignItems: "center", gap: 4, whiteSpace: "nowrap" }}>
        {label}<Icon size={14} style={{ opacity: on ? 1 : 0.15 }} aria-hidden />
      </UnstyledButton>
      {help && <Tooltip label={help} events={{ hover: true, focus: true, touch: true }}><span tabIndex={0} role="note" aria-label="What the bar shows: the worst issue of each part of the call's time. The higher a part, the worse; hatched grey: nobody was measured" style={{ marginLeft: 6, verticalAlign: -3, display: "inline-block", lineHeight: 0 }}><IconInfoCircle size={14} color="var(--mantine-color-dimmed)" aria-hidden /></span></Tooltip>}
    </Table.Th>
  );
}

function Nothing({ app, filters, clear }: { app: App; filters: Filters; clear: () => void }) {
  const narrowed = chips(filters, (t) => t).length > 0;
  return (
    <Paper p="xl">
      <Stack align="center" gap="sm" maw={640} mx="auto" ta="center">
        <IconSearch size={30} stroke={1.4} color="var(--mantine-color-dimmed)" aria-hidden />
        <Title order={3} size="h4">{narrowed ? "No call matches" : filters.range === "all" ? "No calls yet" : `No calls: ${rangeNames[filters.range].toLowerCase()}`}</Title>
        {narrowed && filters.range !== "all" && <Text size="sm" c="dimmed">Looked at: {rangeNames[filters.range].toLowerCase()}. Take a filter away above, or look at a longer time.</Text>}
        {(narrowed || filters.range !== "all") && <Button variant="default" size="xs" onClick={clear}>Show every call of {app.name}</Button>}
        {!narrowed && <Box>
          <Text size="sm" c="dimmed" mb="sm">A call appears here within two seconds of its first join. To see one now, open the <Anchor href="/demo" target="_blank">demo</Anchor> in two tabs, add the line below to your page, or drop a dump here: RTCStatsDump, a Jitsi dump or a chrome://webrtc-internals export <IconUpload size={13} style={{ verticalAlign: -2 }} aria-hidden />.</Text>
          <Embed app={app.id} />
        </Box>}
      </Stack>
    </Paper>
  );
}
