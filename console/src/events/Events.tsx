import { ActionIcon, Alert, Anchor, Button, Code, Group, Loader, MultiSelect, Paper, SegmentedControl, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useParameters } from "../params";
import type { Issue } from "../api/client";
import { type Happening, type HappeningType, type Lane, useHappenings, useHappeningTypes } from "../api/events";
import { useIssues } from "../api/queries";
import { callLink, type PartProps, shownRange, userKey, userName, userOf } from "../call/range";
import { RangeBar } from "../chart/RangeBar";
import { apart, count, dateTime, zone } from "../format";
import "./events.css";
import { laneHints } from "./hints";
import { List } from "./List";
import { TimeLine } from "./TimeLine";

type Severity = Happening["severity"];

/** What the filters hold; they live in the address, beside the view's own words. */
interface Filters {
  types: string[];
  severity: Severity;
  search: string;
}

function readFilters(p: URLSearchParams): Filters {
  const severity = p.get("severity");
  return {
    types: (p.get("types") ?? "").split(",").filter(Boolean),
    severity: severity === "warning" || severity === "error" ? severity : "info",
    search: p.get("find") ?? "",
  };
}

/** What happened in the call, by user and for the room: on a time line, and as a list. */
export default function Events({ app, call, view, setView, bounds, live }: PartProps) {
  const [params, setParams] = useParameters();
  const navigate = useNavigate();
  const filters = readFilters(params);
  const [typed, setTyped] = useState(filters.search);
  const put = (name: string, value: string) => setParams((p) => { const out = new URLSearchParams(p); if (value) out.set(name, value); else out.delete(name); return out; }, { replace: true });
  const [search] = useDebouncedValue(typed, 250);
  const [asked] = useDebouncedValue(view.range, 200);

  const user = userOf(call, view.session);
  const types = useHappeningTypes();
  const found = useHappenings(app, call.id, { sessions: user?.stays.map((s) => s.id), types: filters.types, severity: filters.severity, search, range: asked });
  const issues = useIssues(app, call.id);
  const range = shownRange(view, bounds);

  const rows = useMemo(() => found.data?.pages.flatMap((p) => p.items) ?? [], [found.data]);
  const first = found.data?.pages[0];
  const nameOf = useMemo(() => {
    const names = new Map(call.people.flatMap((u) => u.stays.map((s) => [s.id, userName(u)] as const)));
    return (session: string) => names.get(session) ?? "Somebody";
  }, [call.people]);
  const nameOfUser = useMemo(() => {
    const names = new Map(call.people.map((u) => [u.user, userName(u)] as const));
    return (id: string) => names.get(id) ?? id;
  }, [call.people]);
  const shownIssues = useMemo(() => (issues.data ?? []).filter((i) => !user || user.stays.some((s) => s.id === i.session)), [issues.data, user]);

  const open = (row: Happening) => setView({ event: view.event === row.id ? null : row.id });
  const toIssue = (i: Issue) => {
    const from = Date.parse(i.start);
    const to = i.end ? Date.parse(i.end) : bounds[1];
    const around = Math.max((to - from) / 2, 10_000);
    void navigate(callLink(app, call.id, { session: i.session, range: [Math.max(from - around, bounds[0]), Math.min(to + around, bounds[1])] }));
  };
  const clear = () => { setTyped(""); setParams((p) => { const out = new URLSearchParams(p); for (const name of ["types", "severity", "find", "session"]) out.delete(name); return out; }, { replace: true }); };
  const narrowed = filters.types.length > 0 || filters.severity !== "info" || search !== "" || user !== undefined;

  if (found.error && !found.data) {
    return (
      <Alert color="red" title="What happened could not be read">
        <Stack gap="xs" align="flex-start">{found.error.message}<Button size="xs" variant="default" onClick={() => void found.refetch()}>Ask again</Button></Stack>
      </Alert>
    );
  }
  return (
    <Stack gap="sm">
      <Room call={call} first={first} />
      <Group justify="space-between" gap="sm" wrap="wrap">
        <RangeBar range={view.range} bounds={bounds} onRange={(r) => setView({ range: r })} live={live} />
        <Text size="xs" c="dimmed">Times in {zone(new Date(bounds[0]))}</Text>
      </Group>
      <Group gap="sm" wrap="wrap" align="flex-end" role="search" aria-label="Filter events">
        <Select size="xs" w={210} aria-label="User" placeholder="All users" clearable searchable value={user ? userKey(user) : null}
          onChange={(session) => setView({ session: session ?? undefined, event: null })}
          data={call.people.map((u) => ({ value: userKey(u), label: !u.user || !u.userName || u.userName === u.user ? userName(u) : `${userName(u)} (${apart(u.user)})` }))} />
        <Types types={types.data ?? []} counts={first?.types ?? {}} value={filters.types} onChange={(v) => put("types", v.join(","))} />
        <SegmentedControl size="xs" aria-label="Severity" value={filters.severity} onChange={(v) => put("severity", v === "info" ? "" : v)}
          data={[{ value: "info", label: "All" }, { value: "warning", label: "Warnings" }, { value: "error", label: "Errors" }]} />
        <TextInput size="xs" style={{ flex: "1 1 200px" }} aria-label="Search events" placeholder="Search labels, details, users" leftSection={<IconSearch size={14} />} value={typed}
          onChange={(e) => { setTyped(e.currentTarget.value); put("find", e.currentTarget.value); }}
          rightSection={typed && <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the search" onClick={() => { setTyped(""); put("find", ""); }}><IconX size={14} /></ActionIcon>} />
        {narrowed && <Button size="xs" variant="subtle" color="gray" onClick={clear}>Clear filters</Button>}
      </Group>
      {found.isPending || types.isPending
        ? <Stack gap="sm"><Skeleton h={300} /><Skeleton h={320} /></Stack>
        : (
          <>
            <TimeLine rows={rows} types={types.data ?? []} issues={shownIssues} range={range} bounds={bounds} onRange={(r) => setView({ range: r })}
              opened={view.event} onOpen={open} onIssue={toIssue} nameOf={nameOf} one={user !== undefined || call.people.length === 1}
              narrowed={filters.types.length > 0 || filters.severity !== "info" || search !== ""} />
            <Text size="xs" c="dimmed" visibleFrom="sm">A dot with a number is several events: a click zooms in. Drag selects a time, double click shows the whole call, with Ctrl the wheel zooms; keys: arrows, Enter, + − 0.</Text>
            {first && !first.complete && <Alert color="yellow" p="xs">This call has more events than one answer looks at: of some stays the later ones are missing here. Choose a user to see all of theirs.</Alert>}
            <Paper style={{ overflow: "hidden" }}>
              <Group justify="space-between" px="sm" py={8} gap="xs" wrap="wrap">
                <Text size="sm" fw={600} role="status">{count(first?.total ?? 0)} event{first?.total === 1 ? "" : "s"}{rows.length < (first?.total ?? 0) && `, ${count(rows.length)} loaded`}</Text>
                {found.isFetching && <Loader size={14} aria-label="Loading" />}
              </Group>
              {rows.length === 0
                ? <Nothing app={app} types={types.data ?? []} wanted={filters.types} narrowed={narrowed || view.range !== undefined} live={live} onClear={() => { clear(); setView({ range: undefined }); }} />
                : <List app={app} call={call} rows={rows} types={types.data ?? []} opened={view.event} onOpen={open} bounds={bounds} nameOf={nameOf} nameOfUser={nameOfUser}
                    more={found.hasNextPage ? () => { if (!found.isFetching) void found.fetchNextPage(); } : undefined} />}
            </Paper>
          </>
        )}
    </Stack>
  );
}

/** Who came first and last, and how many there were. */
function Room({ call, first }: { call: PartProps["call"]; first: { room: { created: string; dissolved: string | null; peak: number; peakAt: string | null } } | undefined }) {
  const room = first?.room;
  return (
    <Group gap="4px 24px" wrap="wrap" aria-label="The room" role="group">
      <Text size="sm"><Text span c="dimmed" size="xs">Created </Text><span className="num">{dateTime(room?.created ?? call.start)}</span></Text>
      <Text size="sm"><Text span c="dimmed" size="xs">Dissolved </Text><span className="num">{room ? (room.dissolved ? dateTime(room.dissolved) : "not yet") : "–"}</span></Text>
      <Text size="sm"><Text span c="dimmed" size="xs">Most users at once </Text><span className="num">{room?.peak ?? "–"}</span>{room?.peakAt && <Text span c="dimmed" size="xs"> from {dateTime(room.peakAt)}</Text>}</Text>
    </Group>
  );
}

/** The filter by type: lane by lane, with how many there are of each, and the ids of Table 4-1. */
function Types({ types, counts, value, onChange }: { types: HappeningType[]; counts: Record<string, number>; value: string[]; onChange: (v: string[]) => void }) {
  const data = useMemo(() => {
    const groups = new Map<string, { value: string; label: string }[]>();
    for (const t of types) {
      const n = counts[t.type] ?? 0;
      if (n === 0 && !value.includes(t.type)) continue;
      const items = groups.get(t.laneLabel) ?? [];
      items.push({ value: t.type, label: `${t.label} (${count(n)})` });
      groups.set(t.laneLabel, items);
    }
    return [...groups].map(([group, items]) => ({ group, items }));
  }, [types, counts, value]);
  return (
    <MultiSelect size="xs" style={{ flex: "1 1 220px", maxWidth: 460 }} aria-label="Types of event" placeholder={value.length ? undefined : "All types"} data={data} value={value} onChange={onChange}
      searchable clearable hidePickedOptions nothingFoundMessage="No such type in this call" maxDropdownHeight={380} />
  );
}

/** Nothing there: why, and what a page calls to have it. */
function Nothing({ app, types, wanted, narrowed, live, onClear }: { types: HappeningType[]; wanted: string[]; narrowed: boolean; live: boolean; onClear: () => void; app: number }) {
  const lanes = [...new Set(wanted.map((w) => types.find((t) => t.type === w)?.lane).filter((l): l is Lane => l !== undefined))];
  const tells = wanted.map((w) => types.find((t) => t.type === w)).filter((t): t is HappeningType => t !== undefined && t.tell !== "");
  return (
    <Stack p="lg" gap="xs" align="center" ta="center">
      <Text fw={600}>{narrowed ? "No event matches" : live ? "Nothing has happened yet" : "No events were told by the clients of this call"}</Text>
      {tells.map((t) => <Text key={t.type} size="sm" c="dimmed">{t.label}: an application tells it with <Told text={t.tell} /></Text>)}
      {tells.length === 0 && lanes.map((l) => <Text key={l} size="sm" c="dimmed">{laneHints[l].how} {laneHints[l].code && <Code>{laneHints[l].code}</Code>}</Text>)}
      {narrowed
        ? <Button size="xs" variant="default" onClick={onClear}>Show all events</Button>
        : !live && <Text size="sm" c="dimmed">A dump without a log of API calls has none: figures are on the other tabs. With the SDK they come by themselves: <Anchor size="sm" component={Link} to={`/apps?app=${app}`}>the line for a page</Anchor> is on the app’s page, docs/collect.md has one for each library.</Text>}
    </Stack>
  );
}

/** A text with `code` in it. */
function Told({ text }: { text: string }) {
  return <>{text.split("`").map((part, i) => (i % 2 ? <Code key={i}>{part}</Code> : <span key={i}>{part}</span>))}</>;
}
