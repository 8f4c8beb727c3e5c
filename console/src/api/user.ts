// What the page of one user asks: figures of the streams that are looked at,
// with their extremes, and how busy the devices at both ends were.
import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";

export interface FiguresQuestion {
  session: string;
  /** Their numbers; absent: all of the stay's. */
  streams?: number[];
  metrics: string[];
  range?: [number, number];
  /** Points that fit beside each other. */
  width: number;
}

/** Figures of some streams of a stay; the smallest and largest within each point come with them. */
export function useFigures(app: number, call: string, q: FiguresQuestion, on = true) {
  const { session, streams, metrics, range, width } = q;
  return useQuery({
    queryKey: ["call", call, "samples", session, "figures", q],
    queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/{call}/samples", {
      params: { path: { app, call }, query: { session: [session], stream: streams?.map((s) => `${session}.${s}`), metrics, from: range?.[0], to: range?.[1], width, extremes: true } }, signal,
    })),
    enabled: on && streams?.length !== 0,
    // The lines stay while finer ones are on their way, but not those of another stay.
    placeholderData: (previous, query) => (query?.queryKey[3] === session ? previous : undefined),
  });
}
