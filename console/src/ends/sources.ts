// Of whom one stay received something: the choices of the page's sender.
import type { Basis, Kind, Match, StreamRow, Trial } from "./told";

/** Somebody, known or not, whose media a stay received. */
export interface Source {
  /** The sender's stay; absent: none of the call's is known to be it. */
  session?: string;
  user: string;
  /** The first of its streams: what names it where neither stay nor user does. */
  stream: number;
  /** How each kind was matched. */
  bases: Partial<Record<Kind, Basis>>;
  /** Received streams by kind. */
  received: Record<Kind, number[]>;
  /** Streams of the sender's stay that they are, by kind. */
  sent: Record<Kind, number[]>;
  /** What did not tell whose it is. */
  tried: Trial[];
}

const isKind = (k: string): k is Kind => k === "audio" || k === "video" || k === "screen";

const none = (): Record<Kind, number[]> => ({ audio: [], video: [], screen: [] });

/**
 * Groups what a stay received by who sent it. What could not be matched is
 * kept apart by connection, and stream by stream where two of one kind came
 * over it at one time, which cannot be one person's.
 */
export function sourcesOf(receiver: string, matches: Match[], streams: StreamRow[]): Source[] {
  const rows = new Map(streams.map((s) => [s.id, s]));
  const mine = matches.filter((m) => m.receiver.session === receiver && isKind(m.kind) && rows.has(m.receiver.stream))
    .sort((a, b) => a.receiver.stream - b.receiver.stream);
  const crowded = new Set<string>();
  const open = mine.filter((m) => !m.sender && !m.user);
  const place = (m: Match) => `${rows.get(m.receiver.stream)?.connection}`;
  for (const a of open) {
    for (const b of open) {
      if (a !== b && a.kind === b.kind && place(a) === place(b) && overlap(rows.get(a.receiver.stream), rows.get(b.receiver.stream))) crowded.add(place(a));
    }
  }
  const out = new Map<string, Source>();
  for (const m of mine) {
    const key = m.sender ? `s${m.sender.session}` : m.user ? `u${m.user}` : crowded.has(place(m)) ? `x${m.receiver.stream}` : `c${place(m)}`;
    let s = out.get(key);
    if (!s) {
      s = { session: m.sender?.session, user: m.user, stream: m.receiver.stream, bases: {}, received: none(), sent: none(), tried: m.tried ?? [] };
      out.set(key, s);
    }
    const kind = m.kind as Kind;
    s.received[kind].push(m.receiver.stream);
    for (const n of m.sender?.streams ?? []) if (!s.sent[kind].includes(n)) s.sent[kind].push(n);
    s.bases[kind] ??= m.basis;
  }
  return [...out.values()];
}

function overlap(a: StreamRow | undefined, b: StreamRow | undefined): boolean {
  return !!a && !!b && Date.parse(a.start) < Date.parse(b.end) && Date.parse(b.start) < Date.parse(a.end);
}

/** What the address names of a sender: its stay, else its user, else one of the received streams. */
export interface Wanted { sender?: string; user?: string; stream?: number }

export function find(sources: Source[], w: Wanted): Source | undefined {
  if (w.sender) return sources.find((s) => s.session === w.sender);
  if (w.user) return sources.find((s) => !s.session && s.user === w.user);
  if (w.stream) return sources.find((s) => Object.values(s.received).some((of) => of.includes(w.stream as number)));
  return undefined;
}

const words: Record<Basis, string> = {
  ssrc: "the received stream has the SSRC of one that the sender's client told",
  track: "both ends told the same track",
  mid: "both ends told the same mid on one connection",
  mapping: "the application, or the adapter of its library, told whose stream it is",
  connection: "the connection joins these two and nobody else",
  only_other: "nobody else was in the call who could have sent it",
  "": "not matched: nothing that either end told says whose it is",
};

const short: Record<Basis, string> = { ssrc: "same SSRC", track: "same track", mid: "same mid", mapping: "told by the application", connection: "peer to peer", only_other: "the only other user", "": "not matched" };

/** How a match was made, in a few words and in a sentence. */
export const basisWords = (b: Basis): { short: string; why: string } => ({ short: short[b] ?? b, why: words[b] ?? `matched by ${b}` });

/** Why nothing told whose a stream is. */
export function trialWords(t: Trial): string {
  const what = short[t.basis] ?? t.basis;
  if (t.contradicts) return `${what}: contradicted by another sign`;
  return t.fits === 0 ? `${what}: nobody` : t.fits === 1 ? `${what}: one, but not surely` : `${what}: ${t.fits} stays fit alike`;
}
