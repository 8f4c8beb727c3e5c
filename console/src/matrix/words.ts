// What the matrix says in words: levels, what tells whose a stream is, figures.
import type { MatchTrial, Matrix, MatrixCell, MatrixPart, MatrixUser } from "../api/match";
import { apart, figure } from "../format";

export type Level = MatrixPart["level"];
export type Kind = "audio" | "video" | "screen";
export type Basis = MatrixPart["basis"];

export const kinds: Kind[] = ["audio", "video", "screen"];

export const kindNames: Record<Kind, string> = { audio: "Audio", video: "Video", screen: "Screen" };

/** What each level is called and means, the worst first; each has a sign of its own, so that colour is not needed. */
export const levels: Record<Level, { name: string; sign: string; means: string }> = {
  none: { name: "Nothing came", sign: "✕", means: "It was sent, or ought to have been, and nothing came" },
  poor: { name: "Poor", sign: "!", means: "Stutters (audio from 5 %, video from 10 % of the time), or 20 % of the packets lost" },
  fair: { name: "Fair", sign: "~", means: "Stutters (audio from 3 %, video from 5 % of the time), more than 5 % of the packets lost, or more than 400 ms late" },
  good: { name: "Good", sign: "✓", means: "Below all of these" },
  muted: { name: "Muted or not sent", sign: "–", means: "Nothing was sent, or it was not to be played: muted, held, or the page hidden all the time" },
  unknown: { name: "Not measured", sign: "?", means: "The receiver told nothing by which it could be judged" },
};

/** What tells whose a received stream is. */
export const basisWords: Record<Basis, string> = {
  ssrc: "the same SSRC at both ends",
  track: "the same track at both ends",
  mid: "the same mid at both ends of their connection",
  mapping: "the application told whose it is",
  connection: "it came over a connection between the two",
  only_other: "nobody else was there",
  "": "nothing",
};

export const nameOf = (u: Pick<MatrixUser, "user" | "userName"> | undefined): string => apart(u?.userName || u?.user || "Anonymous");

/** How bad a level is; what is not a matter of quality counts as nothing. */
export const badness: Record<Level, number> = { none: 3, poor: 2, fair: 1, good: 0, muted: 0, unknown: 0 };

/** Whether a part was measured, so that it is good or bad. */
export const judged = (p: MatrixPart | null): p is MatrixPart => p !== null && p.level !== "unknown" && p.level !== "muted";

/** What stands in a cell for a screen reader. */
export function cellText(m: Matrix, cell: MatrixCell | undefined, receiver: number, sender: number, shown: Kind[]): string {
  const who = `${nameOf(m.users[receiver])} receives ${nameOf(m.users[sender])}`;
  if (receiver === sender && !cell) return `${nameOf(m.users[receiver])}, themselves`;
  const parts = shown.flatMap((k) => {
    const p = cell?.[k];
    return p ? [`${kindNames[k].toLowerCase()} ${levels[p.level].name.toLowerCase()}${p.reason ? `, ${p.reason}` : ""}`] : [];
  });
  return `${who}: ${parts.length ? parts.join("; ") : "nothing"}`;
}

/** The figure that counts most, for a cell with room for one. */
export function partShort(p: MatrixPart): string | undefined {
  if (p.level === "muted") return "muted";
  if (p.level === "unknown") return undefined;
  if (p.level === "none") return "nothing";
  const stutter = p.stutterShare ?? 0;
  const loss = p.loss ?? 0;
  if (stutter < 0.0005 && loss < 0.0005) return p.reason || "clean";
  return stutter >= loss ? `${figure(stutter, "ratio")} stutters` : `${figure(loss, "ratio")} lost`;
}

/** The figures of a part, each with its name. */
export function partFigures(p: MatrixPart): [string, string][] {
  return [
    ["In stutters", figure(p.stutterShare, "ratio")],
    ["Packet loss", figure(p.loss, "ratio")],
    ["Bit rate", figure(p.bitrate, "bit/s")],
    ["Delay", figure(p.delay, "ms")],
  ];
}

function names(list: string[], all: number): string {
  const more = all - list.length;
  if (list.length === 0) return "";
  return more > 0 ? `${list.join(", ")} and ${more} more` : list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list.at(-1)}` : (list[0] as string);
}

/** What was looked at in vain, or what contradicts something else, to find a stream's sender. */
export function trialText(t: MatchTrial, whose: (session: string) => string): string {
  const seen = [...new Set(t.sessions.map(whose))];
  const who = names(seen, Math.max(t.fits - t.sessions.length, 0) + seen.length);
  if (t.contradicts) {
    return t.basis === "mapping" ? `the application said that it is ${who}’s`
      : t.basis === "connection" ? `its connection was said to lead to ${who}`
        : `${who} sends a stream with its ${t.basis === "ssrc" ? "SSRC" : t.basis}`;
  }
  switch (t.basis) {
    case "ssrc":
      return t.fits === 0 ? "nobody here sends its SSRC" : who ? `${who} send its SSRC at the same time` : "only the receiver’s own side sends its SSRC";
    case "track":
      return t.fits === 0 ? "nobody here sends its track" : who ? `${who} send a track of that name` : "only the receiver’s own side sends a track of that name";
    case "only_other":
      return t.fits === 0 ? "nobody else sent data in this call" : t.fits === 1 ? `${who || "the only other user"} was the only other one, and does not send as much` : "more than one other was there";
    case "mapping":
    case "connection":
      return t.fits === 0 ? "who was named is not in this call" : `several fit who was named: ${who}`;
    default:
      return "its mid tells nothing";
  }
}
