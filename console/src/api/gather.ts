// Cards come into sight together, and each asks of its own user: what is asked
// at one time goes to the server as one question, which costs it little more
// than one of them.

interface Open {
  ids: string[];
  answer: Promise<unknown>;
  send: () => void;
  /** Questions that wait for it; when all were given up, so is the answer. */
  waiting: number;
  control: AbortController;
}

const open = new Map<string, Open>();

/**
 * Asks for some ids, together with all others that are asked for under the same
 * key by the same piece of code, up to most. The answer is that of all of them.
 */
export function gathered<T>(key: string, ids: string[], most: number, ask: (ids: string[], signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  let batch = open.get(key);
  if (batch && batch.ids.length + ids.length > most) { batch.send(); batch = undefined; }
  if (!batch) {
    const control = new AbortController();
    const all: string[] = [];
    let send = () => {};
    const answer = new Promise<void>((go) => {
      send = () => { if (open.get(key)?.ids === all) open.delete(key); go(); };
      queueMicrotask(() => send()); // not a task: those that draw the page would come first
    }).then(() => ask([...new Set(all)], control.signal));
    batch = { ids: all, answer, send, waiting: 0, control };
    open.set(key, batch);
  }
  const mine = batch;
  mine.ids.push(...ids);
  mine.waiting++;
  signal?.addEventListener("abort", () => { if (--mine.waiting === 0) { if (open.get(key) === mine) open.delete(key); mine.control.abort(); } }, { once: true });
  return mine.answer as Promise<T>;
}
