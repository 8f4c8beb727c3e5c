import type { Poll } from "../client";

/** The report of a received stream, as browsers give it. */
export interface Inbound extends RTCStats {
  trackIdentifier?: string;
  concealedSamples?: number;
  totalSamplesReceived?: number;
  totalSamplesDuration?: number;
}

/** Finds in a poll the report of a received track. `id` is where it was last
 * time: to read one report costs the page much less than to go through all. */
export function inbound({ pc, result }: Poll, track: string, id: string): Inbound | undefined {
  let found = (result as ReadonlyMap<string, Inbound>).get(id);
  if (found?.trackIdentifier === track) return found;
  found = undefined;
  if (pc.getReceivers().some((r) => r.track.id === track)) {
    result.forEach((r: Inbound) => {
      if (r.type === "inbound-rtp" && r.trackIdentifier === track) found = r;
    });
  }
  return found;
}
