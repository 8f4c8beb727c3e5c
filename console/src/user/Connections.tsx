import { Badge, Paper, Stack, Table, Text } from "@mantine/core";
import type { Connection } from "../api/client";
import { clock, duration, none } from "../format";

const stateColors: Record<string, string> = { connected: "teal", completed: "teal", failed: "red", disconnected: "orange", closed: "gray" };

/** The peer connections of a stay: how each was reached, and for how long. */
export function Connections({ connections, live }: { connections: Connection[]; live: boolean }) {
  if (connections.length === 0) {
    return <Paper p="md"><Text size="sm" c="dimmed">{live ? "No peer connection was opened yet." : "This stay opened no peer connection: the user was in the room, and never tried to send or receive."}</Text></Paper>;
  }
  return (
    <Paper style={{ overflow: "hidden" }}>
      <Stack gap={0} hiddenFrom="sm">
        {connections.map((c) => (
          <div key={c.id} className="user-card">
            <Text size="sm" component="div"><span className="mono">{c.label || `Connection ${c.id}`}</span> <State c={c} /></Text>
            <Text size="xs" c="dimmed">{path(c)}{c.localType && `, ${c.relay ? "through a relay" : "no relay"}`} · connected after {after(c)}</Text>
          </div>
        ))}
      </Stack>
      <Table.ScrollContainer minWidth={640} visibleFrom="sm" type="native">
        <Table verticalSpacing={7} horizontalSpacing="md">
          <Table.Thead><Table.Tr><Table.Th>Peer connection</Table.Th><Table.Th>State</Table.Th><Table.Th>Selected path</Table.Th><Table.Th>Relay</Table.Th><Table.Th ta="right">Connected after</Table.Th><Table.Th>Open</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {connections.map((c) => (
              <Table.Tr key={c.id}>
                <Table.Td><span className="mono">{c.label || `Connection ${c.id}`}</span></Table.Td>
                <Table.Td><State c={c} /></Table.Td>
                <Table.Td><Text size="sm">{path(c)}</Text></Table.Td>
                <Table.Td><Text size="sm">{c.localType ? (c.relay ? "yes" : "no") : none}</Text></Table.Td>
                <Table.Td className="num" ta="right">{after(c)}</Table.Td>
                <Table.Td className="num"><Text size="sm">{clock(c.start)} – {c.end ? clock(c.end) : live ? "now" : "not closed"}</Text></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

const path = (c: Connection): string => (c.localType ? `${c.localType} → ${c.remoteType || "?"}${c.transport ? ` over ${c.transport}` : ""}` : none);

const after = (c: Connection): string => (c.connected ? duration(Date.parse(c.connected) - Date.parse(c.start)) : none);

function State({ c }: { c: Connection }) {
  return <Badge size="sm" variant="light" tt="none" color={stateColors[c.state] ?? "gray"}>{c.state || "never told"}</Badge>;
}
