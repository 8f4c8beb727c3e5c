// What the browser gave us, taken before the page or another script can put
// its own in front: our traffic is not observed by others' hooks, nor theirs
// by ours, and our warnings do not pass through a patched console.

const g = globalThis as typeof globalThis & { window?: Window };

function bound<T extends (...args: never[]) => unknown>(f: T | undefined): T | undefined {
  return typeof f === "function" ? (f.bind(g) as T) : undefined;
}

/** Calls and constructs, whatever the page makes of Reflect. */
export const { apply, construct } = Reflect;

export const native = {
  WebSocket: g.WebSocket as typeof WebSocket | undefined,
  fetch: bound(g.fetch),
  setTimeout: g.setTimeout.bind(g) as (f: () => void, ms: number) => number,
  clearTimeout: g.clearTimeout.bind(g) as (id: number | undefined) => void,
  CompressionStream: g.CompressionStream as typeof CompressionStream | undefined,
  Worker: g.Worker as typeof Worker | undefined,
  now: Date.now,
  /** Throws where the page must not have any. */
  storage: (): Storage | undefined => g.sessionStorage,
  warn: console.warn.bind(console),
};

/** Runs f and swallows what it throws: the page must work where we fail. */
export function guard<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch {
    faults.count++;
    return undefined;
  }
}

/** How often guard swallowed something, for status(). */
export const faults = { count: 0 };

/** A random id of 22 letters and digits. */
export function randomId(): string {
  const bytes = new Uint8Array(22);
  crypto.getRandomValues(bytes);
  return Array.from(bytes, (b) => "0123456789abcdefghijklmnopqrstuv"[b & 31]).join("");
}
