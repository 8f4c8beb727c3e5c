import { Alert, Anchor, Button, Group, Menu, Paper, Select, Skeleton, Text } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { IconChevronDown } from "@tabler/icons-react";
import { createContext, memo, useContext, useMemo, useState } from "react";
import { Link } from "react-router";
import type { CallDetail, Samples, Session, SessionDetail, User } from "../../api/client";
import { markOf, useHappeningTypes } from "../../api/events";
import { useDots, useFlow, useSenders, useStays } from "../../api/quality";
import { Chart, type Mark } from "../../chart/Chart";
import { clock } from "../../format";
import { useScheme, userColor } from "../../theme";
import { endsLink, type MediaTab, type Side, userIndex, userLink, userName, type View } from "../range";
import { Score } from "../Score";
import { flowOf } from "./first";
import { type Flow, flow, type Party } from "./lines";

interface CardProps {
  app: number;
  call: CallDetail;
  who: User;
  side: Side;
  tab: MediaTab;
  /** The part of the call that is looked at, where it is not the whole, once it rests. */
  asked?: [number, number];
  /** How many points a line has room for. */
  points: number;
  /** One of those that a window has room for: what it shows is on the way already. */
  first: boolean;
  bounds: [number, number];
  setView: (v: Partial<View>) => void;
}

const within = (range: [number, number], bounds: [number, number]): [number, number] => [Math.max(range[0], bounds[0]), Math.min(range[1], bounds[1])];

// Who speaks the loudest changes all the time: dots of it would hide the others.
const noise = new Set(["dominant_speaker"]);

const sideWords = { receive: { did: "received", title: "Bit rate received" }, send: { did: "sent", title: "Bit rate sent" } };

/** The range at this moment: it moves with wheel and fingers, and nothing but the charts moves with it. */
export const Moving = createContext<{ range: [number, number]; onRange: (range: [number, number]) => void }>({ range: [0, 1], onRange: () => {} });

/** One user: who they are, and what they received or sent. Far from sight a card is only its name. */
export const Card = memo(function Card(props: CardProps) {
  const { call, who, side } = props;
  const { ref, entry } = useIntersection({ rootMargin: "400px" });
  const inSight = entry?.isIntersecting ?? props.first;
  const [near, setNear] = useState(inSight);
  if (inSight && !near) setNear(true); // what was seen once stays
  const scheme = useScheme();
  return (
    <Paper ref={ref} component="section" aria-label={`${userName(who)} ${sideWords[side].did}`} p="md" pb="xs" className="flow-card" data-far={!near || undefined}>
      {near
        ? <Body {...props} inSight={inSight} scheme={scheme} />
        : <div className="flow-head"><Name call={call} who={who} scheme={scheme} /></div>}
    </Paper>
  );
});

function Name({ call, who, scheme }: { call: CallDetail; who: User; scheme: "light" | "dark" }) {
  return (
    <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
      <span className="flow-dot" style={{ background: userColor(userIndex(call, who), scheme) }} aria-hidden="true" />
      <Text fw={600} size="sm" truncate dir="auto" component="h4" m={0}>{userName(who)}</Text>
      <Score value={who.score} />
    </Group>
  );
}

const Body = memo(function Body({ app, call, who, side, tab, asked, points, bounds, setView, inSight, scheme }: CardProps & { inSight: boolean; scheme: "light" | "dark" }) {
  const sessions = useMemo(() => who.stays.map((s) => s.id), [who.stays]);

  // What left the sight keeps its picture, and is asked for again when it comes back.
  const samples = useFlow(app, call.id, sessions, side, { ...flowOf(call, asked, bounds, points), wanted: inSight });
  const matches = useSenders(app, call.id, sessions, side === "receive" && inSight);
  const told = side === "send" || matches.data !== undefined || matches.isError;
  const senders = useMemo(() => new Map((matches.data ?? []).map((m) => [`${m.receiver.session}.${m.receiver.stream}`, m.user ?? ""])), [matches.data]);
  // The streams themselves tell what was sent in layers and from when on, and more where figures tell too little.
  const [little, setLittle] = useState(false);
  const stays = useStays(app, call.id, sessions, inSight && (side === "send" || little));
  const dots = useDots(app, call.id, sessions, inSight && samples.data !== undefined);
  const types = useHappeningTypes(dots.data !== undefined);
  const [only, setOnly] = useState<string | undefined>(undefined);

  const streams = useMemo(() => stays.data?.flatMap((s) => s.streams), [stays.data]);
  const ready = told && (side === "receive" || streams !== undefined);
  const known: Flow | undefined = useMemo(
    () => (ready && samples.data ? flow({ call, who, side, tab, streams, samples: samples.data, senders, only, range: within(samples.data.range ?? bounds, bounds), scheme }) : undefined),
    // The call's end moves each second while it goes on: the figures move with their own answer.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [call, who, side, tab, ready, streams, samples.data, senders, only, scheme],
  );
  if (known && !little && (known.series.length === 0 || known.parties.some((p) => p.user === ""))) setLittle(true);
  const marks: Mark[] = useMemo(() => {
    if (types.isLoading) return []; // dots do not change their looks a moment later
    const looks = new Map((types.data ?? []).map((t) => [t.type, t]));
    return (dots.data ?? []).filter((h) => !noise.has(h.type)).map((h) => ({ ...markOf(h, looks.get(h.type), scheme), label: h.cause ? `${h.label}: ${h.cause.replaceAll("_", " ")}` : h.label }));
  }, [dots.data, types.data, types.isLoading, scheme]);
  const open = (m: Mark) => {
    const [session, index] = m.id.split("/");
    setView(index && index !== "0" ? { view: "trace", session, event: `${session}/${index}` } : { view: "events", session });
  };

  const error = (side === "send" ? stays.error : null) ?? samples.error;
  const name = userName(who);
  return (
    <>
      <div className="flow-head">
        <Name call={call} who={who} scheme={scheme} />
        <Group gap={6} wrap="nowrap" style={{ flex: "none" }}>
          {side === "receive" && (known?.parties.length ?? 0) > 1 && (
            <Select size="xs" className="flow-sender" aria-label={`Senders shown for ${name}`} clearable placeholder="All senders" searchable={(known?.parties.length ?? 0) > 8}
              value={only ?? null} onChange={(v) => setOnly(v ?? undefined)} data={(known as Flow).parties.map((p) => ({ value: p.user, label: p.name }))} />
          )}
          <Details app={app} call={call} who={who} side={side} rows={samples.data?.series ?? []} parties={known?.parties ?? []} senders={senders} range={asked} tab={tab} />
        </Group>
      </div>
      <Text size="xs" c="dimmed" mt={4} mb={8} lineClamp={2}>{about(who)}</Text>
      {error
        ? <Alert color="red" title="The figures could not be read">{error.message}</Alert>
        : !known
          ? <Skeleton h={250} animate={false} />
          : <Drawn known={known} side={side} tab={tab} bounds={bounds} marks={marks} onMark={open} none={stays.data || stays.error ? <Nothing app={app} call={call} who={who} side={side} tab={tab} stays={stays.data ?? []} /> : <Skeleton h={120} animate={false} />} />}
      {known?.parties.some((p) => p.user === "") && (
        <Text size="xs" c="dimmed">Unknown sender: nothing told whose these streams are. An SFU gives streams names of its own; its adapter, or the application, can say who sent them.</Text>
      )}
    </>
  );
});

const help = {
  receive: "What arrived of each sender, summed over its streams. Red combs are freezes: of the picture upwards, of the sound downwards. Shaded is what lies between the least and the greatest value of each point.",
  send: "What was sent, simulcast layers and copies for several receivers added up. Red combs: receivers report more than 5 % loss, jitter above 50 ms (audio) or 100 ms (video), or the network held the bit rate down for more than half of the time.",
};
const burrNames = { receive: "Stood still or was silent", send: "Network in the way: loss, jitter or a bit rate held down" };
const halves: [string, string] = ["▲ Video, screen", "▼ Audio"];

function Drawn({ known, side, tab, bounds, marks, onMark, none }: { known: Flow; side: Side; tab: MediaTab; bounds: [number, number]; marks: Mark[]; onMark: (m: Mark) => void; none: React.ReactNode }) {
  const { range, onRange } = useContext(Moving);
  if (known.series.length === 0) return none;
  return (
    <Chart title={sideWords[side].title} unit="bit/s" series={known.series} burrs={known.burrs} absent={known.absent} marks={marks} onMark={onMark} range={range} bounds={bounds} onRange={onRange}
      cursor="call" height={210} atLeast={20_000} sides={tab === "all" ? halves : undefined} burrName={burrNames[side]} help={help[side]} />
  );
}

/** SDK, version, platform, device and browser. */
function about(u: User): string {
  const browser = [u.browser, u.browserVersion.split(".")[0]].filter(Boolean).join(" ");
  return [`SDK ${[u.sdk || u.protocol, u.sdkVersion].filter(Boolean).join(" ")}`, u.os, [u.device, browser].filter(Boolean).join(" / ")].filter(Boolean).join(" · ");
}

const kindWords = { all: "audio, video or screen", video: "video", audio: "audio", screen: "screen" };

/** Why there is nothing to draw, and what to do. */
function Nothing({ app, call, who, side, tab, stays }: { app: number; call: CallDetail; who: User; side: Side; tab: MediaTab; stays: SessionDetail[] }) {
  const { range } = useContext(Moving);
  const name = userName(who);
  const present = who.stays.some((s) => Date.parse(s.start) < range[1] && (!s.end || Date.parse(s.end) > range[0]));
  const streams = stays.flatMap((s) => s.streams);
  const of = streams.filter((s) => s.direction === side && (tab === "all" ? s.kind !== "transport" && s.kind !== "client" : s.kind === tab));
  const trace = <Anchor component={Link} size="sm" to={userLink(app, call.id, who.stays.at(-1)?.id ?? "")}>{name}'s page</Anchor>;
  const other = side === "receive" ? "sent" : "received";
  const text = !present ? `${name} was not in the room in this range.`
    : streams.length === 0 ? <>No statistics came from {name}: the client told of events only, or its connection never stood. What it did is on {trace}.</>
    : of.length > 0 ? `Nothing was measured of ${name} in this range.`
    : <>{name} {sideWords[side].did} no {kindWords[tab]}{(side === "receive" ? who.sends : who.receives) ? `, and only ${other}` : ""}. More on {trace}.</>;
  return <div className="flow-nothing"><Text size="sm" c="dimmed" ta="center" component="div">{text}</Text></div>;
}

/** The stay of a user that saw most of another stay; its last where none did. */
export function besides(user: User, stay: Pick<Session, "start" | "end">): string | undefined {
  const end = (s: Pick<Session, "start" | "end">) => (s.end ? Date.parse(s.end) : Number.MAX_SAFE_INTEGER);
  const shared = (s: Session) => Math.min(end(s), end(stay)) - Math.max(Date.parse(s.start), Date.parse(stay.start));
  return [...user.stays].sort((a, b) => shared(b) - shared(a))[0]?.id;
}

/** The ways to the two ends, and to the user alone. */
function Details({ app, call, who, side, rows, parties, senders, range, tab }: { app: number; call: CallDetail; who: User; side: Side; rows: Samples["series"]; parties: Party[]; senders: Map<string, string>; range?: [number, number]; tab: MediaTab }) {
  const last = who.stays.at(-1);
  if (!last) return null;
  const view = { range, tab };
  const user = <Menu.Item component={Link} to={userLink(app, call.id, last.id, { ...view, side })}>Everything of {userName(who)}</Menu.Item>;
  return (
    <Menu position="bottom-end" withArrow shadow="md">
      <Menu.Target><Button size="xs" px="sm" variant="default" rightSection={<IconChevronDown size={14} />} style={{ flex: "none" }}>View details</Button></Menu.Target>
      <Menu.Dropdown mah={400} style={{ overflowY: "auto" }}>
        {side === "receive"
          ? <>
              <Menu.Label>Select sender to view details</Menu.Label>
              {parties.map((p) => {
                const from = rows.find((r) => r.direction === "receive" && (senders.get(`${r.session}.${r.stream}`) ?? "") === p.user);
                const stay = who.stays.find((s) => s.id === from?.session) ?? last;
                const person = call.people.find((u) => u.user === p.user && p.user !== "");
                const sender = person && besides(person, stay);
                const stranger = !person && p.user ? `&remote=${encodeURIComponent(p.user)}` : "";
                return (
                  <Menu.Item key={p.user} component={Link} to={endsLink(app, call.id, stay.id, sender, view) + stranger} leftSection={<span className="flow-dot" style={{ background: p.color }} />}>
                    {p.name}{!person && <Text span size="xs" c="dimmed"> receiver's half only</Text>}
                  </Menu.Item>
                );
              })}
              {parties.length === 0 && <Menu.Item disabled>Nobody was received</Menu.Item>}
            </>
          : <>
              <Menu.Label>From end to end</Menu.Label>
              {who.stays.map((s, i) => <Menu.Item key={s.id} component={Link} to={endsLink(app, call.id, "", s.id, view)}>What {userName(who)} sent{who.stays.length > 1 ? `, stay ${i + 1} from ${clock(s.start)}` : ""}</Menu.Item>)}
            </>}
        <Menu.Divider />
        {user}
      </Menu.Dropdown>
    </Menu>
  );
}
