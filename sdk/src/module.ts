// Modules. What is measured beside getStats lives in modules (src/watch): each
// is a Module given to client.use(). It tells with client.add(Kind.Event, …)
// or client.event(…), asks for close looks with client.stir(), and adds its
// figures to the polls. A module that throws is passed over; what it tells
// while nothing is collected goes nowhere.

import { guard } from "./native";

/** Something that watches beside the captures. */
export interface Module {
  /** A connection came under watch. */
  connection?(pc: RTCPeerConnection): void;
  /** A session begins, which knows nothing yet: tell it how things stand. */
  session?(): void;
  /** A result of getStats is about to be coded. */
  poll?(poll: Poll): void;
}

/** A result of getStats before it is coded. */
export interface Poll {
  pc: RTCPeerConnection;
  /** As the browser gave it: to be read, not changed. */
  result: RTCStatsReport;
  /** Whether this poll carries the report of type client: one connection's does. */
  machine: boolean;
  /** Adds members to the report of that id: add(stat.id, { peerglassVideoStutterDuration: 1.5 }). */
  add(id: string, members: Record<string, unknown>): void;
}

/** Id of the report on the machine: poll.machine && poll.add(MACHINE, { cpuPressure: 1 }). */
export const MACHINE = "peerglass-client";

/** A result with what the modules add, and with how late our timers run. */
export function enrich(modules: Module[], pc: RTCPeerConnection | undefined, machine: boolean, lag: number | undefined, result: RTCStatsReport): RTCStatsReport {
  const more = new Map<string, Record<string, unknown>>();
  const add = (id: string, members: Record<string, unknown>): void => void more.set(id, { ...more.get(id), ...members });
  if (machine && lag !== undefined) add(MACHINE, { loopLag: lag / 1000 });
  if (pc) for (const m of modules) guard(() => m.poll?.({ pc, result, machine, add }));
  if (!more.size) return result;
  return {
    forEach(each: (s: RTCStats) => void): void {
      let newest = 0;
      result.forEach((s: RTCStats) => {
        newest = Math.max(newest, s.timestamp);
        const own = more.get(s.id);
        each(own ? { ...s, ...own } : s);
      });
      const own = more.get(MACHINE);
      if (own) each({ id: MACHINE, type: "client", timestamp: newest, ...own } as unknown as RTCStats);
    },
  } as RTCStatsReport;
}
