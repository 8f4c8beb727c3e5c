import { Avatar, Badge, Button, Group, Paper, Stack, Table, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useState } from "react";
import type { Outcome, User } from "../api/client";
import { clock, duration, initials } from "../format";
import { Score } from "./Score";
import { few, userName } from "./range";
import { StayBar } from "./StayBar";

export { userName };

/** Who took part; choosing one shows what they received and sent. */
export function Users({ people, outcomes, bounds, selected, onSelect }: { people: User[]; outcomes: Outcome[]; bounds: [number, number]; selected?: string; onSelect: (session: string) => void }) {
  const [all, setAll] = useState(false);
  const shown = all ? people : people.slice(0, few);
  const worst = (u: User) => outcomes.filter((o) => o.score !== null && u.stays.some((s) => s.id === o.session)).sort((a, b) => (a.score ?? 0) - (b.score ?? 0))[0];
  return (
    <Paper style={{ overflow: "hidden" }}>
      <Stack gap={0} hiddenFrom="sm">{shown.map((u) => <Card key={u.stays[0]?.id} user={u} outcome={worst(u)} bounds={bounds} selected={selected} onSelect={onSelect} />)}</Stack>
      <Table.ScrollContainer minWidth={860} visibleFrom="sm">
        <Table verticalSpacing={8} horizontalSpacing="md" highlightOnHover>
          <Table.Thead>
            <Table.Tr><Table.Th>User</Table.Th><Table.Th>Score</Table.Th><Table.Th>Role</Table.Th><Table.Th>Device</Table.Th><Table.Th>Network</Table.Th><Table.Th w="24%">In the room</Table.Th><Table.Th>In – out</Table.Th><Table.Th ta="right">Duration</Table.Th><Table.Th>SDK</Table.Th></Table.Tr>
          </Table.Thead>
          <Table.Tbody>{shown.map((u) => <Row key={u.stays[0]?.id} user={u} outcome={worst(u)} bounds={bounds} selected={selected} onSelect={onSelect} />)}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {people.length > few && (
        <Group justify="center" p="xs" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
          <Button size="compact-sm" variant="subtle" onClick={() => setAll(!all)}>{all ? "Show fewer" : `Show all ${people.length} users`}</Button>
        </Group>
      )}
    </Paper>
  );
}

interface UserProps { user: User; outcome?: Outcome; bounds: [number, number]; selected?: string; onSelect: (session: string) => void }

const segments = (user: User) => user.stays.map((s) => ({ start: Date.parse(s.start), end: s.end ? Date.parse(s.end) : null }));

const chosen = { boxShadow: "inset 3px 0 var(--mantine-primary-color-filled)", background: "var(--mantine-primary-color-light)" };

function Arrows({ user }: { user: User }) {
  return (
    <Group gap={2} wrap="nowrap">
      {user.sends && <Tooltip label="Has sent media"><IconArrowUp size={16} color="var(--mantine-color-teal-6)" aria-label="sends" /></Tooltip>}
      {user.receives && <Tooltip label="Has received media"><IconArrowDown size={16} color="var(--mantine-color-yellow-7)" aria-label="receives" /></Tooltip>}
      <Text size="xs" c="dimmed" ml={4} style={{ whiteSpace: "nowrap" }}>{user.role || (user.sends ? "Anchor" : user.receives ? "Audience" : "–")}</Text>
    </Group>
  );
}

/** A user on a phone. */
function Card({ user, outcome, bounds, selected, onSelect }: UserProps) {
  const last = user.stays.at(-1);
  if (!last) return null;
  const on = user.stays.some((s) => s.id === selected);
  return (
    <UnstyledButton p="sm" aria-pressed={on} onClick={() => onSelect(last.id)} style={{ borderBottom: "1px solid var(--mantine-color-default-border)", ...(on ? chosen : {}) }}>
      <Group justify="space-between" wrap="nowrap" mb={6}>
        <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
          <Avatar size={26} radius="xl" color={on ? "glass" : "gray"}>{initials(userName(user))}</Avatar>
          <Text size="sm" fw={550} truncate>{userName(user)}</Text>
        </Group>
        <Group gap="xs" wrap="nowrap"><Score value={user.score} reasons={outcome?.reasons} /><Arrows user={user} /></Group>
      </Group>
      <StayBar bounds={bounds} stays={segments(user)} />
      <Text size="xs" c="dimmed" mt={6} truncate>{[duration(user.stayMs, true), [user.browser, user.browserVersion.split(".")[0]].filter(Boolean).join(" "), user.os, user.network].filter(Boolean).join(" · ")}</Text>
    </UnstyledButton>
  );
}

function Row({ user, outcome, bounds, selected, onSelect }: UserProps) {
  const stays = user.stays;
  const last = stays.at(-1);
  const first = stays[0];
  if (!first || !last) return null;
  const on = stays.some((s) => s.id === selected);
  const name = userName(user);
  const browser = [user.browser, user.browserVersion.split(".")[0]].filter(Boolean).join(" ");
  const choose = () => onSelect(last.id);
  return (
    <Table.Tr className="clickable" tabIndex={0} aria-selected={on} onClick={choose} onKeyDown={(e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(); } }}
      style={on ? chosen : undefined}>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <Avatar size={30} radius="xl" color={on ? "glass" : "gray"}>{initials(name)}</Avatar>
          <div style={{ minWidth: 0 }}>
            <Text size="sm" fw={550} truncate maw={190}>{name}</Text>
            {user.userName && user.user && user.userName !== user.user && <Text size="xs" c="dimmed" truncate maw={190}>{user.user}</Text>}
          </div>
          {stays.length > 1 && <Badge size="sm" variant="light" color="gray" tt="none">{stays.length} stays</Badge>}
        </Group>
      </Table.Td>
      <Table.Td><Score value={user.score} reasons={outcome?.reasons} /></Table.Td>
      <Table.Td><Arrows user={user} /></Table.Td>
      <Table.Td><Text size="sm" style={{ whiteSpace: "nowrap" }}>{browser || user.device || "–"}</Text>{(user.os || user.device) && <Text size="xs" c="dimmed" truncate maw={170}>{[user.device, user.os].filter(Boolean).join(", ")}</Text>}</Table.Td>
      <Table.Td><Text size="sm">{user.network || "–"}</Text>{user.region && <Text size="xs" c="dimmed">{user.region}</Text>}</Table.Td>
      <Table.Td><StayBar bounds={bounds} stays={segments(user)} /></Table.Td>
      <Table.Td className="num"><Text size="sm">{clock(first.start)} – {last.end ? clock(last.end) : "now"}</Text></Table.Td>
      <Table.Td className="num" ta="right"><Text size="sm">{duration(user.stayMs)}</Text></Table.Td>
      <Table.Td><Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>{[user.sdk || user.protocol, user.sdkVersion].filter(Boolean).join(" ")}</Text></Table.Td>
    </Table.Tr>
  );
}
