import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { memo } from "react";
import { Link, useNavigate } from "react-router";
import type { User } from "../api/client";
import { clock, dateTime, duration, initials, none } from "../format";
import { userColor } from "../theme";
import { browserOf, type Person, sdkOf } from "./people";
import { userLink } from "./range";
import { noScore, scoreAlone, scoreBand } from "./Score";
import { StayBar } from "./StayBar";

export interface UserRowProps {
  person: Person;
  app: number;
  call: string;
  /** What the stay bar covers. */
  from: number;
  to: number;
  now: number;
  scheme: "light" | "dark";
  selected: boolean;
  /** In the charts. */
  shown: boolean;
  /** Whether that can be changed; undefined where everyone is in them. */
  choice?: boolean;
  onToggle: (key: string) => void;
}

export const rowHeight = 54;
export const cardHeight = 116;

/** The columns of the list. */
export const widths = (choosing: boolean) =>
  `${choosing ? "18px " : ""}minmax(140px, 1.5fr) minmax(104px, 1fr) 82px minmax(70px, 0.8fr) minmax(90px, 1fr) 84px 80px minmax(104px, 1.1fr) 74px minmax(78px, 0.8fr)`;

const same = (a: UserRowProps, b: UserRowProps) =>
  a.shown === b.shown && a.choice === b.choice && a.selected === b.selected && a.scheme === b.scheme && a.from === b.from && a.to === b.to && a.call === b.call && a.onToggle === b.onToggle
  // A user who left changes no more with the clock; of the others the duration does.
  && a.person.user === b.person.user && a.person.worst === b.person.worst && a.person.reasons === b.person.reasons && (a.person.user.lastOut !== null || a.now === b.now);

function link(p: UserRowProps): string {
  const stay = p.person.user.stays.at(-1)?.id ?? p.person.key;
  return userLink(p.app, p.call, stay);
}

const segmentsOf = (u: User) => u.stays.map((s) => ({ start: Date.parse(s.start), end: s.end ? Date.parse(s.end) : null }));

function stayed(u: User, now: number): number {
  // Of who is still there the server's figure is as old as the answer.
  const last = u.stays.at(-1);
  return u.lastOut === null && last ? Math.max(u.stayMs, u.stays.length === 1 ? now - Date.parse(last.start) : u.stayMs) : u.stayMs;
}

/** Up: has sent. Down: has received. The colours are the guide's, the words are for who does not see them. */
function Arrows({ user }: { user: User }) {
  const words = [user.sends && "has sent media", user.receives && "has received media"].filter(Boolean).join(", ") || "has sent and received nothing";
  return (
    <span className="userlist-arrows" title={words}>
      {user.sends && <IconArrowUp size={15} stroke={2.4} color="#1a9e5f" aria-hidden />}
      {user.receives && <IconArrowDown size={15} stroke={2.4} color="#d59a00" aria-hidden />}
      <span className="sr-only">{words}</span>
    </span>
  );
}

function ScoreMark({ person }: { person: Person }) {
  const { score } = person.user;
  if (score === null) return <span className="userlist-score" title={noScore}>{none}</span>;
  const { word, color } = scoreBand(score);
  const why = person.reasons.length ? `${word}, lowered by\n${person.reasons.map((r) => `−${r.points.toFixed(1)} ${r.text}`).join("\n")}` : scoreAlone(score);
  return <span className="userlist-score" data-color={color} title={why} role="img" aria-label={`Score ${score.toFixed(1)} of 10, ${word}`}>{score.toFixed(1)}</span>;
}

function Worst({ person }: { person: Person }) {
  return person.worst
    ? <><span className="level" data-level={person.worst.severity} role="img" aria-label={`worst issue, severity ${person.worst.severity}:`} /> {person.worst.label}</>
    : <>{person.user.score === null ? "" : "no issue"}</>;
}

function Name(p: UserRowProps) {
  const { user, name, index } = p.person;
  const more = user.stays.length > 1 ? `${user.stays.length} stays` : "";
  const id = user.userName && user.user && user.userName !== user.user ? user.user : !user.user && !user.userName ? "told no user id" : "";
  return (
    <div className="userlist-name">
      <span className="userlist-avatar" aria-hidden style={{ borderColor: userColor(index, p.scheme) }}>{initials(name)}</span>
      <div style={{ minWidth: 0 }}>
        <Link to={link(p)} className="userlist-line" dir="auto" onClick={(e) => e.stopPropagation()} title={name}>{name}</Link>
        {(id || more) && <small>{[id, more].filter(Boolean).join(" · ")}</small>}
      </div>
    </div>
  );
}

function Check(p: UserRowProps) {
  return (
    <input type="checkbox" className="userlist-check" checked={p.shown} disabled={!p.choice} aria-label={`${p.person.name} in the charts`} title={p.shown ? "In the charts" : p.choice ? "Add to the charts" : "Untick another first"}
      onChange={() => p.onToggle(p.person.key)} onClick={(e) => e.stopPropagation()} />
  );
}

/** A user on a desk: the columns of both guides, with score and worst issue. */
export const UserRow = memo(function UserRow(p: UserRowProps) {
  const { user, role } = p.person;
  const navigate = useNavigate();
  const first = user.stays[0];
  const last = user.stays.at(-1);
  if (!first || !last) return null;
  const os = [user.device, user.os].filter(Boolean).join(", ");
  return (
    // The row opens the user's page for the mouse; the keyboard has the link in it.
    <div className="userlist-grid userlist-row" data-selected={p.selected} style={{ gridTemplateColumns: widths(p.choice !== undefined), height: rowHeight }} onClick={() => void navigate(link(p))}>
      {p.choice !== undefined && <div role="cell">{Check(p)}</div>}
      <div role="cell" className="userlist-cell">{Name(p)}</div>
      <div role="cell" className="userlist-cell"><ScoreMark person={p.person} /><small title={p.person.worst?.label}><Worst person={p.person} /></small></div>
      <div role="cell" className="userlist-cell"><span className="userlist-line" style={{ overflow: "visible" }}><Arrows user={user} />{role}</span>{user.role && <small title={user.role}>{user.role}</small>}</div>
      <div role="cell" className="userlist-cell"><span className="userlist-line" title={user.region}>{user.region || none}</span>{user.carrier && <small title={user.carrier}>{user.carrier}</small>}</div>
      <div role="cell" className="userlist-cell"><StayBar stays={segmentsOf(user)} bounds={[p.from, p.to]} now={p.now} /></div>
      <div role="cell" className="userlist-cell num" title={`${dateTime(first.start)} – ${user.lastOut ? dateTime(user.lastOut) : "still there"}`}>{clock(first.start)}<small>{user.lastOut ? `– ${clock(user.lastOut)}` : "– now"}</small></div>
      <div role="cell" className="userlist-cell num" style={{ textAlign: "right" }}>{duration(stayed(user, p.now), true)}</div>
      <div role="cell" className="userlist-cell"><span className="userlist-line" title={user.stays.at(-1)?.userAgent}>{browserOf(user) || user.device || none}</span>{os && browserOf(user) && <small title={os}>{os}</small>}</div>
      <div role="cell" className="userlist-cell"><span className="userlist-line">{user.network || none}</span>{user.relay && <small title="A connection goes through a TURN relay">relayed</small>}</div>
      <div role="cell" className="userlist-cell"><span className="userlist-line" title={user.sdkVersion}>{user.sdkVersion || none}</span><small title={`${user.sdk} ${user.protocol}`}>{sdkOf(user)}</small></div>
    </div>
  );
}, same);

/** A user on a phone. */
export const UserCard = memo(function UserCard(p: UserRowProps) {
  const { user, role } = p.person;
  const navigate = useNavigate();
  const first = user.stays[0];
  if (!first) return null;
  return (
    <div className="userlist-card" data-selected={p.selected} style={{ height: cardHeight }} onClick={() => void navigate(link(p))}>
      <div style={{ display: "flex", alignItems: "center", gap: 8, minWidth: 0 }}>
        {p.choice !== undefined && Check(p)}
        <div style={{ flex: 1, minWidth: 0 }}>{Name(p)}</div>
        <span style={{ whiteSpace: "nowrap", fontSize: 12 }}><Arrows user={user} />{role}</span>
        <ScoreMark person={p.person} />
      </div>
      <StayBar stays={segmentsOf(user)} bounds={[p.from, p.to]} now={p.now} />
      <div className="userlist-cell num" style={{ fontSize: 12, whiteSpace: "nowrap", overflow: "hidden", textOverflow: "ellipsis" }}>
        {clock(first.start)} – {user.lastOut ? clock(user.lastOut) : "now"}, {duration(stayed(user, p.now), true)}{(p.person.worst) && <> · <Worst person={p.person} /></>}
      </div>
      <div className="userlist-cell"><small>{[user.region, user.carrier, browserOf(user), user.os, user.network, [sdkOf(user), user.sdkVersion].filter(Boolean).join(" ")].filter(Boolean).join(" · ") || none}</small></div>
    </div>
  );
}, same);
