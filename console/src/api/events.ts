// What the event list and the time line ask: what happened in the words of
// people, and one stored event as it came.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Mark } from "../chart/types";
import { clock } from "../format";
import { seriesColor } from "../theme";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type Happening = components["schemas"]["Happening"];
export type HappeningType = components["schemas"]["HappeningType"];
export type HappeningList = components["schemas"]["HappeningList"];
export type Lane = Happening["lane"];

/** Which rows are wanted; what is absent does not narrow. */
export interface HappeningFilter {
  sessions?: string[];
  types?: string[];
  severity?: Happening["severity"];
  search?: string;
  range?: [number, number];
}

/** Rows of one page: a time line wants them all, and of most calls this is all. */
const page = 5_000;

export function useHappenings(app: number, call: string, f: HappeningFilter) {
  return useInfiniteQuery({
    queryKey: ["call", call, "happenings", "list", f],
    queryFn: ({ pageParam, signal }) => unwrap(api.GET("/apps/{app}/calls/{call}/happenings", {
      params: {
        path: { app, call },
        query: {
          session: f.sessions?.length ? f.sessions : undefined, type: f.types?.length ? f.types : undefined, severity: f.severity, search: f.search || undefined,
          from: f.range?.[0], to: f.range?.[1], values: "no", limit: page, cursor: pageParam,
        },
      }, signal,
    })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** The catalogue, lane by lane. */
export function useHappeningTypes(wanted = true) {
  return useQuery({ queryKey: ["happening-types"], queryFn: async () => (await unwrap(api.GET("/happening-types"))).items, staleTime: Number.POSITIVE_INFINITY, enabled: wanted });
}

/** The stored event of a row, with all that it carries; null where no event tells the row. */
export function useStoredEvent(app: number, call: string, h: Pick<Happening, "session" | "index" | "time">, wanted: boolean) {
  const at = Date.parse(h.time);
  return useQuery({
    queryKey: ["call", call, "event", h.session, h.index],
    queryFn: async ({ signal }) => {
      let cursor: string | undefined;
      do { // a client may tell thousands of events in one millisecond
        const got = await unwrap(api.GET("/apps/{app}/calls/{call}/events", {
          params: { path: { app, call }, query: { session: h.session, from: at, to: at + 1, limit: 1000, cursor } }, signal,
        }));
        const found = got.items.find((e) => e.index === h.index);
        if (found) return found;
        cursor = got.next ?? undefined;
      } while (cursor);
      return null;
    },
    enabled: wanted && h.index > 0,
    staleTime: Number.POSITIVE_INFINITY, // what was stored does not change
  });
}

const palette: HappeningType["color"][] = ["blue", "orange", "green", "pink", "sky", "amber", "purple", "grey"];

/** The colour of a type on the present ground. */
export function happeningColor(type: Pick<HappeningType, "color"> | undefined, scheme: "light" | "dark"): string {
  if (type?.color === "red") return scheme === "dark" ? "#ff6b6b" : "#d62728";
  return seriesColor(Math.max(palette.indexOf(type?.color ?? "grey"), 0), scheme);
}

/** A row as a dot on a chart. */
export function markOf(h: Happening, type: HappeningType | undefined, scheme: "light" | "dark"): Mark {
  return {
    id: h.id, time: Date.parse(h.time), severity: h.severity, type: h.type, shape: type?.shape, color: happeningColor(type, scheme),
    label: `${clock(h.time)} ${h.label}${h.text ? `: ${h.text}` : ""}`,
  };
}
