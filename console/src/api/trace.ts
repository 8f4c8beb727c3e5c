// The trace's questions to the API: every event of a stay, and the paths that
// its connections took.
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Event, unwrap } from "./client";

/** At most so many events are read at once: more than that nobody scrolls through, and the dump has them. */
export const mostEvents = 60_000;

const page = 5_000;

// A client's clock may be set right a little after it spoke: what is read again
// reaches back by this much.
const overlap = 10_000;

export interface TraceEvents {
  /** In the order in which the client told them. */
  events: Event[];
  /** There are more than were read. */
  more: boolean;
}

async function readEvents(queries: QueryClient, key: readonly unknown[], app: number, call: string, session: string, signal: AbortSignal): Promise<TraceEvents> {
  // Of a call that goes on only what came since is asked for.
  const before = queries.getQueryData<TraceEvents>(key);
  const known = new Map(before?.events.map((e) => [e.index, e]));
  const last = before?.events.reduce((t, e) => Math.max(t, Date.parse(e.time)), 0);
  let cursor: string | undefined;
  do {
    const got = await unwrap(api.GET("/apps/{app}/calls/{call}/events", {
      params: { path: { app, call }, query: { session, from: last ? last - overlap : undefined, limit: page, cursor } }, signal,
    }));
    for (const e of got.items) known.set(e.index, e);
    cursor = got.next ?? undefined;
  } while (cursor && known.size < mostEvents);
  return { events: [...known.values()].sort((a, b) => a.index - b.index), more: cursor !== undefined };
}

/** Every event of a stay. */
export function useTraceEvents(app: number, call: string, session: string) {
  const queries = useQueryClient();
  const queryKey = ["call", call, "events", "trace", session] as const;
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => readEvents(queries, queryKey, app, call, session, signal),
    structuralSharing: false,
    staleTime: 5_000,
  });
}

/** What is known of a path over time, beside which one it was. */
export const pathMetrics = ["rtt", "bitrate", "bitrate_sent", "ice_requests", "ice_responses", "pair_changes"];

/** The selected candidate pairs of a stay's connections over time. */
export function usePaths(app: number, call: string, session: string, streams: number[]) {
  return useQuery({
    queryKey: ["call", call, "samples", session, "paths", streams],
    queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/{call}/samples", {
      params: { path: { app, call }, query: { session: [session], stream: streams.map((s) => `${session}.${s}`), metrics: pathMetrics, width: 2000 } }, signal,
    })),
    enabled: streams.length > 0,
  });
}
