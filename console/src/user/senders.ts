// Whose each received stream is, as the page names it.
import type { CallDetail, Stream } from "../api/client";
import { endsLink, userName, userOf, type View } from "../call/range";
import { userNamed } from "../call/evidence";
import { basisWords } from "../ends/sources";
import type { Match } from "../ends/told";

export interface Sender {
  name: string;
  /** The sender's stay, where the call has it. */
  session?: string;
  /** What tells so. */
  basis: string;
}

/** By the number of the received stream; what nobody is known to send is not in it. */
export function sendersOf(call: CallDetail, session: string, streams: Stream[], matches: Match[]): Map<number, Sender> {
  const out = new Map<number, Sender>();
  for (const s of streams) {
    if (s.direction !== "receive" || !s.remoteUser) continue;
    const user = userNamed(call, s.remoteUser);
    out.set(s.id, { name: user ? userName(user) : s.remoteUser, basis: "" });
  }
  for (const m of matches) {
    if (m.receiver.session !== session) continue;
    const user = userOf(call, m.sender?.session) ?? userNamed(call, m.user);
    const name = user ? userName(user) : m.user;
    if (!name && !m.sender) continue;
    out.set(m.receiver.stream, { name: name || "Anonymous", session: m.sender?.session, basis: `Who sends it: ${basisWords(m.basis).why}` });
  }
  return out;
}

/** The page of two ends, of a received stream; of what a stay sends without a receiver. */
export function bothEnds(app: number, call: string, session: string, stream: { id: number; direction: string }, sender: Sender | undefined, v: Partial<View>): string {
  if (stream.direction === "send") return `${endsLink(app, call, "", undefined, v).replace(/&receiver=$/, "")}&sender=${session}`;
  return `${endsLink(app, call, session, sender?.session, v)}${sender?.session ? "" : `&stream=${stream.id}`}`;
}
