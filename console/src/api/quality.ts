// What the receiver and sender views ask: of each user that is in sight, all
// stays in one question.
import { useQueries, useQuery } from "@tanstack/react-query";
import { api, type Samples, type SessionDetail, unwrap } from "./client";
import type { Happening } from "./events";
import type { components } from "./schema";

export type Match = components["schemas"]["Match"];
export type Side = "receive" | "send";

/** Bit rates, and what makes a burr of each side. */
const asked = {
  receive: ["bitrate", "video_stutter_time", "audio_stutter_time"],
  send: ["bitrate", "loss", "jitter", "limited_bandwidth"],
};

/** The stays with their streams; several pages ask the same of one stay. */
export function useStays(app: number, call: string, sessions: string[]) {
  return useQueries({
    queries: sessions.map((session) => ({
      queryKey: ["call", call, "session", session],
      queryFn: ({ signal }: { signal: AbortSignal }) => unwrap(api.GET("/apps/{app}/calls/{call}/sessions/{session}", { params: { path: { app, call, session } }, signal })),
      staleTime: 5_000,
    })),
    combine: (all) => ({
      data: all.every((q) => q.data) ? all.map((q) => q.data as SessionDetail) : undefined,
      some: all.flatMap((q) => (q.data ? [q.data] : [])),
      error: all.find((q) => q.error)?.error ?? null,
    }),
  });
}

// Lines go on to the edges of a view: the next points beside it belong to them.
const beside = 6_000;

/** A range that changes in coarse steps, so that wheel and live calls do not ask anew for each second. */
export function coarse(range: [number, number]): [number, number] {
  const step = 1000 * 2 ** Math.max(0, Math.ceil(Math.log2((range[1] - range[0]) / 1000 / 16)));
  return [Math.floor((range[0] - beside) / step) * step, Math.ceil((range[1] + beside) / step) * step];
}

/** What a user received or sent, and that the transport was measured at all. */
export function useFlow(app: number, call: string, sessions: string[], side: Side, q: { range?: [number, number]; width: number; wanted: boolean }) {
  const range = q.range && coarse(q.range);
  const of = sessions.join();
  return useQuery({
    queryKey: ["call", call, "samples", "flow", side, of, range?.join() ?? "", q.width],
    queryFn: async ({ signal }): Promise<Samples & { range?: [number, number] }> => ({ range, ...await unwrap(api.GET("/apps/{app}/calls/{call}/samples", {
      params: { path: { app, call }, query: { session: sessions, direction: [side, "both"], kind: ["audio", "video", "screen", "transport"], from: range?.[0], to: range?.[1], width: q.width, metrics: asked[side], extremes: true } }, signal,
    })) }),
    enabled: q.wanted && sessions.length > 0,
    // While a zoom is being refined the picture stays; of another user or side none does.
    placeholderData: (previous, query) => (query?.queryKey[4] === side && query.queryKey[5] === of ? previous : undefined),
  });
}

/** Whose the streams are that the stays received. */
export function useSenders(app: number, call: string, sessions: string[], wanted: boolean) {
  return useQuery({
    queryKey: ["call", call, "matches", "quality", sessions.join()],
    queryFn: async ({ signal }): Promise<Match[]> => (await unwrap(api.GET("/apps/{app}/calls/{call}/matches", { params: { path: { app, call }, query: { session: sessions } }, signal }))).items,
    enabled: wanted && sessions.length > 0,
    staleTime: 5_000,
  });
}

/** What happened to a user: the dots on its chart. */
export function useDots(app: number, call: string, sessions: string[], wanted: boolean) {
  return useQuery({
    queryKey: ["call", call, "happenings", "quality", sessions.join()],
    queryFn: async ({ signal }): Promise<Happening[]> => (await unwrap(api.GET("/apps/{app}/calls/{call}/happenings", { params: { path: { app, call }, query: { session: sessions, values: "no", limit: 1000 } }, signal }))).items,
    enabled: wanted && sessions.length > 0,
    staleTime: 5_000,
  });
}
