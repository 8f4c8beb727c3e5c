// What the receiver and sender views ask: of each user that is in sight, all
// stays in one question.
import { queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { api, type Samples, type SessionDetail, unwrap } from "./client";
import type { Happening } from "./events";
import { gathered } from "./gather";
import type { components } from "./schema";

export type Match = components["schemas"]["Match"];
export type Side = "receive" | "send";

/** Bit rates, and what makes a burr of each side. */
const asked = {
  receive: ["bitrate", "video_stutter_time", "audio_stutter_time"],
  send: ["bitrate", "loss", "jitter", "limited_bandwidth"],
};

/** As many stays are asked for at a time: the first cards are drawn while those below are on the way. */
const together = 6;

export const stayQuestion = (app: number, call: string, session: string) => queryOptions({
  queryKey: ["call", call, "session", session],
  queryFn: ({ signal }): Promise<SessionDetail> => unwrap(api.GET("/apps/{app}/calls/{call}/sessions/{session}", { params: { path: { app, call, session } }, signal })),
  staleTime: 5_000,
});

/** The stays with their streams; several pages ask the same of one stay. */
export function useStays(app: number, call: string, sessions: string[], wanted: boolean) {
  return useQueries({
    queries: sessions.map((session) => ({ ...stayQuestion(app, call, session), enabled: wanted })),
    combine: stays,
  });
}

const stays = (all: { data?: SessionDetail; error: Error | null }[]) => ({
  data: all.every((q) => q.data) ? all.map((q) => q.data as SessionDetail) : undefined,
  error: all.find((q) => q.error)?.error ?? null,
});

// Lines go on to the edges of a view: the next points beside it belong to them.
const beside = 6_000;

/** A range that changes in coarse steps, so that wheel and live calls do not ask anew for each second. */
export function coarse(range: [number, number]): [number, number] {
  const step = 1000 * 2 ** Math.max(0, Math.ceil(Math.log2((range[1] - range[0]) / 1000 / 16)));
  return [Math.floor((range[0] - beside) / step) * step, Math.ceil((range[1] + beside) / step) * step];
}

export interface FlowQuestion {
  /** Where it is not the whole call. */
  range?: [number, number];
  /** Of a call that is over, all of it: the server need not look for where its figures begin and end. */
  whole?: [number, number];
  /** Points that fit beside each other. */
  width: number;
}

export type FlowSamples = Samples & { range?: [number, number] };

/** What a user received or sent, and that the transport was measured at all. */
export function flowQuestion(app: number, call: string, sessions: string[], side: Side, q: FlowQuestion) {
  const range = q.range && coarse(q.range);
  const [from, to] = range ?? (q.whole ? [q.whole[0] - beside, q.whole[1] + beside] : []);
  return queryOptions({
    queryKey: ["call", call, "samples", "flow", side, sessions.join(), range?.join() ?? "", q.width],
    queryFn: async ({ signal }): Promise<FlowSamples> => {
      const of = new Set(sessions);
      const got = await gathered(["flow", app, call, side, from, to, q.width].join(" "), sessions, together, (all, signal) => unwrap(api.GET("/apps/{app}/calls/{call}/samples", {
        params: { path: { app, call }, query: { session: all, direction: [side, "both"], kind: ["audio", "video", "screen", "transport"], from, to, width: q.width, metrics: asked[side], extremes: true } }, signal,
      })), signal);
      return { range, stepMs: got.stepMs, series: got.series.filter((s) => of.has(s.session)) };
    },
    staleTime: 5_000,
    structuralSharing: false, // figures are new or they are not asked for: comparing all of them tells nothing
  });
}

export function useFlow(app: number, call: string, sessions: string[], side: Side, q: FlowQuestion & { wanted: boolean }) {
  const of = sessions.join();
  return useQuery({
    ...flowQuestion(app, call, sessions, side, q),
    enabled: q.wanted && sessions.length > 0,
    // While a zoom is being refined the picture stays; of another user or side none does.
    placeholderData: (previous, query) => (query?.queryKey[4] === side && query.queryKey[5] === of ? previous : undefined),
  });
}

/** Whose the streams are that the stays received. */
export const sendersQuestion = (app: number, call: string, sessions: string[]) => queryOptions({
  queryKey: ["call", call, "matches", "quality", sessions.join()],
  queryFn: async ({ signal }): Promise<Match[]> => {
    const of = new Set(sessions);
    const got = await gathered(["senders", app, call].join(" "), sessions, together, (all, signal) => unwrap(api.GET("/apps/{app}/calls/{call}/matches", { params: { path: { app, call }, query: { session: all } }, signal })), signal);
    return got.items.filter((m) => of.has(m.receiver.session));
  },
  staleTime: 5_000,
});

export function useSenders(app: number, call: string, sessions: string[], wanted: boolean) {
  return useQuery({ ...sendersQuestion(app, call, sessions), enabled: wanted && sessions.length > 0 });
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
