import { Anchor, Box, Group, Table, Text, Tooltip } from "@mantine/core";
import type { MouseEvent } from "react";
import { Link, useNavigate } from "react-router";
import type { ListedCall } from "../api/calls";
import { Score } from "../call/Score";
import { count, dateTime, duration, inZone, span } from "../format";
import { People } from "./People";
import { QualityBar } from "./QualityBar";
import { Status } from "./Status";

const linkTo = (call: ListedCall, app: number) => `/calls/${call.id}?app=${app}`;

/** What was wrong, in one sentence, or why there is none. */
function said(call: ListedCall): string {
  const { verdict } = call;
  if (!verdict) return call.status === "active" ? "Looked at in a few seconds" : "Not looked at";
  if (verdict.sentences[0]) return inZone(verdict.sentences[0], call.start);
  if (call.status === "active") return verdict.score === null ? "Nothing was measured yet" : "Nothing wrong so far";
  return verdict.score === null ? "Nothing was measured" : "Nothing was wrong";
}

/** Start and end, the date of the end only where it is another. */
function When({ call }: { call: ListedCall }) {
  const [start, end] = span(call.start, call.end).split(" – ");
  return <>{start}<Text size="xs" c="dimmed" className="num">– {end}</Text></>;
}

/** A call on a desk. The whole row leads to it; a new tab where one is asked for. */
export function Row({ call, app }: { call: ListedCall; app: number }) {
  const navigate = useNavigate();
  const to = linkTo(call, app);
  const open = (e: MouseEvent) => {
    if ((e.target as Element).closest("a, button") || window.getSelection()?.toString()) return;
    if (e.button === 1 || e.ctrlKey || e.metaKey) window.open(to, "_blank", "noopener");
    else if (e.button === 0) void navigate(to);
  };
  const named = call.roomName && call.roomName !== call.room;
  return (
    <Table.Tr className="clickable call-row" onClick={open} onAuxClick={open}>
      <Table.Td>
        <Tooltip label={named ? <>{call.roomName}<div>{call.room}</div></> : call.room} disabled={!call.room || (call.room.length < 26 && !named)}>
          <Anchor data-call component={Link} to={to} fz="sm" fw={600} c="inherit" underline="hover" className="call-room" dir="auto">
            {call.roomName || call.room || <Text span c="dimmed" fs="italic" size="sm">no room named</Text>}
          </Anchor>
        </Tooltip>
        {named && <Text size="xs" c="dimmed" className="call-room">{call.room}</Text>}
      </Table.Td>
      <Table.Td className="num"><When call={call} /></Table.Td>
      <Table.Td><Status call={call} /></Table.Td>
      <Table.Td className="num" ta="right">{duration(call.durationMs)}</Table.Td>
      <Table.Td className="num"><Group gap={8} wrap="nowrap"><Text span size="sm" miw={14} ta="right">{count(call.users)}</Text><People call={call} /></Group></Table.Td>
      <Table.Td>
        <Group gap={10} wrap="nowrap" mb={2}><Box miw={50}><Score value={call.verdict?.score} /></Box><QualityBar call={call} /></Group>
        <Tooltip label={said(call)} disabled={said(call).length < 100}><span className="call-said">{said(call)}</span></Tooltip>
      </Table.Td>
      <Table.Td ta="right"><Anchor component={Link} to={to} size="sm" tabIndex={-1} aria-label={`Call details of ${call.roomName || call.room || "the call"}`} style={{ whiteSpace: "nowrap" }}>Call details</Anchor></Table.Td>
    </Table.Tr>
  );
}

/** A call on a phone, where the columns have no room. */
export function Card({ call, app }: { call: ListedCall; app: number }) {
  return (
    <Box component={Link} to={linkTo(call, app)} p="sm" style={{ display: "block", color: "inherit", textDecoration: "none", borderBottom: "1px solid var(--mantine-color-default-border)" }}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text fw={600} size="sm" truncate dir="auto" c={call.room ? undefined : "dimmed"}>{call.roomName || call.room || "no room named"}</Text>
        <Status call={call} />
      </Group>
      <Text size="xs" c="dimmed" className="num" mt={4} style={{ whiteSpace: "normal" }}>
        {dateTime(call.start)} · {duration(call.durationMs, true)}
      </Text>
      <Group justify="space-between" wrap="nowrap" gap="sm" mt={6}>
        <Group gap={8} wrap="nowrap"><Score value={call.verdict?.score} /><QualityBar call={call} /></Group>
        <Group gap={6} wrap="nowrap"><Text span size="xs" className="num">{count(call.users)}</Text><People call={call} most={3} /></Group>
      </Group>
      <Text size="xs" mt={6} lineClamp={2}>{said(call)}</Text>
    </Box>
  );
}
