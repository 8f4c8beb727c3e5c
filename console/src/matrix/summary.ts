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

/** "heard", "heard and seen": what of a user is perceived. */
const perceived: Record<Kind, [is: string, does: string]> = { audio: ["heard", "hear"], video: ["seen", "see"], screen: ["followed on the screen", "follow the screen of"] };

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

/** What is so of one user and kind, before it is put into words. */
interface Bad { axis: "sender" | "receiver"; user: number; kind: Kind; lost: Way[]; of: number }

function waysOf(m: Matrix, kind: Kind): Way[] {
  return m.cells.flatMap((c) => {
    const part = c[kind];
    return judged(part) && c.receiver !== c.sender ? [{ receiver: c.receiver, sender: c.sender, part }] : [];
  });
}

/** Rows and columns of one kind that are bad where others are good; all where most is bad. */
function ofKind(ways: Way[], kind: Kind): Bad[] | "all" {
  const wrong = ways.filter(bad);
  const users = new Set(ways.flatMap((w) => [w.receiver, w.sender]));
  if (users.size > 2 && ways.length > 3 && wrong.length >= most(ways.length)) return "all";
  const out: Bad[] = [];
  for (const user of users) {
    const sent = ways.filter((w) => w.sender === user);
    const lost = sent.filter(bad);
    // The receivers get others well: it is not them.
    const fine = lost.filter((w) => ways.some((o) => o.receiver === w.receiver && o.sender !== user && !bad(o)));
    if (lost.length >= most(sent.length) && fine.length * 2 > lost.length) out.push({ axis: "sender", user, kind, lost, of: sent.length });
    const got = ways.filter((w) => w.receiver === user);
    const missed = got.filter(bad);
    // Others get the same senders well: it is not those.
    const elsewhere = missed.filter((w) => ways.some((o) => o.sender === w.sender && o.receiver !== user && !bad(o)));
    if (missed.length >= most(got.length) && elsewhere.length * 2 > missed.length) out.push({ axis: "receiver", user, kind, lost: missed, of: got.length });
  }
  return out;
}

/** Heard and seen badly by as many is one sentence. */
function sentence(m: Matrix, parts: Bad[]): Finding {
  const [first] = parts as [Bad];
  const name = nameOf(m.users[first.user]);
  const ways = parts.flatMap((p) => p.lost);
  const badly = how(ways) === "badly";
  const what = (i: 0 | 1) => parts.map((p) => perceived[p.kind][i]);
  const n = first.lost.length;
  const text = first.axis === "sender"
    ? `${name} is ${badly ? `${what(0).join(" and ")} badly` : `not ${what(0).join(" or ")} well`} by ${of(n, first.of)}: ${suspect(ways, name, "uplink")}`
    : `${name} ${badly ? `${what(1).map((w) => w.replace(/^\w+/, "$&s")).join(" and ")} ${whom(n, first.of)} badly` : `does not ${what(1).join(" or ")} ${whom(n, first.of)} well`}: ${suspect(ways, name, "downlink")}`;
  return { axis: first.axis, user: first.user, text };
}

const whom = (n: number, all: number) => (n === all ? (all === 2 ? "both others" : "everyone") : `${n} of ${all}`);

/** The sentences that hold, those of sound first. */
export function findings(m: Matrix, kinds: Kind[]): Finding[] {
  const out: Finding[] = [];
  const found: Bad[] = [];
  for (const kind of kinds) {
    const ways = waysOf(m, kind);
    const told = ofKind(ways, kind);
    if (told !== "all") { found.push(...told); continue; }
    const wrong = ways.filter(bad);
    out.push({ axis: "all", text: `Most ${perceived[kind][1]} each other ${how(wrong)} (${wrong.length} of ${ways.length} ways): probably what all have in common, the server or its network` });
  }
  while (found.length > 0) {
    const first = found[0] as Bad;
    const same = (b: Bad) => b.axis === first.axis && b.user === first.user && b.lost.length === first.lost.length && b.of === first.of;
    out.push(sentence(m, found.filter(same)));
    found.splice(0, found.length, ...found.filter((b) => !same(b)));
  }
  return out;
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
