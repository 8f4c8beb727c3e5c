import type { Client } from "../client";
import { Kind } from "../encoder";
import { apply, guard } from "../native";

type Any = (...args: unknown[]) => unknown;

/** Puts a function in front of a method. It keeps the method's name, length
 * and property; where the page froze the object, nothing happens. */
export function patch(target: object | undefined, name: string, make: (original: Any) => (this: never, ...args: unknown[]) => unknown): void {
  guard(() => {
    const property = target && Object.getOwnPropertyDescriptor(target, name);
    if (!property || typeof property.value !== "function" || !(property.configurable || property.writable)) return;
    const original = property.value as Any;
    const wrapped = make(original);
    for (const key of ["name", "length"]) {
      const d = Object.getOwnPropertyDescriptor(original, key);
      if (d) guard(() => Object.defineProperty(wrapped, key, d));
    }
    Object.defineProperty(target, name, { ...property, value: wrapped });
  });
}

/** Watches each call of a method. callbacks are the places of the legacy
 * success and failure callbacks, if it has them. */
export function hook<T>(target: object | undefined, name: string, watch: (self: T, args: unknown[]) => Watcher | undefined, callbacks?: [number, number]): void {
  patch(
    target,
    name,
    (original) =>
      function (this: unknown, ...args: unknown[]): unknown {
        return watched(original, this, args, guard(() => watch(this as T, args)), callbacks);
      } as Any,
  );
}

/** Tells of a call and of what comes of it. */
export function call(client: Client, pc: object | null, name: string, payload: unknown, tell: (value: unknown) => unknown = () => undefined): Watcher {
  const corr = client.corr();
  const add = (suffix: string, what: unknown): void => client.add(Kind.Call, name + suffix, pc, what, corr);
  return {
    before() {
      add("", payload);
      if (name !== "addIceCandidate") client.stir();
    },
    success: (value) => add("OnSuccess", tell(value)),
    failure: (error) => add("OnFailure", describeError(error)),
  };
}

/** What is told of a call: three moments, each spared from hurting the page. */
interface Watcher {
  before(): void;
  success(value: unknown): void;
  failure(error: unknown): void;
}

/** Makes a call and tells the watcher; what the caller sees, thrown or
 * returned, is what the browser gave. */
function watched(original: Any, self: unknown, args: unknown[], watcher: Watcher | undefined, callbacks?: [number, number]): unknown {
  if (!watcher) return apply(original, self, args);
  const { success, failure } = watcher;
  guard(() => watcher.before());
  if (callbacks && typeof args[callbacks[0]] === "function") {
    [success, failure].forEach((tell, i) => {
      const callback = args[callbacks[i]!];
      if (typeof callback !== "function") return;
      args[callbacks[i]!] = function (this: unknown, ...values: unknown[]): unknown {
        guard(() => tell(values[0]));
        return apply(callback as Any, this, values);
      };
    });
    return apply(original, self, args);
  }
  let result: unknown;
  try {
    result = apply(original, self, args);
  } catch (error) {
    guard(() => failure(error));
    throw error;
  }
  // The caller gets a promise that settles as the browser's does; one that
  // nobody handles is still reported to the page as unhandled.
  const then = guard(() => (result as Promise<unknown> | undefined)?.then);
  if (typeof then !== "function") {
    guard(() => success(result));
    return result;
  }
  return (
    guard(() =>
      apply(then as Any, result, [
        (value: unknown) => {
          guard(() => success(value));
          return value;
        },
        (error: unknown) => {
          guard(() => failure(error));
          throw error;
        },
      ]),
    ) ?? result
  );
}

/** An error as a payload. */
export function describeError(error: unknown): unknown {
  const e = error as { name?: string; message?: string; constraint?: string } | undefined;
  return { name: e?.name ?? "Error", message: String(e?.message ?? error), constraint: e?.constraint };
}

export function describeTrack(track: MediaStreamTrack | null | undefined): unknown {
  return track ? { kind: track.kind, id: track.id, label: track.label } : null;
}
