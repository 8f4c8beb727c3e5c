// What the outside sees. What is in here is promised to stay.

/** The state of the connection to the server. */
export type LinkState = "idle" | "connecting" | "live" | "offline" | "stopped";

/** A token, or what fetches a fresh one: it is asked at each connect. */
export type Token = string | (() => string | Promise<string>);

/** How Peerglass is set up. */
export interface Config {
  /** The app's public ingest key, "pgk_…". */
  key?: string;
  /** The app's id, where a token stands for the key. */
  app?: number;
  /** Where the Peerglass server is: "https://peerglass.example". */
  endpoint?: string;
  /** A signed token of the app's back end, beside the key or with the app's id. */
  token?: Token;
  /** Steady interval of getStats in ms, until the server says another. */
  pollInterval?: number;
  /** Measure the gaps of received sounds: see README.md for what it costs. */
  audioGaps?: boolean;
  /** Warn on the console about what goes wrong in here. */
  debug?: boolean;
  /** False: nothing is collected until peerglass.consent(true). */
  consent?: boolean;
  /** True: of IP addresses only the family leaves the page. */
  maskIPs?: boolean;
  /** False: no session description leaves the page. */
  sendSDP?: boolean;
  /** Sees a copy of each record before it is coded. What it returns is sent;
   * null drops the record, and so does an exception. */
  beforeSend?: (record: Outgoing) => Outgoing | null | undefined;
}

/** A record that is about to be sent. */
export interface Outgoing {
  /** "open" says who and where, "stats" is a result of getStats. */
  kind: "open" | "call" | "state" | "stats" | "event" | "feedback" | "log" | "close";
  /** "createOffer", "onconnectionstatechange", the name of an event, the level of a log line. */
  name: string;
  /** The connection's label, "PC_0", or "". */
  connection: string;
  /** JSON; of stats an object of reports by their ids. */
  payload: unknown;
}

/** The app's default configuration, as it is set on the server. */
export interface DefaultConfig {
  peerConnection?: RTCConfiguration;
  media?: MediaStreamConstraints;
}

/** What peerglass.on listens to. */
export interface Events {
  /** Whenever the connection to the server changes. */
  status: Status;
  /** Each result of getStats, as the browser gave it. */
  stats: { connection: string; report: RTCStatsReport };
  /** The server refuses us: "token_expired", "unknown_key" … */
  error: { code: string; message: string };
  /** After join, and at once where it came before. */
  defaultConfig: DefaultConfig;
}

/** Who joins where. */
export interface Identity {
  room: string;
  roomName?: string;
  user?: string;
  userName?: string;
  role?: string;
  token?: Token;
  /** Anything to find the call by. */
  keys?: Record<string, string>;
}

/** A user's rating; each from 1 (bad) to 5 (excellent). */
export interface Feedback {
  overall?: number;
  audio?: number;
  video?: number;
  screen?: number;
  comment?: string;
}

/** What the SDK is doing. */
export interface Status {
  state: LinkState;
  /** The id of this stay, as the server's dumps name it. */
  session: string;
  room: string;
  user: string;
  /** Batches that the server has stored. */
  acknowledged: number;
  /** Bytes sent, and bytes that wait. */
  bytesSent: number;
  bytesWaiting: number;
  polls: number;
  /** Records that did not fit the buffer. */
  lost: number;
  /** Faults of the SDK that the page was spared. */
  faults: number;
}
