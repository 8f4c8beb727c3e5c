// Who hears and sees whom: the matrix of a call.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type MatrixUser = Schemas["MatrixUser"];
export type MatrixPart = Schemas["MatrixPart"];
// The document cannot say that an object may be null.
export type MatrixCell = Omit<Schemas["MatrixCell"], "audio" | "video" | "screen"> & Record<"audio" | "video" | "screen", MatrixPart | null>;
export type Matrix = Omit<Schemas["Matrix"], "cells"> & { cells: MatrixCell[] };
export type MatrixStream = Schemas["MatrixStream"];
export type MatrixPair = Schemas["MatrixPair"];
export type MatchTrial = Schemas["MatchTrial"];

export interface MatrixQuestion {
  /** Unix ms; absent: the whole call. */
  range?: [number, number];
  /** Which users, where there are more than fit. */
  order: "join" | "worst";
  /** How many of the worst pairs of all users. */
  worst: number;
  /** The call goes on: the figures are asked for again every few seconds. */
  live: boolean;
}

/** Who hears and sees whom, and how well. */
export function useMatrix(app: number, call: string, q: MatrixQuestion) {
  return useQuery({
    queryKey: ["call", call, "matrix", q],
    queryFn: async ({ signal }) => (await unwrap(api.GET("/apps/{app}/calls/{call}/matrix", {
      params: { path: { app, call }, query: { from: q.range?.[0], to: q.range?.[1], order: q.order, worst: q.worst } }, signal,
    }))) as Matrix,
    // It sums up everything that was measured: not with each sample.
    refetchInterval: q.live ? 4_000 : false,
    placeholderData: keepPreviousData,
    gcTime: 30_000, // a range that follows the call is another question each second
  });
}
