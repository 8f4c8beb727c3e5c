import { ActionIcon, Anchor, Badge, Button, Group, Menu, Modal, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowLeft, IconCheck, IconCode, IconCopy, IconDownload } from "@tabler/icons-react";
import { memo, type ReactNode, useEffect, useRef, useState } from "react";
import { Link } from "react-router";
import { questions } from "../api/call";
import { type CallDetail, dumpAddress } from "../api/client";
import { Status } from "../calls/Status";
import { clock, count, duration, span, zone } from "../format";
import { listLink, userName } from "./range";
import { Share } from "./Share";

/** What both guides call the basic information of a call, and what can be done with it. */
export const Header = memo(function Header({ app, appName, call, now, line, session }: { app: number; appName: string; call: CallDetail; now: number; line: "off" | "up" | "lost"; session?: string }) {
  const live = call.status === "active";
  return (
    <div>
      <Anchor component={Link} to={listLink(app)} size="xs" c="dimmed" style={{ display: "inline-flex", alignItems: "center", gap: 4 }}><IconArrowLeft size={13} aria-hidden />Calls</Anchor>
      <Group justify="space-between" align="flex-start" mt={4} wrap="wrap">
        <Group gap="md" style={{ minWidth: 0 }}>
          <Title order={2} size="h3" style={{ overflowWrap: "anywhere" }}>{call.roomName || call.room || "Call without a room"}</Title>
          <Status call={call} />
          {live && line === "lost" && <Badge color="orange" variant="light" tt="none" role="status">Connection lost, asking again…</Badge>}
        </Group>
        <Group gap="xs"><Share of="tab, users, range, media and open event" /><Ask app={app} call={call.id} session={session} /><Dumps app={app} call={call} /></Group>
      </Group>
      <dl className="facts" style={{ marginTop: 12 }}>
        <Fact name="Application">{appName || "–"}</Fact>
        <Fact name="App id (SDKAppID)" copy={String(app)}>{app}</Fact>
        <Fact name="Room id" copy={call.room}>{call.room || "–"}</Fact>
        <Fact name="Call id" copy={call.id}><span className="mono">{call.id}</span></Fact>
        <Fact name={`Start – end, ${zone(new Date(call.start))}`}><span className="num" style={{ whiteSpace: "normal" }}>{span(call.start, live ? null : call.end)}</span></Fact>
        <Fact name="Room duration"><span className="num">{duration(live ? Math.max(now - Date.parse(call.start), 0) : call.durationMs)}</span></Fact>
        <Fact name="Status">{live ? "In progress" : "Ended"}</Fact>
        <Fact name="Users">{count(call.users)}{call.sessions !== call.users && <Text span c="dimmed" size="sm"> in {count(call.sessions)} stays</Text>}</Fact>
      </dl>
    </div>
  );
});

function Fact({ name, copy, children }: { name: string; copy?: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}{copy && <Copy text={copy} label={`Copy ${name.toLowerCase()}`} />}</dd></div>;
}

/** Puts a text on the clipboard and says so for a moment; false where the browser does not allow it. */
function useCopy(): [boolean, (text: string) => void] {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [copied, (text) => {
    void put(text).then((done) => {
      if (!done) return;
      setCopied(true);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setCopied(false), 1500);
    });
  }];
}

// Pages without TLS have no clipboard of their own: an old command does it.
async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function Copy({ text, label }: { text: string; label: string }) {
  const [copied, copy] = useCopy();
  return <ActionIcon size={18} variant="subtle" color="gray" aria-label={copied ? "Copied" : label} onClick={() => copy(text)}>{copied ? <IconCheck size={13} /> : <IconCopy size={13} />}</ActionIcon>;
}

/** The questions behind this page, to ask from elsewhere. */
function Ask({ app, call, session }: { app: number; call: string; session?: string }) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconCode size={15} />} onClick={open}>API</Button>
      <Modal opened={opened} onClose={close} size="xl" title="Ask the API yourself" closeButtonProps={{ "aria-label": "Close" }}>
        <Text size="sm" c="dimmed" mb="sm">Everything on this page comes from these questions. <code>$KEY</code> is an API key of the app. <Anchor href="/api/v1/docs" target="_blank" size="sm">The whole API</Anchor></Text>
        {questions(app, call, session).map((q) => {
          const line = `curl -H "Authorization: Bearer $KEY" "${window.location.origin}${q.path}"`;
          return <div key={q.path} className="curl"><Text size="sm" style={{ gridColumn: "1 / -1" }}>{q.name}</Text><code tabIndex={0}>{line}</code><Copy text={line} label={`Copy: ${q.name}`} /></div>;
        })}
      </Modal>
    </>
  );
}

const Dumps = memo(function Dumps({ app, call }: { app: number; call: CallDetail }) {
  const live = call.status === "active";
  const [opened, setOpened] = useState(false);
  const stays = opened ? call.people.flatMap((who) => who.stays.map((stay) => ({ who, stay }))) : [];
  return (
    <Menu position="bottom-end" withArrow opened={opened} onChange={setOpened}>
      <Menu.Target><Button size="xs" variant="default" leftSection={<IconDownload size={15} />}>Dumps</Button></Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
        <Menu.Label>RTCStatsDump, for the public dump importer</Menu.Label>
        {stays.map(({ who, stay }) => (
          <Menu.Item key={stay.id} component="a" href={dumpAddress(app, call.id, stay.id)} disabled={!stay.hasDump} download>
            {userName(who)} <Text span size="xs" c="dimmed">{clock(stay.start)}{!stay.hasDump && (live || stay.end === null ? ", when the stay is over" : ", not kept")}</Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
});
