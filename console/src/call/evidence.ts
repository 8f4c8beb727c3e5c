// Where to look for what a verdict or an issue rests on: whose page, which part
// of time, which tab. Without these, a sentence is an opinion.
import type { CallDetail, Evidence, Issue, Metric, Session, User, Verdict } from "../api/client";
import { callLink, endsLink, type MediaTab, userLink, userName, userOf } from "./range";

export interface Moment {
  /** Whose figures show it. */
  session: string;
  /** The stay of whoever sent it, where it is about something received and the sender is known. */
  sender?: string;
  range: [number, number];
  tab: MediaTab;
}

// What came before and after is part of the story: half as much again, or 10 s.
const least = 10_000;

function around(from: number, to: number, bounds: [number, number]): [number, number] {
  const margin = Math.max((to - from) / 2, least);
  const start = Math.max(Math.min(from, bounds[1]) - margin, bounds[0]);
  return [start, Math.max(Math.min(to + margin, bounds[1]), Math.min(start + least, bounds[1]))];
}

/** The tab that has a figure: that of the one kind of media it is measured for. */
function tabOf(metric: string, type: string, metrics: Metric[]): MediaTab {
  const kinds = metrics.find((m) => m.id === metric)?.kinds.filter((k) => k === "audio" || k === "video" || k === "screen") ?? [];
  if (kinds.length === 1 && kinds[0] === "audio") return "audio";
  if (kinds.length > 0 && !kinds.includes("audio")) return "video";
  if (/^(video_|low_frame|black_|frozen_|encoder_|simulcast_)/.test(type)) return "video";
  if (/^(audio_|silence_|no_audio|clipping|echo)/.test(type)) return "audio";
  return "all";
}

const overlapping = (user: User, at: number): Session | undefined =>
  user.stays.find((s) => Date.parse(s.start) <= at && (s.end === null || Date.parse(s.end) >= at)) ?? user.stays.at(-1);

/** The user of that id, or failing that of that name. */
export const userNamed = (call: CallDetail, name: string): User | undefined =>
  name ? (call.people.find((u) => u.user === name) ?? call.people.find((u) => u.userName === name)) : undefined;

/** When and where an issue shows. */
export function momentOfIssue(call: CallDetail, i: Issue, metrics: Metric[], bounds: [number, number]): Moment {
  const from = Date.parse(i.start);
  const remote = userNamed(call, i.remoteUser);
  const sender = remote && remote !== userOf(call, i.session) ? overlapping(remote, from)?.id : undefined;
  return {
    session: i.session, sender, range: around(from, i.end ? Date.parse(i.end) : bounds[1], bounds),
    tab: tabOf(i.evidence.find((e) => e.metric)?.metric ?? "", i.type, metrics),
  };
}

/** The issue that a piece of a verdict's evidence is of. */
function issueOf(e: Evidence, issues: Issue[]): Issue | undefined {
  const at = e.at ? Date.parse(e.at) : undefined;
  const of = issues.filter((i) => i.session === e.session && (e.stream === 0 || i.stream === e.stream));
  return of.find((i) => i.evidence.some((x) => x.metric === e.metric && x.event === e.event && x.at === e.at && x.value === e.value))
    ?? of.find((i) => at !== undefined && Date.parse(i.start) <= at && (i.end === null || Date.parse(i.end) >= at));
}

/** When and where a piece of evidence shows; undefined where it names neither a stay nor a time. */
export function momentOfEvidence(call: CallDetail, e: Evidence, issues: Issue[], metrics: Metric[], bounds: [number, number]): Moment | undefined {
  if (!userOf(call, e.session)) return undefined;
  const issue = issueOf(e, issues);
  if (issue) return { ...momentOfIssue(call, issue, metrics, bounds), tab: tabOf(e.metric, issue.type, metrics) };
  if (!e.at) return undefined;
  const at = Date.parse(e.at);
  return { session: e.session, range: around(at, at, bounds), tab: tabOf(e.metric, "", metrics) };
}

/** The page that shows a moment best: both ends where the other is known, else the user's. */
export function momentLink(app: number, call: string, m: Moment): string {
  const to = { range: m.range, tab: m.tab };
  return m.sender ? endsLink(app, call, m.session, m.sender, to) : userLink(app, call, m.session, to);
}

/** The same moment on the call's own charts. */
export const momentOnCall = (app: number, call: string, m: Moment) => callLink(app, call, { session: m.session, range: m.range, tab: m.tab });

/** The evidence of each sentence; what is told to be of none belongs to the first. */
export function bySentence(verdict: Verdict): Evidence[][] {
  const out: Evidence[][] = verdict?.sentences.map(() => []) ?? [];
  for (const e of verdict?.evidence ?? []) (out[Math.max((e.sentence ?? 0) - 1, 0)] ?? out[0])?.push(e);
  return out;
}

/** One range that holds all those moments. */
export function together(moments: Moment[]): [number, number] | undefined {
  if (moments.length === 0) return undefined;
  return [Math.min(...moments.map((m) => m.range[0])), Math.max(...moments.map((m) => m.range[1]))];
}

export interface IssueGroup { key: string; name: string; issues: Issue[]; counts: Record<Issue["severity"], number> }

export const gravity = { low: 0, medium: 1, high: 2 } as const;

/** Issues by whose they are: who has the worst comes first, and of each the worst. */
export function groupIssues(call: CallDetail, issues: Issue[], from: Issue["severity"]): IssueGroup[] {
  const stays = new Map(call.people.flatMap((u) => u.stays.map((s) => [s.id, u] as const)));
  const groups = new Map<string, IssueGroup>();
  for (const i of issues) {
    if (gravity[i.severity] < gravity[from]) continue;
    const user = stays.get(i.session);
    const key = user?.stays[0]?.id ?? i.session;
    let g = groups.get(key);
    if (!g) groups.set(key, g = { key, name: user ? userName(user) : "Someone who is no longer listed", issues: [], counts: { low: 0, medium: 0, high: 0 } });
    g.issues.push(i);
    g.counts[i.severity]++;
  }
  for (const g of groups.values()) g.issues.sort((a, b) => gravity[b.severity] - gravity[a.severity] || Date.parse(a.start) - Date.parse(b.start));
  return [...groups.values()].sort((a, b) => b.counts.high - a.counts.high || b.counts.medium - a.counts.medium || b.counts.low - a.counts.low);
}
