import type { Client } from "../client";
import { Kind } from "../encoder";
import { apply, construct, guard } from "../native";
import { call, describeTrack, hook, patch } from "./patch";

/** Watches every RTCPeerConnection of the page. */
export function capturePeerConnections(client: Client, scope: typeof globalThis & { webkitRTCPeerConnection?: unknown }): void {
  const Native = scope.RTCPeerConnection;
  if (typeof Native !== "function") return;
  const prototype = Native.prototype;
  const nativeGetStats = prototype.getStats as (this: RTCPeerConnection) => Promise<RTCStatsReport>;
  client.getStats = (pc) => apply(nativeGetStats, pc, []) as Promise<RTCStatsReport>;

  // A Proxy keeps instanceof, static members, subclasses and the prototype.
  const wrapped = new Proxy(Native, {
    construct(target, args, newTarget) {
      // A call without a subclass must not look like one to the browser.
      const pc = construct(target, args, newTarget === wrapped ? target : newTarget) as RTCPeerConnection;
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

  const method = (name: string, say: (args: unknown[]) => unknown, tell?: (value: unknown) => unknown, callbacks?: [number, number]): void =>
    hook<RTCPeerConnection>(prototype, name, (pc, args) => (known(pc) ? call(client, pc, name, say(args), tell) : undefined), callbacks);
  const nothing = (): undefined => undefined;
  const description = (d: unknown): unknown => {
    const { type, sdp } = (d ?? {}) as RTCSessionDescriptionInit;
    return type || sdp ? { type, sdp: maskSdp(sdp) } : undefined;
  };

  for (const name of ["createOffer", "createAnswer"]) method(name, (a) => (typeof a[0] === "function" ? a[2] : a[0]), description, [0, 1]);
  // A page may leave it to the browser what to set: what was made is told with the outcome.
  for (const name of ["setLocalDescription", "setRemoteDescription"])
    hook<RTCPeerConnection>(prototype, name, (pc, [d]) => (known(pc) ? call(client, pc, name, description(d), () => description(d ? 0 : pc.localDescription)) : undefined), [1, 2]);
  method("addIceCandidate", (a) => a[0], nothing, [1, 2]);
  method("createDataChannel", (a) => [a[0], a[1]]);
  for (const name of ["addStream", "removeStream"]) method(name, (a) => describeStream(a[0]));
  method("addTrack", (a) => ({ ...(describeTrack(a[0] as MediaStreamTrack) as object), streams: a.slice(1).map((s) => (s as MediaStream).id) }));
  method("removeTrack", (a) => describeTrack((a[0] as RTCRtpSender)?.track));
  method("addTransceiver", (a) => [typeof a[0] === "string" ? a[0] : describeTrack(a[0] as MediaStreamTrack), init(a[1])]);
  method("restartIce", nothing);
  method("setConfiguration", (a) => maskConfiguration(a[0]));
  patch(
    prototype,
    "close",
    (original) =>
      function (this: RTCPeerConnection, ...args: unknown[]): unknown {
        guard(() => this.signalingState !== "closed" && known(this) && client.closing(this));
        return apply(original, this, args);
      },
  );

  captureSenders(client, scope);
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
  const prototype = scope.RTCRtpSender?.prototype as object | undefined;
  const method = (name: string, say: (sender: RTCRtpSender, arg: unknown) => unknown): void =>
    hook<RTCRtpSender>(prototype, name, (sender, args) => call(client, owner(sender), name, say(sender, args[0])));
  method("replaceTrack", (sender, track) => ({ from: describeTrack(sender.track), to: describeTrack(track as MediaStreamTrack) }));
  method("setParameters", (_, p) => ({ encodings: (p as RTCRtpSendParameters)?.encodings }));
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
