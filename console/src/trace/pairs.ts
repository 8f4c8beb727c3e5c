// Puts together what belongs together in a trace: an API call and what came of
// it. Pure, so that thousands of events cost milliseconds.
import type { Event } from "../api/client";

export const onSuccess = "OnSuccess";
export const onFailure = "OnFailure";

/** One line of the list. */
export interface Row {
  /** "session/index": what the address names. */
  id: string;
  event: Event;
  /** What came of a call. */
  outcome?: Event;
  /** The call that this is the outcome of, where outcomes have rows of their own. */
  of?: Event;
  /** From the call until its outcome, ms; null without one. */
  took: number | null;
}

export const idOf = (e: Pick<Event, "session" | "index">): string => `${e.session}/${e.index}`;

/** The call that an outcome is of: "createOffer"; undefined of anything else. */
export function callOf(name: string): string | undefined {
  if (name.endsWith(onSuccess)) return name.slice(0, -onSuccess.length);
  if (name.endsWith(onFailure)) return name.slice(0, -onFailure.length);
  return undefined;
}

export const failed = (e: Pick<Event, "name">): boolean => e.name.endsWith(onFailure);

/**
 * Finds for each call its outcome: the one of the same name and connection
 * that has its mark (corr); without marks the first that is not another's,
 * since browsers do such calls one after another. By index of the call.
 */
export function outcomes(events: Event[]): Map<number, Event> {
  const open = new Map<string, Event[]>();
  const found = new Map<number, Event>();
  for (const e of events) {
    if (e.kind !== "call") continue;
    const of = callOf(e.name);
    const key = `${of ?? e.name}\n${e.connection}\n${e.corr}`;
    if (of === undefined) {
      const waiting = open.get(key);
      // A mark that comes again is of a page that was loaded anew.
      if (!waiting || e.corr) open.set(key, [e]);
      else waiting.push(e);
    } else {
      const call = open.get(key)?.shift();
      if (call) found.set(call.index, e);
    }
  }
  return found;
}

/** The lines of the list: calls with their outcomes, or each event by itself. */
export function rowsOf(events: Event[], apart: boolean): Row[] {
  const outcome = outcomes(events);
  const calls = new Map<number, Event>();
  const byIndex = new Map(events.map((e) => [e.index, e]));
  for (const [call, o] of outcome) { const e = byIndex.get(call); if (e) calls.set(o.index, e); }
  const rows: Row[] = [];
  for (const event of events) {
    const of = calls.get(event.index);
    if (of && !apart) continue;
    const came = outcome.get(event.index);
    const ends = came ?? (of ? event : undefined);
    const begins = came ? event : of;
    rows.push({ id: idOf(event), event, outcome: came, of, took: ends && begins ? Math.max(0, Date.parse(ends.time) - Date.parse(begins.time)) : null });
  }
  return rows;
}

/** The line that shows an event: its own, or that of the call whose outcome it is; -1: none does. */
export const rowOf = (rows: Row[], id: string): number => rows.findIndex((r) => r.id === id || (r.outcome && idOf(r.outcome) === id));

export interface Filter {
  search: string;
  kinds: string[];
  connection: number | null;
  range?: [number, number];
}

/** A value as one line of text. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Names and values that have every word of the search, in the chosen kinds, connection and time. */
export function matching(rows: Row[], f: Filter): Row[] {
  const words = f.search.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (e: Event, w: string) => e.name.toLowerCase().includes(w) || textOf(e.value).toLowerCase().includes(w);
  return rows.filter((r) => {
    if (f.kinds.length && !f.kinds.includes(r.event.kind)) return false;
    if (f.connection !== null && r.event.connection !== f.connection) return false;
    if (f.range) {
      const at = Date.parse(r.event.time);
      if (at < f.range[0] || at >= f.range[1]) return false;
    }
    return words.every((w) => has(r.event, w) || (r.outcome !== undefined && has(r.outcome, w)));
  });
}

/** Names as the API has them are long: what stands in front of them says little. */
export const shortName = (name: string): string => name.replace(/^navigator\.mediaDevices\./, "").replace(/^MediaStreamTrack\./, "track.");

/** How bad a line is: that of the worse of call and outcome. */
export function severityOf(r: Row): Event["severity"] {
  if (r.event.severity === "error" || r.outcome?.severity === "error") return "error";
  return r.event.severity === "warning" || r.outcome?.severity === "warning" ? "warning" : "info";
}
