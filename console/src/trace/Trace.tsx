import { ActionIcon, Badge, Button, Center, Code, Group, Loader, MultiSelect, Paper, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import type { Connection, Event } from "../api/client";
import { useEvents } from "../api/queries";
import { clock, dateTime } from "../format";

const kinds = [
  { value: "call", label: "API calls" },
  { value: "state", label: "State changes" },
  { value: "event", label: "Events" },
  { value: "feedback", label: "Feedback" },
  { value: "log", label: "Logs and errors" },
  { value: "open", label: "Joins" },
  { value: "close", label: "Leaves" },
];

/** What an event carries, as one would read it: SDP in lines, the rest as indented JSON. */
function Value({ value }: { value: unknown }) {
  const sdp = typeof value === "object" && value !== null && "sdp" in value ? (value as { sdp?: unknown; type?: unknown }) : undefined;
  if (sdp && typeof sdp.sdp === "string") return <pre className="mono">{`type: ${String(sdp.type)}\n\n${sdp.sdp.replaceAll("\\r\\n", "\n")}`}</pre>;
  return <pre className="mono">{typeof value === "string" ? value.replaceAll("\\r\\n", "\n") : JSON.stringify(value, null, 2)}</pre>;
}

function oneLine(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Names as the API has them are long: the interface is told by the colour. */
function shortName(name: string): string {
  return name.replace(/^navigator\.mediaDevices\./, "").replace(/^MediaStreamTrack\./, "track.");
}

function Row({ event, connection, open, onToggle }: { event: Event; connection: string; open: boolean; onToggle: () => void }) {
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => { if (open) row.current?.scrollIntoView({ block: "nearest" }); }, [open]);
  return (
    <div style={{ contentVisibility: "auto", containIntrinsicSize: "auto 33px" }}>
      <UnstyledButton ref={row} className="trace-row" data-severity={event.severity} aria-expanded={open} onClick={onToggle}>
        <span className="num mono muted" title={dateTime(event.time)}>{clock(event.time, true)}</span>
        <span className="muted trace-value">{connection}</span>
        <span className="trace-value">
          <Text span size="sm" fw={550} c={event.severity === "error" ? "red" : undefined}>{shortName(event.name)}</Text>
          {event.value !== null && <span className="mono muted"> {oneLine(event.value).slice(0, 240)}</span>}
        </span>
      </UnstyledButton>
      {open && (
        <div className="trace-open">
          <Group gap="xs" mb={6}>
            <Badge size="sm" variant="light" color="gray">{event.kind}</Badge>
            {event.severity !== "info" && <Badge size="sm" color={event.severity === "error" ? "red" : "orange"}>{event.severity}</Badge>}
            <Code>{event.name}</Code>
            {event.corr && <Text size="xs" c="dimmed">call {event.corr}</Text>}
            <Text size="xs" c="dimmed" className="num">{dateTime(event.time)}</Text>
          </Group>
          {event.value === null ? <Text size="xs" c="dimmed">Nothing was passed.</Text> : <Value value={event.value} />}
        </div>
      )}
    </div>
  );
}

/** The API trace as a searchable list; ids of events are "session/index". */
export function Trace({ app, call, session, connections, opened, onOpen }: {
  app: number; call: string; session: string; connections: Connection[]; opened: string | null; onOpen: (id: string | null) => void;
}) {
  const [search, setSearch] = useState("");
  const [wanted, setWanted] = useState<string[]>([]);
  const [debounced] = useDebouncedValue(search, 250);
  const events = useEvents(app, call, { session, search: debounced, kinds: wanted });
  const rows = events.data?.pages.flatMap((p) => p.items) ?? [];
  const labels = new Map(connections.map((c) => [c.id, c.label]));

  return (
    <Paper>
      <Group p="sm" gap="sm" wrap="wrap">
        <TextInput size="xs" style={{ flex: "1 1 220px" }} leftSection={<IconSearch size={14} />} placeholder="Search names and values: createOffer, failed, candidate…" aria-label="Search events"
          value={search} onChange={(e) => setSearch(e.currentTarget.value)}
          rightSection={search && <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the search" onClick={() => setSearch("")}><IconX size={14} /></ActionIcon>} />
        <MultiSelect size="xs" style={{ flex: "1 1 220px" }} data={kinds} value={wanted} onChange={setWanted} placeholder={wanted.length ? undefined : "All kinds"} aria-label="Kinds of event" clearable />
      </Group>
      <div style={{ maxHeight: 560, overflow: "auto", borderTop: "1px solid var(--mantine-color-default-border)" }} role="list" aria-label="Events">
        {events.isPending && <Center p="lg"><Loader size="sm" /></Center>}
        {events.isError && <Text p="md" c="red" size="sm">{events.error.message}</Text>}
        {events.isSuccess && rows.length === 0 && (
          <Text p="lg" ta="center" c="dimmed" size="sm">{debounced || wanted.length ? "Nothing matches. Try fewer letters or all kinds." : "No events were sent by this client."}</Text>
        )}
        {rows.map((e) => {
          const id = `${e.session}/${e.index}`;
          return <Row key={id} event={e} connection={labels.get(e.connection) ?? ""} open={opened === id} onToggle={() => onOpen(opened === id ? null : id)} />;
        })}
        {events.hasNextPage && (
          <Center p="sm"><Button size="xs" variant="default" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>Show more</Button></Center>
        )}
      </div>
    </Paper>
  );
}
