// What a page leaves behind for the one that follows it in the same tab: a
// reload is no end of a call.
import type { Packed } from "./link";
import { guard, native } from "./native";

const SLOT = "peerglass ";

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

/** Nobody goes on with it after so long: what is left of it is sent. */
export const WAIT = 50_000;

/** Characters of batches that are kept at most: browsers grant some 5 million. */
export const ROOM = 512 << 10;

/** Keeps a session; false where the page has no storage. */
export function keep(k: Kept): boolean {
  return guard(() => (native.storage()!.setItem(SLOT + k.id, JSON.stringify(k)), true)) ?? false;
}

/** What pages before this one left of an app, and is not too old. */
export function kept(to: string): Kept[] {
  const found: Kept[] = [];
  guard(() => {
    const storage = native.storage();
    for (const slot of storage ? Object.keys(storage) : []) {
      if (!slot.startsWith(SLOT)) continue;
      const k = JSON.parse(storage!.getItem(slot)!) as Kept;
      const age = native.now() - k.at;
      if (!(age >= 0 && age < FOR)) forget(k.id);
      else if (k.to === to) found.push(k);
    }
  });
  return found;
}

/** Whoever forgets it first may go on with it. */
export function forget(id: string): boolean {
  return guard(() => {
    const storage = native.storage();
    const there = storage?.getItem(SLOT + id) != null;
    storage?.removeItem(SLOT + id);
    return there;
  }) ?? false;
}
