import { ActionIcon, Alert, Button, Center, Checkbox, Group, Loader, MultiSelect, Paper, SegmentedControl, Select, Tabs, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback, useLocalStorage } from "@mantine/hooks";
import { IconDownload, IconSearch, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useParameters } from "../params";
import { dumpAddress } from "../api/client";
import { useSession } from "../api/queries";
import { mostEvents, useTraceEvents } from "../api/trace";
import type { PartProps } from "../call/range";
import { clock, count } from "../format";
import { Candidates } from "./Candidates";
import { descriptionsOf } from "./descriptions";
import { EventList, kindNames } from "./EventList";
import { iceOf } from "./ice";
import { Negotiations } from "./Negotiations";
import { matching, rowsOf } from "./pairs";
import "./trace.css";

const parts = [{ value: "list", label: "Calls and events" }, { value: "sdp", label: "Session descriptions" }, { value: "ice", label: "Candidates and paths" }] as const;
type TracePart = (typeof parts)[number]["value"];

const kinds = Object.entries(kindNames).map(([value, label]) => ({ value, label }));

/** What a page did with WebRTC in one stay, and what the browser answered. Ids of events are "session/index". */
export function Trace({ app, call, session, view, setView, bounds, live }: PartProps & { session: string }) {
  const [params, setParams] = useParameters();
  const detail = useSession(app, call.id, session);
  const read = useTraceEvents(app, call.id, session);
  const events = useMemo(() => read.data?.events ?? [], [read.data]);

  // What is looked for is in the address too: a link shows a colleague the same lines.
  const put = (name: string, value: string) => setParams((p) => { const out = new URLSearchParams(p); if (value) out.set(name, value); else out.delete(name); return out; }, { replace: true });
  const part = (parts.find((p) => p.value === params.get("trace"))?.value ?? "list") as TracePart;
  const find = params.get("find") ?? "";
  const wanted = (params.get("kinds") ?? "").split(",").filter((k) => k in kindNames);
  const connection = Number(params.get("pc") ?? "") || null;
  const [typed, setTyped] = useState(find);
  const search = useDebouncedCallback((text: string) => put("find", text), 200);
  const type = (text: string) => { setTyped(text); search(text); };
  const [within, setWithin] = useState(false);
  const [apart, setApart] = useLocalStorage({ key: "peerglass.trace.outcomes", defaultValue: false, getInitialValueInEffect: false });
  const [time, setTime] = useLocalStorage<"clock" | "join">({ key: "peerglass.trace.time", defaultValue: "clock", getInitialValueInEffect: false });

  const rows = useMemo(() => rowsOf(events, apart), [events, apart]);
  const shown = useMemo(() => matching(rows, { search: find, kinds: wanted, connection, range: within ? view.range : undefined }),
    // The kinds are a list of their own each time; what they say is what counts.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [rows, find, wanted.join(), connection, within, view.range?.[0], view.range?.[1]]);
  const descriptions = useMemo(() => descriptionsOf(events), [events]);
  const ice = useMemo(() => iceOf(events, descriptions, detail.data?.end ? Date.parse(detail.data.end) : bounds[1]),
    // The end of a call that goes on moves each second: the lists need not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [events, descriptions, detail.data?.end, live ? 0 : bounds[1]]);
  const connections = detail.data?.connections ?? [];
  const labels = useMemo(() => new Map(connections.map((c) => [c.id, c.label])), [connections]);
  const since = time === "join" && detail.data ? Date.parse(detail.data.start) : null;
  const narrowed = find !== "" || wanted.length > 0 || connection !== null || within;
  const clear = () => { setTyped(""); setWithin(false); setParams((p) => { const out = new URLSearchParams(p); for (const n of ["find", "kinds", "pc"]) out.delete(n); return out; }, { replace: true }); };

  return (
    <Paper className="trace">
      <Group justify="space-between" px="sm" pt="xs" gap="xs" wrap="wrap">
        <Tabs value={part} style={{ minWidth: 0, maxWidth: "100%" }} onChange={(p) => put("trace", p === "list" || !p ? "" : p)}>
          <Tabs.List className="tabs" aria-label="Parts of the trace">
            {parts.map((p) => <Tabs.Tab key={p.value} value={p.value} px="sm">{p.label}{p.value === "sdp" && descriptions.length > 0 && <Text span size="xs" c="dimmed"> {descriptions.length}</Text>}</Tabs.Tab>)}
          </Tabs.List>
        </Tabs>
        <Group gap="xs">
          <SegmentedControl size="xs" aria-label="Times" value={time} onChange={(t) => setTime(t as "clock" | "join")} data={[{ value: "clock", label: "Time of day" }, { value: "join", label: "Since the join" }]} />
          <Button size="xs" variant="default" leftSection={<IconDownload size={15} />} component="a" download href={dumpAddress(app, call.id, session)} data-disabled={detail.data && !detail.data.hasDump ? true : undefined} aria-disabled={detail.data && !detail.data.hasDump}
            onClick={(e) => { if (detail.data && !detail.data.hasDump) e.preventDefault(); }} title={detail.data && !detail.data.hasDump ? "There when the stay is over" : "RTCStatsDump, for the public dump importer"}>Dump</Button>
        </Group>
      </Group>
      {part === "list" && (
        <Group p="sm" gap="sm" wrap="wrap" align="center">
          <TextInput size="xs" style={{ flex: "2 1 230px" }} leftSection={<IconSearch size={14} />} placeholder="Search names and values: createOffer, failed, relay…" aria-label="Search events"
            value={typed} onChange={(e) => type(e.currentTarget.value)}
            rightSection={typed && <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the search" onClick={() => type("")}><IconX size={14} /></ActionIcon>} />
          <MultiSelect size="xs" style={{ flex: "1 1 170px" }} data={kinds} value={wanted} onChange={(k) => put("kinds", k.join(","))} placeholder={wanted.length ? undefined : "All kinds"} aria-label="Kinds of event" clearable clearButtonProps={{ "aria-label": "All kinds" }} />
          <Select size="xs" style={{ flex: "1 1 130px" }} aria-label="Peer connection" placeholder="All connections" clearable clearButtonProps={{ "aria-label": "All connections" }} value={connection === null ? null : String(connection)} onChange={(c) => put("pc", c ?? "")} disabled={connections.length === 0}
            data={connections.map((c) => ({ value: String(c.id), label: c.label || `Connection ${c.id}` }))} />
          <Checkbox size="xs" label="Outcomes as lines of their own" checked={apart} onChange={(e) => setApart(e.currentTarget.checked)} />
          {view.range && <Checkbox size="xs" label={`Only ${clock(view.range[0])} – ${clock(view.range[1])}`} checked={within} onChange={(e) => setWithin(e.currentTarget.checked)} />}
          <Text size="xs" c="dimmed" className="num" role="status">{read.isSuccess && (narrowed ? `${count(shown.length)} of ${count(rows.length)} lines` : `${count(rows.length)} lines`)}</Text>
        </Group>
      )}
      <div className="trace-body">
        {read.isPending && <Center p="xl"><Loader size="sm" aria-label="Reading the trace" /></Center>}
        {read.error && !read.data && <Alert m="sm" color="red" title="The trace could not be read">{read.error.message}</Alert>}
        {read.data?.more && <Text px="sm" py={4} size="xs" c="dimmed">This stay has more than {count(mostEvents)} events: the first are shown, the dump has all.</Text>}
        {read.isSuccess && part === "list" && (rows.length === 0
          ? <Text p="lg" ta="center" c="dimmed" size="sm">{live ? "Nothing was told yet. Calls and events appear here as the page makes them." : "This client told no calls and no events: it sends statistics alone."}</Text>
          : shown.length === 0
            ? <Center p="lg"><Text c="dimmed" size="sm" ta="center">Nothing matches. <Button size="compact-xs" variant="subtle" onClick={clear}>Show every line</Button></Text></Center>
            : <EventList rows={shown} labels={labels} descriptions={descriptions} opened={view.event} onOpen={(event) => setView({ event })} since={since} />)}
        {read.isSuccess && part === "sdp" && <Negotiations descriptions={descriptions} labels={labels} opened={view.event} onOpen={(event) => setView({ event })} since={since} />}
        {read.isSuccess && part === "ice" && <Candidates app={app} call={call.id} session={session} ice={ice} connections={connections} streams={detail.data?.streams ?? []} since={since} bounds={bounds} />}
      </div>
    </Paper>
  );
}
