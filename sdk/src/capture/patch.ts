import { guard } from "../native";

type Method = (this: never, ...args: never[]) => unknown;

/** Puts a function in front of a method. It keeps the method's name, length
 * and property; where the page froze the object, nothing happens. */
export function patch(target: object | undefined, name: string, make: (original: (...args: unknown[]) => unknown) => Method): void {
  guard(() => {
    const property = target && Object.getOwnPropertyDescriptor(target, name);
    if (!property || typeof property.value !== "function" || !(property.configurable || property.writable)) return;
    const original = property.value as (...args: unknown[]) => unknown;
    const wrapped = make(original);
    for (const key of ["name", "length"]) {
      const d = Object.getOwnPropertyDescriptor(original, key);
      if (d) guard(() => Object.defineProperty(wrapped, key, d));
    }
    Object.defineProperty(target, name, { ...property, value: wrapped });
  });
}

/** What is told of a call: three moments, each spared from hurting the page. */
export interface Watcher {
  before(): void;
  success(value: unknown): void;
  failure(error: unknown): void;
}

/** Makes a call and tells the watcher; what the caller sees, thrown or
 * returned, is what the browser gave. callbacks are the places of the legacy
 * success and failure callbacks, if the method has them. */
export function watched(original: (...args: unknown[]) => unknown, self: unknown, args: unknown[], watcher: Watcher | undefined, callbacks?: [number, number]): unknown {
  if (!watcher) return Reflect.apply(original, self, args);
  guard(() => watcher.before());
  if (callbacks && typeof args[callbacks[0]] === "function") {
    const [onSuccess, onFailure] = callbacks;
    const replace = (at: number, tell: (value: unknown) => void): void => {
      const callback = args[at];
      if (typeof callback !== "function") return;
      args[at] = function (this: unknown, ...values: unknown[]): unknown {
        guard(() => tell(values[0]));
        return Reflect.apply(callback, this, values);
      };
    };
    replace(onSuccess, (v) => watcher.success(v));
    replace(onFailure, (e) => watcher.failure(e));
    return Reflect.apply(original, self, args);
  }
  let result: unknown;
  try {
    result = Reflect.apply(original, self, args);
  } catch (error) {
    guard(() => watcher.failure(error));
    throw error;
  }
  if (result instanceof Promise) {
    // The caller gets a promise that settles as the browser's does; one that
    // nobody handles is still reported to the page as unhandled.
    return result.then(
      (value) => {
        guard(() => watcher.success(value));
        return value;
      },
      (error) => {
        guard(() => watcher.failure(error));
        throw error;
      },
    );
  }
  guard(() => watcher.success(result));
  return result;
}

/** An error as a payload. */
export function describeError(error: unknown): unknown {
  const e = error as { name?: string; message?: string; constraint?: string } | undefined;
  return { name: e?.name ?? "Error", message: String(e?.message ?? error), constraint: e?.constraint };
}

export function describeTrack(track: MediaStreamTrack | null | undefined): unknown {
  return track ? { kind: track.kind, id: track.id, label: track.label } : null;
}
