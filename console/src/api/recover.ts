// What a page does when the server is away or the log-in is over: it says so,
// asks again by itself and goes on as it was. Nobody has to load it again.
import { MutationCache, notifyManager, type Query, QueryCache, QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { ApiError } from "./client";

/** Between two questions to a server that did not answer: it is soon seen to be back, and is not stormed while it starts. */
export const again = 3_000;

const longest = 60_000;

/** The server did not answer, or something behind it did not: what it refuses for a reason stays refused. */
export const passing = (error: unknown) => error instanceof ApiError && (error.status === 0 || error.status >= 500);

/** The answers of the console, with what all questions have in common. */
export function makeQueries(): QueryClient {
  // Where anything is refused for want of a log-in, who looks is asked again: the shell then leads to the log-in and back.
  const refused = (error: unknown, key?: readonly unknown[]) => {
    if (error instanceof ApiError && error.status === 401 && key?.[0] !== "me") void queries.invalidateQueries({ queryKey: ["me"] });
  };
  // What failed stays told until the server answers: asked again one by one, pages would change between waiting and failing.
  let waiting = false;
  let [pause, last] = [again, 0];
  const failed = (error: unknown) => {
    if (waiting || !passing(error)) return;
    waiting = true;
    // A server that answers and fails at one question may do so always, or have too much to do.
    if ((error as ApiError).status === 0 || Date.now() - last > 4 * longest) pause = again;
    last = Date.now();
    const first = pause;
    pause = Math.min(2 * pause, longest);
    whenBack(first, () => {
      waiting = false;
      void queries.refetchQueries({ type: "active", predicate: (query) => passing(query.state.error) });
    });
  };
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => { refused(error, query.queryKey); failed(error); } }),
    mutationCache: new MutationCache({ onError: (error) => { if (queries.getQueryData(["me"])) refused(error); } }),
    defaultOptions: {
      queries: {
        staleTime: 1000,
        // The server may well be on this machine, or in a network without a way out.
        networkMode: "always",
        retry: (failures, error) => failures < 2 && passing(error),
      },
      mutations: { networkMode: "always" },
    },
  });
  return queries;
}

/** What stands on the page without an answer; where nothing was ever read, it is for its place to say so, unless the whole server is out of reach. */
const stale = (query: Query) => query.isActive() && passing(query.state.error) && (query.state.data !== undefined || (query.state.error as ApiError).status === 0);

/** Why something that the page shows could not be asked for again, if it is so. */
export function useAway(): ApiError | undefined {
  const cache = useQueryClient().getQueryCache();
  return useSyncExternalStore(
    useCallback((tell) => cache.subscribe(notifyManager.batchCalls(tell)), [cache]),
    () => cache.getAll().find(stale)?.state.error as ApiError | undefined,
  );
}

/** Calls back as soon as the server answers, asked first after so many ms; what it returns ends the waiting. */
export function whenBack(first: number, then: () => void): () => void {
  let over = false;
  const ask = async () => {
    const there = await fetch("/api/v1/health", { cache: "no-store" }).then((r) => r.ok, () => false);
    if (over) return;
    if (there) then();
    else timer = setTimeout(ask, again);
  };
  let timer = setTimeout(ask, first);
  return () => { over = true; clearTimeout(timer); };
}
