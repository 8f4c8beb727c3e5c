// What the page of two ends asks: which received stream is whose, what
// happened at either end, and the figures of both in one question.
import { useQueries, useQuery } from "@tanstack/react-query";
import type { Happening, Match } from "../ends/told";
import { api, type Issue, unwrap } from "./client";

/** Whose each stream is that the session received. */
export function useMatches(app: number, call: string, session: string | undefined) {
  return useQuery({
    queryKey: ["call", call, "matches", "ends", session],
    queryFn: async ({ signal }) => (await unwrap(api.GET("/apps/{app}/calls/{call}/matches", { params: { path: { app, call }, query: { session: [session as string] } }, signal }))).items as Match[],
    enabled: session !== undefined,
  });
}

// More of one stay no chart can show apart.
const mostPages = 4;

/** What happened in a stay, as the events that the guides name. */
export function useHappenings(app: number, call: string, session: string | undefined) {
  return useQuery({
    queryKey: ["call", call, "happenings", "ends", session],
    queryFn: async ({ signal }) => {
      const out: Happening[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < mostPages; page++) {
        const got = await unwrap(api.GET("/apps/{app}/calls/{call}/happenings", { params: { path: { app, call }, query: { session: [session as string], values: "no", limit: 1000, cursor } }, signal }));
        out.push(...(got.items as Happening[]));
        cursor = got.next ?? undefined;
        if (!cursor) break;
      }
      return out;
    },
    enabled: session !== undefined,
    placeholderData: (previous, query) => (query?.queryKey[4] === session ? previous : undefined),
  });
}

/** The issues of some stays: those of a large call are too many to read for two of its users. */
export function useStayIssues(app: number, call: string, sessions: string[]): Issue[] {
  return useQueries({
    queries: sessions.map((session) => ({
      queryKey: ["call", call, "issues", "of", session],
      queryFn: async ({ signal }: { signal: AbortSignal }) => (await unwrap(api.GET("/apps/{app}/calls/{call}/issues", { params: { path: { app, call }, query: { session } }, signal }))).items,
    })),
    combine: together,
  });
}

const together = (all: { data?: Issue[] }[]): Issue[] => all.flatMap((q) => q.data ?? []);

/** Figures of streams of several stays, each named as session.number, with the extremes within each point. */
export function useStreams(app: number, call: string, q: { streams: string[]; range?: [number, number]; width: number; metrics: string[] }) {
  const of = [...new Set(q.streams.map((s) => s.split(".")[0]))].sort().join(" ");
  return useQuery({
    queryKey: ["call", call, "samples", "ends", of, q],
    queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/{call}/samples", {
      params: { path: { app, call }, query: { stream: q.streams, from: q.range?.[0], to: q.range?.[1], width: q.width, metrics: q.metrics, extremes: true } }, signal,
    })),
    enabled: q.streams.length > 0,
    // While a zoom is being refined the picture stays; of other people's streams none does.
    placeholderData: (previous, query) => (query?.queryKey[4] === of ? previous : undefined),
  });
}
