import { describeError } from "../src/capture/patch";
import type { Client } from "../src/client";
import { Kind } from "../src/encoder";
import { guard, native } from "../src/native";
import type { Feedback } from "../src/types";
import { errorOf } from "./auth";
import { Figures, type Stats, type Track } from "./figures";
import type { Hub } from "./hub";
import { csError, endpointType, fabricEvent, fabricUsage, webRTCFunctions } from "./names";

/** A callback of the page's: one of csError, and a sentence. */
export type Callback = (error: string, message: string) => void;

/** What a page says of a connection. */
export interface FabricAttributes {
  remoteEndpointType?: string;
  fabricTransmissionDirection?: string;
}

/** Whose a stream is. */
export interface Mapped {
  user: string;
  label: string;
  tag: string;
}

/** What a conference needs of the object that the page has. */
export interface Owner {
  hub: Hub;
  user: string;
  userName: string;
  keys: Record<string, string>;
  endpoint: string;
  app: number;
  maskIPs: boolean;
  saysGoodbye: boolean;
  /** Resolves when the server has let the page in. */
  ready: Promise<void>;
  session(): { token(): Promise<string>; refused(): void };
  stats(s: Stats): void;
  wantsStats(): boolean;
  /** Something went wrong that the page should know of. */
  trouble: Callback;
  /** One direction of a connection brings no sound. */
  oneWay(message: OneWay): void;
  over(c: Conference): void;
}

/** A direction that brings no sound. */
export interface OneWay {
  mediaType: "audio";
  SSRC: number;
  disruptionType: "noAudioInMultiplexFabric" | "noOutboundAudioOnlyFabric" | "noInboundAudioOnlyFabric";
}

/** A connection that the page has added. */
interface Fabric {
  pc: RTCPeerConnection;
  remote: string;
  usage: string;
  attributes: FabricAttributes;
  added: number; // client's clock, ms
  connected: boolean;
  failed: boolean;
  silent: boolean; // that it brings no sound was told
  figures: Figures;
  mapped: Map<number, Mapped>;
  callback: Callback;
  stop: () => void;
}

// The poll that is nearest to 10 s after the last payload: polls drift a little.
const STATS_EVERY = 9_000;
// So long the goodbye of a conference without connections waits for the user's
// rating: what comes after it would be a stay of its own. It tells when the last
// connection went.
const LINGER = 20_000;
const MAX_LOG = 20 << 10;
const MAX_SDP = 64 << 10;

/** One conference of the page: a stay of its own, with the connections that
 * were added to it. */
export class Conference {
  private readonly _client: Client;
  private _fabrics = new Map<RTCPeerConnection, Fabric>();
  private _had = new WeakSet<object>();
  private _leaving: number | undefined;
  private _ended: number | undefined; // when the last connection went
  private _live = false;
  private _refused = false; // since the last attempt to connect
  private _refusals = 0; // of tokens in a row
  private _offline = 0; // times in a row that the server could not be reached
  private _keys: Record<string, string> = {};

  constructor(
    readonly id: string,
    private readonly _owner: Owner,
  ) {
    const { hub } = _owner;
    const client = (this._client = hub.enlist({
      closed: (pc) => this._gone(pc),
      // A call ends with its page, unless the page asked to say so itself.
      going: () => void (_owner.saysGoodbye && client.leave(this._ended)),
    }));
    client.use({ poll: ({ pc, result }) => this._polled(pc, result) });
    const tokens = _owner.session();
    client.on("error", ({ code, message }: { code: string; message: string }) => {
      this._refused = true;
      // Once is a token that came to its end; the client asks for another.
      if (/^token_/.test(code) && (tokens.refused(), ++this._refusals !== 2)) return;
      // "token": so the client calls a token function that failed.
      _owner.trouble(code === "token" ? csError.tokenGenerationError : errorOf(code), message);
    });
    client.on("status", ({ state }: { state: string }) => this._status(state));
    void _owner.ready.then(() =>
      guard(() => {
        client.init({ endpoint: _owner.endpoint, app: _owner.app, token: tokens.token, maskIPs: _owner.maskIPs });
        this._join();
      }),
    );
    this._linger();
  }

  private _join(): void {
    const { user, userName, keys } = this._owner;
    this._client.join({ room: this.id, user, userName, keys: { ...keys, ...this._keys } });
  }

  /** Adds to what the stay is found by. */
  identify(keys: Record<string, string>): void {
    this._keys = { ...this._keys, ...keys };
    this._client.add(Kind.Open, "", null, { keys: { ...this._owner.keys, ...this._keys } });
  }

  /** Whether the connection is watched, or was. */
  had(pc: object): boolean {
    return this._had.has(pc);
  }

  /** Whether a connection is watched. */
  get busy(): boolean {
    return this._fabrics.size > 0;
  }

  /** Begins to watch a connection. */
  addFabric(pc: RTCPeerConnection, remote: string, usage: string, attributes: FabricAttributes, callback: Callback): void {
    const known = this._fabrics.get(pc);
    if (known) {
      Object.assign(known, { remote, usage, attributes, callback });
      this._map(known);
      if (this._live) callback(csError.success, "The connection is watched.");
      return;
    }
    native.clearTimeout(this._leaving);
    this._leaving = this._ended = undefined;
    const f: Fabric = {
      pc, remote, usage, attributes, callback,
      added: native.now(), connected: false, failed: false, silent: false,
      figures: new Figures(native.now()), mapped: new Map(),
      stop: () => {
        for (const e of ["iceconnectionstatechange", "connectionstatechange"]) pc.removeEventListener?.(e, changed);
      },
    };
    const changed = (): void => void guard(() => this._changed(f));
    this._fabrics.set(pc, f);
    this._had.add(pc);
    this._owner.hub.adopt(this._client, pc);
    this._tell("addNewFabric", { remote, usage, ...attributes }, pc);
    this._map(f);
    for (const e of ["iceconnectionstatechange", "connectionstatechange"]) pc.addEventListener?.(e, changed);
    changed();
    if (this._live) callback(csError.success, "The connection is watched.");
  }

  /** All that a connection brings is the remote user's; of a server it is not. */
  private _map(f: Fabric): void {
    if (f.attributes.remoteEndpointType !== endpointType.server) this._tell("mapStream", { user: f.remote }, f.pc);
  }

  /** Follows a connection's set-up: its delay counts from addNewFabric. */
  private _changed(f: Fabric): void {
    const state = f.pc.iceConnectionState;
    const whole = f.pc.connectionState as RTCPeerConnectionState | undefined;
    const delay = native.now() - f.added; // ms
    if (state === "closed" || whole === "closed") return;
    if (state === "failed" || whole === "failed") {
      if (f.failed) return;
      f.failed = true;
      this._tell(f.connected ? "fabricDropped" : "fabricSetupFailed", f.connected ? {} : { delay, reason: "ICE connection failure" }, f.pc);
      f.callback(csError.appConnectivityError, "The connectivity checks of the connection failed.");
    } else if ((state === "connected" || state === "completed") && (whole === undefined || whole === "connected")) {
      f.failed = false;
      if (f.connected) return;
      f.connected = true;
      this._tell("fabricSetup", { delay }, f.pc);
    } else if (state === "disconnected") {
      f.callback(csError.appConnectivityError, "The connection is interrupted.");
    }
  }

  /** Takes one of fabricEvent. */
  event(pc: RTCPeerConnection, event: string, data: unknown): void {
    const given = typeof data === "object" && data !== null ? (data as Record<string, unknown>) : undefined;
    switch (event) {
      case fabricEvent.audioMute:
      case fabricEvent.audioUnmute:
        return this._tell(event === fabricEvent.audioMute ? "mute" : "unmute", { kind: "audio", data: given });
      case fabricEvent.videoPause:
      case fabricEvent.videoResume:
        return this._tell(event === fabricEvent.videoPause ? "mute" : "unmute", { kind: "video", data: given });
      case fabricEvent.fabricHold:
      case fabricEvent.fabricResume:
        return this._tell("hold", { on: event === fabricEvent.fabricHold, data: given }, pc);
      case fabricEvent.screenShareStart:
      case fabricEvent.screenShareStop:
        return this._tell("screenShare", { on: event === fabricEvent.screenShareStart, data: given });
      case fabricEvent.dominantSpeaker:
        return this._tell("dominantSpeaker", { user: given?.userID ?? this._owner.user, data: given });
      case fabricEvent.activeDeviceList:
        return this._tell("devices", devices(given?.deviceList));
      case fabricEvent.applicationErrorLog:
        return this.log(data);
      case fabricEvent.fabricTerminated:
        this._tell("fabricTerminated", { data: given }, pc);
        this._owner.hub.release(this._client, pc);
        return this._gone(pc);
      default:
        this._tell(event, given ?? {}, pc);
    }
  }

  /** Takes an event that has no meaning of its own here. */
  custom(name: string, pc: RTCPeerConnection | null, data: unknown): void {
    this._tell(name, data, pc && this._fabrics.has(pc) ? pc : null);
  }

  /** Whose a stream is. */
  associate(pc: RTCPeerConnection, user: string, ssrc: number, label: string, tag: unknown): void {
    const f = this._fabrics.get(pc);
    const own = user === this._owner.user;
    const element = elementOf(tag);
    f?.mapped.set(ssrc, { user, label, tag: typeof tag === "string" ? tag : (element?.id ?? "") });
    // Of the user's own streams the label is all there is to tell.
    this._tell("mapStream", { ssrc, user: own ? "" : user, label: label || undefined }, pc);
    if (element && !own) guard(() => this._owner.hub.watchVideo(element, user, label));
  }

  /** Takes an error of one of webRTCFunctions. */
  error(pc: RTCPeerConnection | null, fn: string, error: unknown, local: unknown, remote: unknown): void {
    if (fn === webRTCFunctions.applicationLog || fn === webRTCFunctions.applicationError) return this.log(error);
    const { name, message } = error === undefined || error === null ? { name: undefined, message: undefined } : typeof error === "string" ? { name: undefined, message: error } : (describeError(error) as { name: string; message: string });
    this._tell("error", { function: fn, name, message, localSDP: sdpOf(local), remoteSDP: sdpOf(remote) }, pc && this._fabrics.has(pc) ? pc : null);
  }

  /** Takes a line of the application's log: a text, an object or an Error. */
  log(entry: unknown): void {
    const e = entry as { name?: string; message?: string; stack?: string };
    let line: unknown = entry instanceof Error ? { name: e.name, message: e.message, stack: e.stack } : entry;
    const bytes = new TextEncoder().encode(typeof line === "string" ? line : JSON.stringify(line));
    if (bytes.length > MAX_LOG) {
      line = new TextDecoder().decode(bytes.subarray(0, MAX_LOG)).replace(/\uFFFD$/, "");
      native.warn(`callstats: an application log of ${bytes.length} bytes was cut at ${MAX_LOG}`);
    }
    this._client.add(Kind.Log, "error", null, line);
  }

  /** Takes a user's rating. */
  feedback(f: Feedback): void {
    this._client.feedback(f);
    if (!this._fabrics.size) this._linger();
  }

  private _tell(name: string, data: unknown, pc?: RTCPeerConnection | null): void {
    this._client.add(Kind.Event, name, pc, data);
  }

  // --- what follows ------------------------------------------------------

  private _polled(pc: RTCPeerConnection, result: RTCStatsReport): void {
    const f = this._fabrics.get(pc);
    if (!f || !this._owner.wantsStats()) return;
    f.figures.see(result);
    const now = native.now();
    if (f.figures.age(now) < STATS_EVERY) return;
    const sdp = (pc.localDescription?.sdp ?? "") + "\n" + (pc.remoteDescription?.sdp ?? "");
    const tracks = f.figures.take(now, f.remote, f.mapped, sdp);
    this._silence(f, tracks);
    const streams: Stats["streams"] = {};
    for (const t of tracks) if (!t.statsType.startsWith("remote-")) streams[t.ssrc] = t;
    this._owner.stats({
      connectionState: this._live ? "online" : "offline",
      fabricState: !f.connected ? "initialising" : pc.iceConnectionState === "connected" || pc.iceConnectionState === "completed" ? "established" : "disrupted",
      conferenceURL: null, // only the server knows which call the room's is
      mediaStreamTracks: tracks,
      streams,
    });
  }

  /** Says once where sound should come or go, and nothing does for an interval. */
  private _silence(f: Fabric, tracks: Track[]): void {
    if (!f.connected || f.silent) return;
    for (const t of tracks) {
      if (t.mediaType !== "audio" || t.packetRate !== 0) continue;
      const inbound = t.statsType === "inbound-rtp";
      if (!inbound && (t.statsType !== "outbound-rtp" || f.usage !== fabricUsage.audio)) continue;
      f.silent = true;
      const disruptionType = f.usage === fabricUsage.multiplex ? "noAudioInMultiplexFabric" : inbound ? "noInboundAudioOnlyFabric" : "noOutboundAudioOnlyFabric";
      return this._owner.oneWay({ mediaType: "audio", SSRC: t.ssrc, disruptionType });
    }
  }

  private _status(state: string): void {
    if (state === "live") {
      this._offline = this._refusals = 0;
      if (!this._live) for (const f of this._fabrics.values()) f.callback(csError.success, "The connection is watched.");
      this._live = true;
    } else if (state === "offline") {
      this._live = false;
      const refused = this._refused;
      this._refused = false;
      if (refused) return; // the server is there, and the page was told
      // Once is a connection that is made anew; twice, the server is away.
      if (++this._offline === 2) this._owner.trouble(csError.wsChannelFailure, "The server cannot be reached; what is measured is kept and sent later.");
    }
  }

  /** A connection is no longer watched. */
  private _gone(pc: RTCPeerConnection): void {
    const f = this._fabrics.get(pc);
    if (!f) return;
    f.stop();
    this._fabrics.delete(pc);
    if (this._fabrics.size) return;
    this._ended = native.now();
    this._linger();
  }

  private _linger(): void {
    native.clearTimeout(this._leaving);
    this._leaving = native.setTimeout(() => guard(() => this._leave()), LINGER);
  }

  private _leave(): void {
    if (this._fabrics.size) return;
    this._owner.over(this);
    void this._client.leave(this._ended).then(() => this._owner.hub.dismiss(this._client));
  }
}

/** Labels of the devices in use, by their kind. */
function devices(list: unknown): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const d of Array.isArray(list) ? (list as Partial<MediaDeviceInfo>[]) : []) {
    if (d?.kind && !(d.kind in labels)) labels[d.kind] = d.label || d.deviceId || "";
  }
  return labels;
}

function elementOf(tag: unknown): HTMLVideoElement | undefined {
  const element = typeof tag === "string" && tag ? guard(() => document.getElementById(tag) ?? document.getElementsByName(tag)[0]) : tag;
  return typeof HTMLVideoElement === "function" && element instanceof HTMLVideoElement ? element : undefined;
}

/** A session description without the passwords of its media. */
function sdpOf(description: unknown): string | undefined {
  const sdp = typeof description === "string" ? description : (description as RTCSessionDescriptionInit | null | undefined)?.sdp;
  return typeof sdp === "string" ? sdp.slice(0, MAX_SDP).replace(/^(a=ice-pwd:|a=crypto:\d+ \S+ inline:).*$/gm, "$1***") : undefined;
}
