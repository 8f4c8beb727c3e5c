// What the API tells of a call that this page lays together, by the members it
// needs: the pure parts and their tests stand on these.

export type Kind = "audio" | "video" | "screen";
export const kinds: Kind[] = ["video", "audio", "screen"];

/** How a received stream was found to be somebody's; "" it was not. */
export type Basis = "ssrc" | "track" | "mid" | "mapping" | "connection" | "only_other" | "";

export interface Match {
  receiver: { session: string; stream: number };
  kind: string;
  sender: { session: string; streams: number[] } | null;
  user: string;
  basis: Basis;
  /** What did not tell, where nothing did. */
  tried: Trial[];
}

/** One way of telling, and how many stays it fits. */
export interface Trial { basis: Basis; fits: number; contradicts: boolean }

export interface Happening {
  id: string;
  time: string;
  session: string;
  type: string;
  lane: string;
  label: string;
  cause: string | null;
  severity: "info" | "warning" | "error";
  direction: "up" | "down" | null;
  kind: string | null;
  remoteUser: string;
  text: string;
}

/** One stream over time, as GET …/samples has it. */
export interface Sampled {
  session: string;
  stream: number;
  kind: string;
  direction: string;
  times: number[];
  intervals: number[];
  values: Record<string, (number | null)[]>;
  min?: Record<string, (number | null)[]>;
  max?: Record<string, (number | null)[]>;
  codec: Run[];
  limitation: Run[];
  pair: Run[];
}

export interface Run { from: number; value: string }

/** A stream of a stay, as the session's detail has it. */
export interface StreamRow {
  id: number;
  session: string;
  kind: string;
  direction: string;
  connection: number;
  ssrc: number;
  rid: string;
  label: string;
  remoteUser: string;
  start: string;
  end: string;
}
