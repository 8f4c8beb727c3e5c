// When the pages of a call in progress ask again: for what the server told is
// new, at most once a second.
import type { QueryClient } from "@tanstack/react-query";

const every = 1_000;

/** Asks again for the parts of a call that something was told about. */
export interface Anew {
  about: (...parts: string[]) => void;
  /** Nothing more is told: what was told last is asked for now. */
  end: () => void;
}

/**
 * A question on its way is left to come, and asked again after: it may have
 * been answered before what was told. Were it given up for the newer one, a
 * server that needs more than a second would never be heard to the end, and a
 * first question is not given up at all.
 */
export function anew(queries: QueryClient, call: string): Anew {
  const told = new Set<string>();
  const asking = new Set<string>();
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  async function again(part: string): Promise<void> {
    const of = { queryKey: ["call", call, part] };
    const older = queries.isFetching(of) > 0;
    await queries.invalidateQueries(of, { cancelRefetch: false });
    if (older) await queries.invalidateQueries(of, { cancelRefetch: false });
  }
  function ask(): void {
    waiting = undefined;
    for (const part of told) {
      if (asking.has(part)) continue;
      told.delete(part);
      asking.add(part);
      void again(part).finally(() => { asking.delete(part); if (told.has(part)) later(); });
    }
  }
  function later(): void {
    if (over) ask();
    else waiting ??= setTimeout(ask, every);
  }
  return {
    about(...parts) {
      for (const part of parts) told.add(part);
      later();
    },
    end() {
      over = true;
      clearTimeout(waiting);
      ask();
    },
  };
}
