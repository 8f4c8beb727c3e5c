// What the matrix comes to in a sentence, said only where it is so: that one
// sender comes badly to the others, or that one receiver gets everybody badly.
import type { Matrix, MatrixPart } from "../api/match";
import { badness, judged, type Kind, nameOf } from "./words";

export interface Finding {
  text: string;
  /** Whose row or column it is about, as a place in the users; absent: everybody's. */
  user?: number;
  axis: "sender" | "receiver" | "all";
}

interface Way { receiver: number; sender: number; part: MatrixPart }

const heard: Record<Kind, string> = { audio: "heard", video: "seen", screen: "seen on the shared screen" };
const hears: Record<Kind, string> = { audio: "hears", video: "sees", screen: "sees the screens of" };

// From where on "most" is said: three of four, and never of one.
const most = (n: number) => Math.max(2, Math.ceil(0.75 * n));
const bad = (w: Way) => badness[w.part.level] > 0;

function how(ways: Way[]): string {
  const awful = ways.filter((w) => badness[w.part.level] > 1).length;
  return awful * 2 > ways.length ? "badly" : "not well";
}

/** Loss points to the network; stutters without it may be the device's. */
function suspect(ways: Way[], name: string, link: "uplink" | "downlink"): string {
  const lossy = ways.filter((w) => (w.part.loss ?? 0) > 0.05 || w.part.level === "none").length;
  return `probably ${name}’s ${link}${lossy * 2 > ways.length ? "" : " or device"}`;
}

function of(n: number, all: number): string {
  return n === all ? (n === 2 ? "both others" : `all ${n} others`) : `${n} of ${all}`;
}

/** What is so of one kind. */
function ofKind(m: Matrix, kind: Kind): Finding[] {
  const ways: Way[] = m.cells.flatMap((c) => {
    const part = c[kind];
    return judged(part) && c.receiver !== c.sender ? [{ receiver: c.receiver, sender: c.sender, part }] : [];
  });
  const wrong = ways.filter(bad);
  const users = new Set(ways.flatMap((w) => [w.receiver, w.sender]));
  if (users.size > 2 && ways.length > 3 && wrong.length >= most(ways.length)) {
    return [{ axis: "all", text: `Most ${kind === "audio" ? "hear" : "see"} each other ${how(wrong)} (${wrong.length} of ${ways.length} ways): probably what all have in common, the server or its network` }];
  }
  const out: Finding[] = [];
  for (const user of users) {
    const name = nameOf(m.users[user]);
    const sent = ways.filter((w) => w.sender === user);
    const lost = sent.filter(bad);
    // The receivers get others well: it is not them.
    const fine = lost.filter((w) => ways.some((o) => o.receiver === w.receiver && o.sender !== user && !bad(o)));
    if (lost.length >= most(sent.length) && fine.length * 2 > lost.length) {
      out.push({ axis: "sender", user, text: `${name} is ${how(lost) === "badly" ? `${heard[kind]} badly` : `not ${heard[kind]} well`} by ${of(lost.length, sent.length)}: ${suspect(lost, name, "uplink")}` });
    }
    const got = ways.filter((w) => w.receiver === user);
    const missed = got.filter(bad);
    // Others get the same senders well: it is not those.
    const elsewhere = missed.filter((w) => ways.some((o) => o.sender === w.sender && o.receiver !== user && !bad(o)));
    if (missed.length >= most(got.length) && elsewhere.length * 2 > missed.length) {
      const whom = missed.length === got.length ? (got.length === 2 ? "both others" : "everyone") : `${missed.length} of ${got.length}`;
      out.push({ axis: "receiver", user, text: how(missed) === "badly" ? `${name} ${hears[kind]} ${whom} badly: ${suspect(missed, name, "downlink")}` : `${name} does not ${hears[kind].replace(/s( |$)/, "$1")} ${whom} well: ${suspect(missed, name, "downlink")}` });
    }
  }
  return out;
}

/** The sentences that hold, those of sound first. */
export function findings(m: Matrix, kinds: Kind[]): Finding[] {
  const all = kinds.map((k) => ofKind(m, k));
  // Heard and seen badly for the same reason is one sentence, not two.
  return all.flat().filter((f, i, list) => list.findIndex((g) => g.axis === f.axis && g.user === f.user) === i || f.axis === "all");
}

/** How many ways between two users are how good. */
export function counts(m: Matrix, kinds: Kind[]): Record<MatrixPart["level"], number> {
  const n = { good: 0, fair: 0, poor: 0, none: 0, muted: 0, unknown: 0 };
  for (const c of m.cells) for (const k of kinds) { const p = c[k]; if (p) n[p.level]++; }
  return n;
}

/** The users' places in the order in which their rows and columns stand. */
export function places(m: Matrix, kinds: Kind[], sort: "join" | "worst"): number[] {
  const order = m.users.map((_, i) => i);
  if (sort === "join") return order;
  const weight = m.users.map(() => 0);
  for (const c of m.cells) {
    for (const k of kinds) {
      const p = c[k];
      if (!p) continue;
      const w = badness[p.level] && badness[p.level] + (p.stutterShare ?? 0) + (p.loss ?? 0);
      weight[c.receiver] = (weight[c.receiver] ?? 0) + w;
      weight[c.sender] = (weight[c.sender] ?? 0) + w;
    }
  }
  return order.sort((a, b) => (weight[b] ?? 0) - (weight[a] ?? 0) || a - b);
}
