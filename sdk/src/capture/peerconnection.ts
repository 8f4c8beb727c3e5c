import type { Client } from "../client";
import { Kind } from "../encoder";
import { guard } from "../native";
import { describeError, describeTrack, patch, watched, type Watcher } from "./patch";

type Any = (...args: unknown[]) => unknown;

/** Watches every RTCPeerConnection of the page. */
export function capturePeerConnections(client: Client, scope: typeof globalThis & { webkitRTCPeerConnection?: unknown }): void {
  const Native = scope.RTCPeerConnection;
  if (typeof Native !== "function") return;
  const prototype = Native.prototype;
  const nativeGetStats = prototype.getStats as (this: RTCPeerConnection) => Promise<RTCStatsReport>;
  client.getStats = (pc) => nativeGetStats.call(pc);

  // A Proxy keeps instanceof, static members, subclasses and the prototype.
  const wrapped = new Proxy(Native, {
    construct(target, args, newTarget) {
      // A call without a subclass must not look like one to the browser.
      const pc = Reflect.construct(target, args, newTarget === wrapped ? target : newTarget) as RTCPeerConnection;
      guard(() => watch(client, pc, args[0], args[1]));
      return pc;
    },
  });
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"] as const) {
    guard(() => {
      if (scope[name] === Native) Object.defineProperty(scope, name, { value: wrapped, writable: true, configurable: true, enumerable: false });
    });
  }
  guard(() => Object.defineProperty(prototype, "constructor", { value: wrapped, writable: true, configurable: true, enumerable: false }));

  /** Connections that were made before we came are known from their first call on. */
  const known = (pc: object): boolean => {
    if (!client.knows(pc) && pc instanceof Native && (pc as RTCPeerConnection).signalingState !== "closed") guard(() => watch(client, pc as RTCPeerConnection, (pc as RTCPeerConnection).getConfiguration()));
    return client.knows(pc);
  };

  const method = (name: string, say: (args: unknown[]) => unknown, tell: (value: unknown) => unknown, callbacks?: [number, number]): void =>
    patch(
      prototype,
      name,
      (original: Any) =>
        function (this: RTCPeerConnection, ...args: unknown[]): unknown {
          return watched(original, this, args, guard(() => (known(this) ? call(client, this, name, say(args), tell) : undefined)), callbacks);
        } as never,
    );
  const nothing = (): undefined => undefined;
  const first = (args: unknown[]): unknown => args[0];
  const description = (d: unknown): unknown => {
    const { type, sdp } = (d ?? {}) as RTCSessionDescriptionInit;
    return type || sdp ? { type, sdp: maskSdp(sdp) } : undefined;
  };

  method("createOffer", (a) => (typeof a[0] === "function" ? a[2] : a[0]), description, [0, 1]);
  method("createAnswer", (a) => (typeof a[0] === "function" ? a[2] : a[0]), description, [0, 1]);
  method("setLocalDescription", (a) => description(a[0]), nothing, [1, 2]);
  method("setRemoteDescription", (a) => description(a[0]), nothing, [1, 2]);
  method("addIceCandidate", first, nothing, [1, 2]);
  method("createDataChannel", (a) => [a[0], a[1]], nothing);
  method("addStream", (a) => describeStream(a[0]), nothing);
  method("removeStream", (a) => describeStream(a[0]), nothing);
  method("addTrack", (a) => ({ ...(describeTrack(a[0] as MediaStreamTrack) as object), streams: a.slice(1).map((s) => (s as MediaStream).id) }), nothing);
  method("removeTrack", (a) => describeTrack((a[0] as RTCRtpSender)?.track), nothing);
  method("addTransceiver", (a) => [typeof a[0] === "string" ? a[0] : describeTrack(a[0] as MediaStreamTrack), init(a[1])], nothing);
  method("restartIce", nothing, nothing);
  method("setConfiguration", (a) => maskConfiguration(a[0]), nothing);
  patch(
    prototype,
    "close",
    (original: Any) =>
      function (this: RTCPeerConnection): unknown {
        guard(() => this.signalingState !== "closed" && known(this) && client.closing(this));
        return Reflect.apply(original, this, []);
      } as never,
  );

  captureSenders(client, scope);
}

function call(client: Client, pc: object | null, name: string, payload: unknown, tell: (value: unknown) => unknown): Watcher {
  const corr = client.corr();
  return {
    before() {
      client.add(Kind.Call, name, pc, payload, corr);
      if (name !== "addIceCandidate") client.stir();
    },
    success(value) {
      client.add(Kind.Call, name + "OnSuccess", pc, tell(value), corr);
    },
    failure(error) {
      client.add(Kind.Call, name + "OnFailure", pc, describeError(error), corr);
    },
  };
}

/** Names a connection and listens to its events. */
export function watch(client: Client, pc: RTCPeerConnection, configuration: unknown, constraints?: unknown): void {
  client.connection(pc, maskConfiguration(configuration), constraints);
  const on = (event: string, say: (e: never) => unknown, quiet = false): void =>
    pc.addEventListener(event, (e) =>
      guard(() => {
        client.add(Kind.State, "on" + event, pc, say(e as never));
        if (!quiet) client.stir();
      }),
    );
  on("icecandidate", (e: RTCPeerConnectionIceEvent) => e.candidate, true);
  on("icecandidateerror", (e: RTCPeerConnectionIceErrorEvent) => ({ url: e.url, errorCode: e.errorCode, errorText: e.errorText, address: e.address }), true);
  on("signalingstatechange", () => pc.signalingState);
  on("iceconnectionstatechange", () => pc.iceConnectionState);
  on("icegatheringstatechange", () => pc.iceGatheringState, true);
  on("connectionstatechange", () => pc.connectionState);
  on("negotiationneeded", () => undefined);
  on("addstream", (e: Event & { stream?: MediaStream }) => describeStream(e.stream), true);
  on("removestream", (e: Event & { stream?: MediaStream }) => describeStream(e.stream), true);
  on("datachannel", (e: RTCDataChannelEvent) => ({ label: e.channel?.label, id: e.channel?.id }));
  on("track", (e: RTCTrackEvent) => {
    watchTrack(client, e.track, pc);
    return { ...(describeTrack(e.track) as object), mid: e.transceiver?.mid ?? undefined, streams: e.streams?.map((s) => s.id) };
  });
}

const watchedTracks = /* @__PURE__ */ new WeakSet<object>();

/** Listens to what the browser says of a track. */
export function watchTrack(client: Client, track: MediaStreamTrack, pc: RTCPeerConnection | null): void {
  if (watchedTracks.has(track)) return;
  watchedTracks.add(track);
  for (const event of ["mute", "unmute", "ended"]) {
    track.addEventListener(event, () =>
      guard(() => {
        client.add(Kind.State, "MediaStreamTrack.on" + event, pc, describeTrack(track));
        client.stir();
      }),
    );
  }
}

function captureSenders(client: Client, scope: typeof globalThis): void {
  // A sender does not say whose it is.
  const owner = (sender: object): RTCPeerConnection | null => client.connections().find((pc) => pc.getSenders().includes(sender as RTCRtpSender)) ?? null;
  const sender = scope.RTCRtpSender?.prototype as unknown as object | undefined;
  patch(
    sender,
    "replaceTrack",
    (original: Any) =>
      function (this: RTCRtpSender, ...args: unknown[]): unknown {
        const watcher = guard(() => call(client, owner(this), "replaceTrack", { from: describeTrack(this.track), to: describeTrack(args[0] as MediaStreamTrack) }, () => undefined));
        return watched(original, this, args, watcher);
      } as never,
  );
  patch(
    sender,
    "setParameters",
    (original: Any) =>
      function (this: RTCRtpSender, ...args: unknown[]): unknown {
        const watcher = guard(() => call(client, owner(this), "setParameters", { encodings: (args[0] as RTCRtpSendParameters)?.encodings }, () => undefined));
        return watched(original, this, args, watcher);
      } as never,
  );
}

function describeStream(stream: unknown): unknown {
  const s = stream as MediaStream | undefined;
  return s && { id: s.id, tracks: s.getTracks?.().map(describeTrack) };
}

function init(i: unknown): unknown {
  const { direction, sendEncodings, streams } = (i ?? {}) as RTCRtpTransceiverInit;
  return { direction, sendEncodings, streams: streams?.map((s) => s.id) };
}

/** Credentials of relays stay in the page. */
function maskConfiguration(configuration: unknown): unknown {
  const c = configuration as RTCConfiguration | null | undefined;
  if (!c || typeof c !== "object") return {};
  return {
    ...c,
    certificates: c.certificates?.length,
    iceServers: Array.isArray(c.iceServers) ? c.iceServers.map((s) => ({ ...s, username: s.username && "***", credential: s.credential && "***" })) : c.iceServers,
  };
}

/** So do the passwords that guard the media path. */
function maskSdp(sdp: string | undefined): string | undefined {
  return sdp?.replace(/^(a=ice-pwd:|a=crypto:\d+ \S+ inline:).*$/gm, "$1***");
}
