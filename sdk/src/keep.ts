// What a page leaves behind for the one that follows it in the same tab: a
// reload is no end of a call.
import type { Packed } from "./link";
import { guard, native } from "./native";

const SLOT = "peerglass";

/** A session at the moment at which its page went. */
export interface Kept {
  /** Server and app: what is kept is nobody else's. */
  to: string;
  id: string;
  room: string;
  user?: string;
  /** When, by the client's clock. */
  at: number;
  /** Numbers of connections and of calls that are taken. */
  connections: number;
  calls: number;
  link: Packed;
}

/** For so long the server waits for a client to come back. */
const FOR = 60_000;

/** Characters of batches that are kept at most: browsers grant some 5 million. */
export const ROOM = 512 << 10;

/** Keeps a session; false where the page has no storage. */
export function keep(k: Kept): boolean {
  return guard(() => (native.storage()!.setItem(SLOT, JSON.stringify(k)), true)) ?? false;
}

/** What the page before this one left, if it is not too old. */
export function kept(to: string): Kept | undefined {
  return guard(() => {
    const k = JSON.parse(native.storage()?.getItem(SLOT) ?? "null") as Kept | null;
    const age = native.now() - (k?.at ?? 0);
    return k?.to === to && age >= 0 && age < FOR ? k : undefined;
  });
}

export function forget(): void {
  guard(() => native.storage()?.removeItem(SLOT));
}
