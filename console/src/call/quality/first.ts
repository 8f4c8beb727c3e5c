// What the charts of a call ask, told from the address, the window and the call:
// so it can be asked before there is anything on the page.
import type { CallDetail } from "../../api/client";
import type { FlowQuestion } from "../../api/quality";
import { shownRange } from "../range";

/** The window's size, CSS pixels. */
export interface Window { width: number; height: number }

/** Cards stand in two columns from here on: the theme's lg. */
const wide = 1200;

/** Height of a card with its gap, about. */
const cardHeight = 440;

export const columns = (width: number, users: number): number => (width >= wide && users > 1 ? 2 : 1);

/** How many points a chart has room for, coarsely, so that a window that grows a little does not ask anew: a line has one for every second pixel. */
export function pointsBeside(width: number, users: number): number {
  const menu = width >= 768 ? 236 : 24; // with the page's padding
  const card = (width - menu) / columns(width, users) - 48;
  return Math.min(Math.max(Math.round(card / 200) * 100, 200), 1000);
}

/** The cards that a window has room for: those that are asked for and drawn at once. */
export const cardsAtOnce = (window: Window, users: number): number => columns(window.width, users) * Math.max(Math.ceil((window.height - 120) / cardHeight), 1);

/** A call's start and end, or now, in Unix ms. */
export function boundsOf(call: Pick<CallDetail, "start" | "end">, now: number): [number, number] {
  const start = Date.parse(call.start);
  return [start, Math.max(call.end ? Date.parse(call.end) : now, start + 5_000)];
}

/** The range that figures are asked for; undefined: the whole call. */
export function askedRange(chosen: [number, number] | undefined, bounds: [number, number]): [number, number] | undefined {
  const range = shownRange({ range: chosen }, bounds);
  return chosen ?? (bounds[1] - bounds[0] > range[1] - range[0] ? range : undefined);
}

/** What is asked of each card's user. */
export function flowOf(call: Pick<CallDetail, "status">, range: [number, number] | undefined, bounds: [number, number], points: number): FlowQuestion {
  return { range, whole: call.status === "active" ? undefined : bounds, width: points };
}

