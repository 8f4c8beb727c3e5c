// What the call list asks: a page of calls, what they can be narrowed by, and
// the whole list as a file.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Filters } from "../calls/filters";
import { api, ApiError, unwrap } from "./client";
import type { components } from "./schema";

export type ListedCall = components["schemas"]["ListedCall"];
export type Slice = components["schemas"]["Slice"];

/** How many users of a call are named, and in how many parts its quality is told. */
const named = 4;
const parts = 24;

export interface Instants { from?: Date; to?: Date }

/** Filters as the API takes them. */
function wanted(f: Filters, { from, to }: Instants) {
  return {
    from: from?.toISOString(), to: to?.toISOString(), room: f.room || undefined, user: f.user || undefined, call: f.call || undefined, key: f.key || undefined,
    status: f.status || undefined, issue: f.issues.length ? f.issues : undefined, severity: f.severity || undefined,
    minScore: f.minScore || undefined, maxScore: f.maxScore < 10 ? f.maxScore : undefined,
    region: f.regions.length ? f.regions : undefined, browser: f.browsers.length ? f.browsers : undefined, os: f.systems.length ? f.systems : undefined,
    sort: f.sort, order: f.ascending ? ("asc" as const) : ("desc" as const),
  };
}

export function useCalls(app: number, f: Filters, range: Instants, cursor: string | undefined) {
  const query = { ...wanted(f, range), limit: f.size, people: named, slices: parts, cursor };
  return useQuery({
    queryKey: ["calls", app, query],
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const page = await unwrap(api.GET("/apps/{app}/calls", { params: { path: { app }, query }, signal }));
      return { page, took: performance.now() - began };
    },
    select: (d) => d.page,
    placeholderData: keepPreviousData,
    // A new call stands in the list within two seconds of its first join. A
    // list that takes the server long is asked for less often.
    // What failed stays told until the server is back (recover.ts).
    refetchInterval: (q) => q.state.status === "error" && q.state.data === undefined ? false : Math.max(1_500, 10 * (q.state.data?.took ?? 0)),
  });
}

export function useCallChoices(app: number, { from, to }: Instants, on: boolean) {
  const query = { from: from?.toISOString(), to: to?.toISOString() };
  return useQuery({
    queryKey: ["call-choices", app, query],
    queryFn: ({ signal }) => unwrap(api.GET("/apps/{app}/calls/choices", { params: { path: { app }, query }, signal })),
    enabled: on,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

export function useIssueTypes() {
  return useQuery({ queryKey: ["issue-types"], queryFn: async () => (await unwrap(api.GET("/issue-types"))).items, staleTime: Number.POSITIVE_INFINITY });
}

export type Format = "csv" | "xlsx";

export interface Exporting {
  bytes: number;
  /** Rows that arrived; not known of a packed file. */
  rows?: number;
  /** Rows that the file will have, and calls that match. */
  of?: number;
  total?: number;
}

export interface Exported { name: string; rows: number; total: number; file: Blob }

/** Fetches every call that matches as a file, and tells how far it is. */
export async function exportCalls(app: number, f: Filters, range: Instants, format: Format, signal: AbortSignal, progress: (e: Exporting) => void): Promise<Exported> {
  const query = { ...wanted(f, range), format, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  const { response, error } = await api.GET("/apps/{app}/calls/export", { params: { path: { app }, query }, parseAs: "stream", signal })
    .catch((e: unknown) => { throw signal.aborted ? e : new ApiError(0, "unreachable", "The server cannot be reached. Is it running?"); });
  if (!response.ok || !response.body) {
    const fault = (error ?? {}) as { code?: string; message?: string };
    throw new ApiError(response.status, fault.code ?? "", fault.message ?? `The server answered ${response.status} and said no more.`);
  }
  const rows = Number(response.headers.get("Peerglass-Rows"));
  const total = Number(response.headers.get("Peerglass-Total"));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const told: Exporting = { bytes: 0, rows: format === "csv" ? -1 : undefined, of: rows, total }; // the head is a line as well
  try {
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      told.bytes += value.length;
      if (told.rows !== undefined) for (const b of value) if (b === 10) told.rows++;
      progress({ ...told });
    }
  } catch (e) {
    if (signal.aborted) throw e;
    throw new ApiError(0, "broken", "The connection broke before the file was complete; nothing was saved. Try again, or narrow the filters.");
  }
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? `calls.${format}`;
  return { name, rows, total, file: new Blob(chunks, { type: response.headers.get("Content-Type") ?? "" }) };
}
