// The rows of the user list: what is shown of each, found by and ordered by.
import type { CallDetail, Issue, Outcome, Reason, User } from "../api/client";
import { gravity } from "./evidence";
import { userKey, userName } from "./range";

export interface Person {
  user: User;
  key: string;
  /** Place by first join: its colour. */
  index: number;
  name: string;
  role: "Anchor" | "Audience" | "–";
  /** What lowered the score, of the worst stay. */
  reasons: Reason[];
  /** The worst issue of all stays. */
  worst?: Issue;
  /** Everything that the search looks in, in small letters. */
  text: string;
}

export const sorts = ["user", "score", "role", "region", "in", "duration", "device", "network", "sdk"] as const;
export type PeopleSort = (typeof sorts)[number];

/** The guide's words: who sends is an anchor, who only receives is audience. */
export const roleOf = (u: User): Person["role"] => (u.sends ? "Anchor" : u.receives ? "Audience" : "–");

export const browserOf = (u: User) => [u.browser, u.browserVersion.split(".")[0]].filter(Boolean).join(" ");

export const sdkOf = (u: User) => u.sdk || u.protocol;

export function peopleOf(call: CallDetail, outcomes: Outcome[], issues: Issue[]): Person[] {
  const outcome = new Map(outcomes.map((o) => [o.session, o]));
  const worst = new Map<string, Issue>();
  const length = (i: Issue) => (i.end ? Date.parse(i.end) : Number.MAX_SAFE_INTEGER) - Date.parse(i.start);
  for (const i of issues) {
    const w = worst.get(i.session);
    if (!w || gravity[i.severity] > gravity[w.severity] || (i.severity === w.severity && length(i) > length(w))) worst.set(i.session, i);
  }
  return call.people.map((user, index) => {
    const stays = user.stays;
    const scored = stays.map((s) => outcome.get(s.id)).filter((o): o is Outcome => o !== undefined && o.score !== null).sort((a, b) => (a.score ?? 0) - (b.score ?? 0));
    const bad = stays.map((s) => worst.get(s.id)).filter((i): i is Issue => i !== undefined).sort((a, b) => gravity[b.severity] - gravity[a.severity] || length(b) - length(a));
    const name = userName(user);
    const role = roleOf(user);
    return {
      user, key: userKey(user), index, name, role, reasons: scored[0]?.reasons ?? [], worst: bad[0],
      text: [name, user.user, user.role, role, user.region, user.carrier, user.browser, user.browserVersion, user.os, user.device, user.network, sdkOf(user), user.sdkVersion, bad[0]?.label].filter(Boolean).join(" ").toLowerCase(),
    };
  });
}

const by: Record<PeopleSort, (p: Person) => string | number | null> = {
  user: (p) => p.name.toLowerCase(),
  score: (p) => p.user.score,
  role: (p) => `${p.role} ${p.user.role}`,
  region: (p) => p.user.region || null,
  in: (p) => Date.parse(p.user.firstIn),
  duration: (p) => p.user.stayMs,
  device: (p) => [browserOf(p.user), p.user.os, p.user.device].join(" ").trim() || null,
  network: (p) => p.user.network || null,
  sdk: (p) => [sdkOf(p.user), p.user.sdkVersion].join(" ").trim() || null,
};

/** Those that have every word that is searched for, in the order asked for; what is not known comes last either way. */
export function arranged(people: Person[], search: string, sort: PeopleSort, ascending: boolean): Person[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? people.filter((p) => words.every((w) => p.text.includes(w))) : people.slice();
  const of = by[sort];
  const sign = ascending ? 1 : -1;
  return found.sort((a, b) => {
    const x = of(a);
    const y = of(b);
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || a.index - b.index;
    return sign * (typeof x === "string" ? x.localeCompare(String(y), undefined, { numeric: true }) : x - Number(y)) || a.index - b.index;
  });
}
