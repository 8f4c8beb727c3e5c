import { capturePage } from "./capture/page";
import { captureMedia } from "./capture/media";
import { capturePeerConnections } from "./capture/peerconnection";
import { Client, type Config, type Feedback, type Identity, type Status } from "./client";
import { guard } from "./native";

export type { Config, Feedback, Identity, Status };

declare const __VERSION__: string;

/** The version of this SDK. */
export const VERSION: string = __VERSION__;

let client: Client | undefined;

/** The one client of the page, made at the first call. */
function the(): Client {
  if (!client) {
    const c = (client = new Client());
    guard(() => typeof window === "object" && capturePage(c, window));
    guard(() => captureMedia(c, globalThis));
    guard(() => capturePeerConnections(c, globalThis));
  }
  return client;
}

/** Peerglass in this page. No method throws. */
export const peerglass = {
  /** Begins to watch. Call it before the page makes its first connection. */
  init(config: Config): void {
    guard(() => the().init(config));
  },
  /** Says who joins where; connections from now on belong to that call. */
  join(identity: Identity): void {
    guard(() => the().join(identity));
  },
  /** Says goodbye. Resolves when all is stored, at the latest after 6 s. */
  async leave(): Promise<void> {
    await guard(() => the().leave())?.catch(() => undefined);
  },
  /** Tells of something that happened, at this moment. */
  event(name: string, data?: unknown): void {
    guard(() => the().event(name, data));
  },
  /** Keeps a line of the app's log with the call: at most 20 KiB. */
  log(level: "debug" | "info" | "warn" | "error", message: unknown): void {
    guard(() => the().log(level, message));
  },
  /** Keeps a user's rating with the call. */
  feedback(f: Feedback): void {
    guard(() => the().feedback(f));
  },
  /** Says which user a received stream comes from, by track, SSRC or mid. */
  mapStream(stream: MediaStreamTrack | number | string, user: string, label?: string): void {
    guard(() => {
      const which = typeof stream === "number" ? { ssrc: stream } : typeof stream === "string" ? { mid: stream } : { track: stream.id };
      the().event("mapStream", { ...which, user, label });
    });
  },
  /** Listens: "status" (Status), "stats" ({connection, report}), "error" ({code, message}). Returns what ends it. */
  on(name: "status" | "stats" | "error", listener: (value: never) => void): () => void {
    return guard(() => the().on(name, listener)) ?? (() => undefined);
  },
  /** What the SDK is doing now. */
  status(): Status | undefined {
    return guard(() => the().status());
  },
};
