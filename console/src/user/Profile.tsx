import { Badge, Code, Group, Paper, SimpleGrid, Text, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import type { CallDetail, Outcome, SessionDetail, User } from "../api/client";
import { StayBar } from "../call/StayBar";
import { clock, count, dateTime, duration, none, span, zone } from "../format";
import { failures } from "./figures";

export function Fact({ name, help, children }: { name: string; help?: string; children: ReactNode }) {
  return (
    <div style={{ minWidth: 0 }}>
      <Tooltip label={help} disabled={!help}><Text size="xs" c="dimmed" w="fit-content" className={help ? "explained" : undefined}>{name}</Text></Tooltip>
      <Text size="sm" component="div" className="num" style={{ overflowWrap: "anywhere", whiteSpace: "normal" }}>{children}</Text>
    </div>
  );
}

/** The call that the stay is of. */
export function Info({ app, appName, call, session, now }: { app: number; appName: string; call: CallDetail; session: SessionDetail; now: number }) {
  return (
    <Paper p="md" component="section" aria-label="Info">
      <Text size="sm" fw={600} mb="xs">Info</Text>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="md" verticalSpacing="xs">
        <Fact name="Room id">{call.room || none}</Fact>
        <Fact name="App">{appName} <Text span c="dimmed" size="sm">{app}</Text></Fact>
        <Fact name="Domain name" help="Of the page that the user had open">{domain(session.page) || none}</Fact>
        <Fact name="Room status">{call.status === "active" ? "In progress" : "Ended"}</Fact>
        <Fact name={`Start – end, ${zone(new Date(call.start))}`}>{span(call.start, call.end)}</Fact>
        <Fact name="Duration of the call">{duration(call.end ? call.durationMs : now - Date.parse(call.start))}</Fact>
      </SimpleGrid>
    </Paper>
  );
}

export function domain(page: string): string {
  try { return new URL(page).host; } catch { return ""; }
}

const ends: Record<string, string> = { leave: "left", timeout: "was not heard of any more", replaced: "replaced by a newer connection", import: "end of the recording", error: "an error", "page closed": "closed the page" };

/** Who the user is, what they came with, and how often something failed for them. */
export function UserProfile({ user, session, outcomes, bounds, now }: { user: User; session: SessionDetail; outcomes: Outcome[]; bounds: [number, number]; now: number }) {
  const f = failures(outcomes.filter((o) => user.stays.some((s) => s.id === o.session)));
  const open = user.stays.find((s) => s.end === null);
  const online = user.stays.reduce((n, s) => n + (s.end ? s.durationMs : 0), 0) + (open ? now - Date.parse(open.start) : 0);
  const offset = session.clockOffsetMs;
  const keys = Object.entries(session.keys);
  const several = user.stays.length > 1;
  return (
    <Paper p="md" h="100%" component="section" aria-label="User profile">
      <Text size="sm" fw={600} mb="xs">User profile</Text>
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="md" verticalSpacing="xs">
        <Fact name="Online duration" help={several ? `Of all ${user.stays.length} stays` : undefined}>{duration(online)}</Fact>
        <Fact name="Joins not within 5 s" help="Tries that failed, or took longer than 5 s"><Failed of={f.late} what="join" />{f.joins[0] > 0 && <Text span size="xs" c="dimmed"> {f.joins[0]} failed</Text>}</Fact>
        <Fact name="Failed pushes" help="Streams that were to be sent and carried nothing"><Failed of={f.push} what="stream" /></Fact>
        <Fact name="Failed pulls" help="Streams that were to be received and carried nothing"><Failed of={f.pull} what="stream" /></Fact>
      </SimpleGrid>
      <div style={{ margin: "10px 0" }}><StayBar bounds={bounds} now={now} stays={user.stays.map((s) => ({ start: Date.parse(s.start), end: s.end ? Date.parse(s.end) : null }))} /></div>
      <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="md" verticalSpacing="xs">
        <Fact name={several ? "This stay" : "In – out"}>{clock(session.start)} – {session.end ? clock(session.end) : "now"}{session.endReason && <Text span size="xs" c="dimmed"> {ends[session.endReason] ?? session.endReason}</Text>}</Fact>
        <Fact name="Role">{session.role || (session.sends ? "Anchor" : session.receives ? "Audience" : none)}</Fact>
        <Fact name="Browser">{[session.browser, session.browserVersion].filter(Boolean).join(" ") || none}</Fact>
        <Fact name="Operating system">{session.os || none}</Fact>
        <Fact name="Device">{session.device || none}</Fact>
        <Fact name="SDK">{[session.sdk, session.sdkVersion].filter(Boolean).join(" ") || none}</Fact>
        <Fact name="Protocol" help="How the client told what is shown here">{session.protocol || none}</Fact>
        <Fact name="Network">{session.network || none}</Fact>
        <Fact name="Region">{session.region || none}</Fact>
        <Fact name="Carrier">{session.carrier || none}</Fact>
        <Fact name="Address" help="Truncated, unless the app keeps whole ones">{session.address || none}</Fact>
        <Fact name="Clock offset" help="What is added to the client's clock to get the server's">{Math.abs(offset) < 1 ? "none" : `${offset > 0 ? "+" : "−"}${duration(Math.abs(offset))}`}</Fact>
      </SimpleGrid>
      {keys.length > 0 && <Group gap={6} mt="sm" role="list" aria-label="Keys">{keys.map(([k, v]) => <Badge key={k} role="listitem" variant="light" color="gray" tt="none" size="md" fw={400}>{k}: <b>{String(v)}</b></Badge>)}</Group>}
      <details className="more">
        <summary><Text span size="xs" c="dimmed">More about this stay</Text></summary>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="xs" mt="xs">
          <Fact name="Stay"><Code>{session.id}</Code></Fact>
          <Fact name="The client's own id">{session.clientSession ? <Code>{session.clientSession}</Code> : none}</Fact>
          <Fact name="Joined">{dateTime(session.start)}</Fact>
          <Fact name="Records">{count(session.records)}{session.unknownMembers > 0 && <Text span size="xs" c="dimmed">, {count(session.unknownMembers)} statistics members that are not in the dictionary: they are in the dump</Text>}</Fact>
          <Fact name="Page">{session.page || none}</Fact>
          <Fact name="User agent">{session.userAgent || none}</Fact>
        </SimpleGrid>
      </details>
    </Paper>
  );
}

function Failed({ of: [failed, tried], what }: { of: [number, number]; what: string }) {
  if (tried === 0) return <>{none}</>;
  return <><Text span size="sm" fw={failed > 0 ? 650 : 400} c={failed > 0 ? "red" : undefined}>{count(failed)}</Text> <Text span size="xs" c="dimmed">of {count(tried)} {tried === 1 ? what : `${what}s`}</Text></>;
}
