// What the pages of a call show is in the address: the part, the range, the
// users, the stay, the side, the tab and the open event, so that one link leads
// a colleague to a moment. The same words mean the same on the pages of a call,
// of one user in it, and of two ends, so that links carry a moment across them.
import type { CallDetail, User } from "../api/client";
import { longest } from "../chart/range";
import { apart } from "../format";

export { longest };

/** The parts of the call page. */
export const parts = ["quality", "matrix", "events", "trace"] as const;
export type Part = (typeof parts)[number];

export type Side = "receive" | "send";

/** The kinds of media that figures are shown of. */
export const mediaTabs = ["all", "video", "audio", "screen"] as const;
export type MediaTab = (typeof mediaTabs)[number];

export interface View {
  view: Part;
  /** The stay that is looked at. */
  session?: string;
  /** Users whose charts are shown, each by one of its stays; absent: the first few. */
  users?: string[];
  side: Side;
  tab: MediaTab;
  /** Unix ms; absent: the whole call, or its first part where it is longer than a view can be. */
  range?: [number, number];
  /** The open event: "session/index". */
  event: string | null;
}

/** What the parts of the call page are given. */
export interface PartProps {
  app: number;
  call: CallDetail;
  view: View;
  setView: (v: Partial<View>) => void;
  /** The call's start and end, or now, in Unix ms. */
  bounds: [number, number];
  live: boolean;
}

/** Users whose charts are shown when none were chosen. */
export const few = 6;

/** At most so many can be chosen: more lines than that tell nothing. */
export const many = 20;

const oneOf = <T extends string>(all: readonly T[], value: string | null, usual: T): T => all.find((x) => x === value) ?? usual;

export function readView(p: URLSearchParams): View {
  const users = [...new Set((p.get("users") ?? "").split(",").filter(Boolean))].slice(0, many);
  return {
    view: oneOf(parts, p.get("view"), "quality"),
    session: p.get("session") || undefined,
    users: users.length ? users : undefined,
    side: oneOf(["receive", "send"], p.get("side"), "receive"),
    tab: oneOf(mediaTabs, p.get("tab"), "all"),
    range: readRange(p),
    event: p.get("event") || null,
  };
}

function readRange(p: URLSearchParams): [number, number] | undefined {
  const from = Number(p.get("from") || Number.NaN);
  const to = Number(p.get("to") || Number.NaN);
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : undefined;
}

/** The address with what v names changed; what is as usual is left out of it. */
export function writeView(p: URLSearchParams, v: Partial<View>): URLSearchParams {
  const out = new URLSearchParams(p);
  const put = (name: string, value: string | null | undefined) => { if (value) out.set(name, value); else out.delete(name); };
  if ("view" in v) put("view", v.view === "quality" ? "" : v.view);
  if ("session" in v) put("session", v.session);
  if ("users" in v) put("users", v.users?.join(","));
  if ("side" in v) put("side", v.side === "send" ? "send" : "");
  if ("tab" in v) put("tab", v.tab === "all" ? "" : v.tab);
  if ("event" in v) put("event", v.event);
  if ("range" in v) {
    put("from", v.range ? String(Math.round(v.range[0])) : "");
    put("to", v.range ? String(Math.round(v.range[1])) : "");
  }
  return out;
}

/** The range that a view shows: the chosen one within the call, never longer than a view can be. */
export function shownRange(view: Pick<View, "range">, bounds: [number, number]): [number, number] {
  const [from, to] = view.range ?? bounds;
  const start = Math.min(Math.max(from, bounds[0]), bounds[1]);
  const end = Math.max(Math.min(to, bounds[1]), start);
  if (end - start < 1000) return shownRange({}, bounds); // a range beside the call
  return [start, Math.min(end, start + longest)];
}

function address(path: string, app: number, v: Partial<View>): string {
  return `${path}?${writeView(new URLSearchParams({ app: String(app) }), v).toString().replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
}

/** The call's page, at a view. */
export const callLink = (app: number, call: string, v: Partial<View> = {}) => address(`/calls/${call}`, app, v);

/** The page of one stay of a user. */
export const userLink = (app: number, call: string, session: string, v: Partial<Omit<View, "view" | "session" | "users">> = {}) => address(`/calls/${call}/users/${session}`, app, v);

/** The page of two ends: what one stay received of what another sent; without a sender the page asks for one. */
export function endsLink(app: number, call: string, receiver: string, sender?: string, v: Partial<Omit<View, "view" | "session" | "users">> = {}): string {
  const base = address(`/calls/${call}/ends`, app, v);
  return `${base}&receiver=${encodeURIComponent(receiver)}${sender ? `&sender=${encodeURIComponent(sender)}` : ""}`;
}

/** The name that stands for a user; one without a name or id is anonymous. */
export const userName = (u: Pick<User, "user" | "userName">) => apart(u.userName || u.user || "Anonymous");

/** What tells a user of a call from the others: ids can be absent, the first stay never is. */
export const userKey = (u: User): string => u.stays[0]?.id ?? "";

/** The user that a stay is of. */
export const userOf = (call: CallDetail, session: string | undefined): User | undefined =>
  session ? call.people.find((u) => u.stays.some((s) => s.id === session)) : undefined;

/** The place of a user by its first join: what its colour comes from. */
export const userIndex = (call: CallDetail, u: User): number => call.people.indexOf(u);

/** The users whose charts are shown, in the order of their joins. */
export function shownUsers(call: CallDetail, view: Pick<View, "users">): User[] {
  const wanted = new Set(view.users);
  const chosen = wanted.size ? call.people.filter((u) => u.stays.some((s) => wanted.has(s.id))) : [];
  return chosen.length ? chosen.slice(0, many) : call.people.slice(0, few);
}

/** The choice of users with that one of a stay in it; undefined where it is already. */
export function including(call: CallDetail, view: Pick<View, "users">, session: string): string[] | undefined {
  const user = userOf(call, session);
  const shown = shownUsers(call, view);
  if (!user || shown.includes(user)) return undefined;
  return [...shown.slice(0, many - 1), user].map(userKey);
}

const listKey = "peerglass.calls";

/** Keeps the filters of the call list, for the way back from a call. */
export function rememberList(app: number, filters: URLSearchParams): void {
  const kept = new URLSearchParams(filters);
  kept.set("app", String(app));
  try { sessionStorage.setItem(listKey, kept.toString()); } catch { /* storage is forbidden: the list opens without filters */ }
}

/** The call list with the filters it was left with. */
export function listLink(app: number): string {
  let kept: URLSearchParams | undefined;
  try { kept = new URLSearchParams(sessionStorage.getItem(listKey) ?? ""); } catch { /* as above */ }
  return kept?.get("app") === String(app) ? `/calls?${kept}` : `/calls?app=${app}`;
}
