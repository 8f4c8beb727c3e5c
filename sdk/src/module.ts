// Modules. What is measured beside getStats lives in modules (src/watch): each
// is a Module given to client.use(). It tells with client.add(Kind.Event, …)
// or client.event(…), asks for close looks with client.stir(), and adds its
// figures to the polls. A module that throws is passed over; what it tells
// while nothing is collected goes nowhere.

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
