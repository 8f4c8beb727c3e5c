import { beside } from "./beside";
import { capturePage } from "./capture/page";
import { captureMedia } from "./capture/media";
import { describeError } from "./capture/patch";
import { capturePeerConnections } from "./capture/peerconnection";
import { Client } from "./client";
import { Kind } from "./encoder";
import { guard, native } from "./native";
import type { Config, DefaultConfig, Events, Feedback, Identity, LinkState, Outgoing, Status, Token } from "./types";
import { machine } from "./watch/machine";
import type { VideoWatch } from "./watch/video";

export type { Config, DefaultConfig, Events, Feedback, Identity, LinkState, Outgoing, Status, Token };

declare const __VERSION__: string;

/** The version of this SDK. */
export const VERSION: string = __VERSION__;

/** What is sent and received. */
export type Media = "audio" | "video" | "screen";

let client: Client | undefined;
let videos: Promise<VideoWatch> | undefined;
let sounds = false;

/** The one client of the page, made at the first call. */
function the(): Client {
  if (!client) {
    const c = (client = new Client());
    guard(() => typeof window === "object" && capturePage(c, window));
    guard(() => captureMedia(c, globalThis));
    guard(() => capturePeerConnections(c, globalThis));
    c.use(machine(c));
  }
  return client;
}

function more(): Promise<typeof import("./watch")> {
  return beside.get().then((m) => (m.share(native), m));
}

/** Tells of something that happened, of a connection if one is given. */
function tell(name: string, data: unknown, pc?: RTCPeerConnection): void {
  guard(() => the().add(Kind.Event, name, pc, data));
}

/** Peerglass in this page. No method throws. */
export const peerglass = {
  /** Begins to watch. Call it before the page makes its first connection. */
  init(config: Config): void {
    guard(() => {
      const c = the();
      c.init(config);
      if (!config.audioGaps || sounds || typeof document !== "object") return;
      sounds = true;
      more().then((m) => c.use(new m.AudioWatch()), c.missing);
    });
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
  /** What pages with rtcstats call: an event, or who it is, as ("identity", null,
   * { user, conference }). */
  trace(name: string, pc?: RTCPeerConnection | null, data?: any): void {
    if (name === "identity" && data?.conference) peerglass.join({ room: data.conference, user: data.user });
    else tell(name, data, pc ?? undefined);
  },
  /** Keeps a line of the app's log with the call: at most 20 KiB. */
  log(level: "debug" | "info" | "warn" | "error", message: unknown): void {
    guard(() => the().log(level, message));
  },
  /** Keeps a user's rating with the call. */
  feedback(f: Feedback): void {
    guard(() => the().feedback(f));
  },
  /** Says which user a received stream comes from, by track, SSRC or mid; by a
   * connection, that all it brings is that user's. */
  mapStream(stream: MediaStreamTrack | number | string | RTCPeerConnection, user: string, label?: string): void {
    guard(() => {
      const whole = typeof stream === "object" && "getReceivers" in stream;
      const by = whole ? {} : typeof stream === "number" ? { ssrc: stream } : typeof stream === "string" ? { mid: stream } : { track: stream.id };
      tell("mapStream", { ...by, user, label }, whole ? stream : undefined);
    });
  },
  /** Measures exactly what an element shows: frames and freezes. With a user,
   * the element's stream, and each that it shows later, is that user's. */
  watchVideo(element: HTMLVideoElement, user?: string, label?: string): void {
    guard(() => {
      const c = the();
      videos ??= more().then((m) => {
        const v = new m.VideoWatch(c);
        c.use(v);
        return v;
      });
      videos.then((v) => v.watch(element, user, label)).catch(c.missing);
    });
  },
  /** An error of the app's own: which of its functions failed, and how. */
  error(fn: string, err: unknown): void {
    guard(() => tell("error", { function: fn, ...(describeError(err) as object) }));
  },
  /** Adds to what the stay is found by. */
  keys(keys: Record<string, string | number | boolean>): void {
    guard(() => the().keys(keys));
  },
  /** The user's own audio, video or screen is muted; with a user, what comes from that one. */
  mute(kind: Media, user?: string): void {
    tell("mute", { kind, user });
  },
  /** It is no longer. */
  unmute(kind: Media, user?: string): void {
    tell("unmute", { kind, user });
  },
  /** The call is held, or goes on. */
  hold(on: boolean): void {
    tell("hold", { on });
  },
  /** The user shares a screen, or ends that. */
  screenShare(on: boolean, track?: MediaStreamTrack): void {
    tell("screenShare", { on, track: track?.id });
  },
  /** Who is heard most. */
  dominantSpeaker(user: string): void {
    tell("dominantSpeaker", { user });
  },
  /** Labels of the devices in use. Those that are sent from are told without it. */
  devices(labels: { audioinput?: string; audiooutput?: string; videoinput?: string }): void {
    tell("devices", labels);
  },
  /** What the app knows of its wireless link: signal in %, rssi and noise in dBm. */
  wifi(data: { signal?: number; rssi?: number; noise?: number; interface?: string }): void {
    tell("wifi", data);
  },
  /** Allows to collect, or forbids it and drops what was not sent. */
  consent(given: boolean): void {
    guard(() => the().consent(given));
  },
  /** Listens to one of Events. Returns what ends it. */
  on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void {
    return guard(() => the().on(name, listener as (value: never) => void)) ?? (() => undefined);
  },
  /** What the SDK is doing now. */
  status(): Status | undefined {
    return guard(() => the().status());
  },
};
