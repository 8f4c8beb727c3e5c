// The adapters without a browser: what they make of what libraries say, and
// that nothing which a library may say makes them throw. The libraries
// themselves are driven in e2e.
import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as jitsi from "../adapters/jitsi";
import * as livekit from "../adapters/livekit";
import * as mediasoup from "../adapters/mediasoup";
import * as p2p from "../adapters/p2p";
import { peerglass } from "../src/index";

let told: string[];

beforeEach(() => {
  told = [];
  const note = (name: string) => (...args: unknown[]) => void told.push([name, ...args.map((a) => (a === undefined ? "" : JSON.stringify(a)))].join(" ").trim());
  vi.spyOn(peerglass, "event").mockImplementation((name, data) => note(name)(data));
  vi.spyOn(peerglass, "join").mockImplementation(note("join"));
  vi.spyOn(peerglass, "leave").mockImplementation(async () => note("leave")());
  vi.spyOn(peerglass, "mapStream").mockImplementation((stream, user, label) => note("map")((stream as MediaStreamTrack).id, user, label));
});

afterEach(() => vi.restoreAllMocks());

const track = (id: string, kind = "audio", more: object = {}) => ({ id, kind, enabled: true, getSettings: () => ({}), ...more }) as unknown as MediaStreamTrack & { enabled: boolean };

test("the exports are frozen: a new one is a promise to keep", () => {
  expect([livekit, jitsi, mediasoup, p2p].map((a) => Object.keys(a))).toEqual([["watchRoom"], ["watchConference"], ["watchDevice"], ["watchPeer"]]);
});

function aRoom() {
  const me = { identity: "ada", name: "Ada", trackPublications: new Map() };
  const ben = { identity: "ben", trackPublications: new Map<string, livekit.Publication>() };
  return Object.assign(new EventEmitter(), { name: "blue", state: "disconnected", localParticipant: me, remoteParticipants: new Map([["ben", ben]]), ben });
}

test("LiveKit: from connecting to being removed", () => {
  const room = aRoom();
  livekit.watchRoom(room);
  expect(told).toEqual([]);
  room.emit("signalConnected");
  const mic = { source: "microphone", kind: "audio", isMuted: true, track: { mediaStreamTrack: track("t1") } };
  room.emit("trackSubscribed", mic.track, mic, room.ben);
  const screen = { source: "screen_share", kind: "video", isMuted: false, track: { mediaStreamTrack: track("t2", "video") } };
  room.emit("trackSubscribed", screen.track, screen, room.ben);
  room.emit("trackUnmuted", mic, room.ben);
  room.emit("activeSpeakersChanged", [room.ben]);
  room.emit("activeSpeakersChanged", [room.ben]);
  room.emit("activeSpeakersChanged", []);
  room.emit("trackUnsubscribed", screen.track, screen, room.ben);
  room.emit("signalReconnecting");
  room.emit("reconnecting");
  room.emit("reconnected");
  room.emit("mediaDevicesError", new DOMException("in use", "NotReadableError"), "videoinput");
  room.emit("disconnected", 4);
  expect(told).toEqual([
    'join {"room":"blue","user":"ada","userName":"Ada"}',
    'map "t1" "ben" "microphone"',
    'mute {"kind":"audio","user":"ben","track":"t1"}',
    'map "t2" "ben" "screen_share"',
    'screenShare {"on":true,"track":"t2","user":"ben"}',
    'unmute {"kind":"audio","user":"ben","track":"t1"}',
    'dominantSpeaker {"user":"ben"}',
    'screenShare {"on":false,"track":"t2","user":"ben"}',
    'reconnecting {"only":"signalling"}',
    "reconnected",
    'error {"function":"getUserMedia videoinput","name":"NotReadableError","message":"in use"}',
    'disconnected {"reason":"participant removed"}',
    "leave",
  ]);
});

test("LiveKit: a room that is connected already, and names of the page's own", () => {
  const room = aRoom();
  room.state = "connected";
  room.ben.trackPublications.set("x", { source: "camera", kind: "video", isMuted: false, track: { mediaStreamTrack: track("t1", "video") } });
  livekit.watchRoom(room, { room: "the blue room", role: "host", userName: undefined, userOf: (p) => p.identity.toUpperCase() });
  expect(told).toEqual(['join {"room":"the blue room","user":"ADA","userName":"Ada","role":"host"}', 'map "t1" "BEN" "camera"']);
});

test("a mute is told once: of a track that is switched off the SDK tells by itself", () => {
  const room = aRoom();
  livekit.watchRoom(room);
  const of = (t: MediaStreamTrack) => ({ source: "camera", kind: "video", isMuted: true, track: { mediaStreamTrack: t } });
  const switched = track("t1", "video");
  switched.enabled = false;
  room.emit("trackMuted", of(switched), room.localParticipant);
  switched.enabled = true;
  room.emit("trackUnmuted", of(switched), room.localParticipant);
  expect(told).toEqual([]);
  switched.enabled = false;
  room.emit("trackMuted", of(switched), room.localParticipant);
  room.emit("trackUnmuted", of(track("t2", "video")), room.localParticipant); // a new track: the SDK cannot know
  expect(told.splice(0)).toEqual(['unmute {"kind":"video","track":"t2"}']);
  const stopped = track("t3", "video");
  room.emit("trackMuted", of(stopped), room.localParticipant);
  room.emit("trackMuted", of(stopped), room.localParticipant);
  room.emit("trackUnmuted", of(track("t4", "video")), room.localParticipant);
  expect(told).toEqual(['mute {"kind":"video"}', 'unmute {"kind":"video"}']);
});

test("a screen of one's own is told once: that of getDisplayMedia the SDK tells by itself", () => {
  const room = aRoom();
  livekit.watchRoom(room);
  for (const more of [{ getSettings: () => ({ displaySurface: "window" }) }, {}]) {
    const publication = { source: "screen_share", kind: "video", isMuted: false, track: { mediaStreamTrack: track("t1", "video", more) } };
    room.emit("localTrackPublished", publication);
    room.emit("localTrackUnpublished", publication);
  }
  expect(told).toEqual(['screenShare {"on":true,"track":"t1"}', 'screenShare {"on":false,"track":"t1"}']);
});

test("mediasoup: transports, consumers and the end", () => {
  const device = { observer: new EventEmitter() };
  mediasoup.watchDevice(device, { room: "blue", user: "ada" });
  const transports = ["send", "recv"].map((direction) => Object.assign(new EventEmitter(), { direction, observer: new EventEmitter() }));
  for (const t of transports) device.observer.emit("newtransport", t);
  const consumer = { kind: "video", producerId: "p", paused: true, appData: { peerId: "ben", source: "screen" }, track: track("t1", "video"), observer: new EventEmitter() };
  transports[1]!.observer.emit("newconsumer", consumer);
  consumer.observer.emit("resume");
  consumer.observer.emit("close");
  for (const state of ["connected", "disconnected", "connected", "failed"]) transports[0]!.emit("connectionstatechange", state);
  for (const t of transports) t.observer.emit("close");
  expect(new Set(told.splice(0, 3))).toEqual(new Set(['join {"room":"blue","user":"ada"}']));
  expect(told).toEqual([
    'map "t1" "ben" "screen"',
    'screenShare {"on":true,"track":"t1","user":"ben"}',
    'mute {"kind":"screen","user":"ben","track":"t1"}',
    'unmute {"kind":"screen","user":"ben","track":"t1"}',
    'screenShare {"on":false,"track":"t1","user":"ben"}',
    'reconnecting {"direction":"send"}',
    "reconnected",
    'error {"function":"transport send","name":"TransportFailed","message":"its connection failed"}',
    'disconnected {"reason":"transports closed"}',
    "leave",
  ]);
});

test("Jitsi: a conference that is joined already, and one that kicks", () => {
  const of = (id: string, kind: string) => Object.assign(new EventEmitter(), {
    isLocal: () => false, isMuted: () => false, getType: () => kind, videoType: "camera", getTrack: () => track("t1", kind), getParticipantId: () => id,
  });
  const video = of("b2", "video");
  const conference = Object.assign(new EventEmitter(), { getName: () => "blue", myUserId: () => "a1", isJoined: () => true, getParticipants: () => [{ getTracks: () => [video] }] });
  jitsi.watchConference(conference, { userName: "Ada", userOf: (id) => ({ a1: "ada", b2: "ben" })[id] ?? id });
  video.emit("track.videoTypeChanged", "desktop");
  conference.emit("conference.dominantSpeaker", "b2", [], false);
  conference.emit("conference.kicked");
  conference.emit("conference.left");
  expect(told).toEqual([
    'join {"room":"blue","user":"ada","userName":"Ada"}',
    'map "t1" "ben" "video"',
    'screenShare {"on":true,"track":"t1","user":"ben"}',
    'dominantSpeaker {"user":"ben"}',
    'disconnected {"reason":"kicked"}',
    "leave",
  ]);
});

test("a plain connection: its other end's tracks, before and after", () => {
  const pc = Object.assign(new EventTarget(), { connectionState: "new", getReceivers: () => [{ track: track("t1") }] }) ;
  const stop = p2p.watchPeer(pc as unknown as RTCPeerConnection, { room: "blue", user: "ada", remoteUser: "ben" });
  const fire = (name: string, more: object = {}) => pc.dispatchEvent(Object.assign(new Event(name), more));
  fire("track", { track: track("t2", "video") });
  for (const state of ["connected", "disconnected", "connected"]) {
    pc.connectionState = state;
    fire("connectionstatechange");
  }
  stop();
  fire("track", { track: track("t3") });
  expect(told).toEqual(['join {"room":"blue","user":"ada"}', 'map "t1" "ben" "audio"', 'map "t2" "ben" "video"', 'reconnecting {"user":"ben"}', "reconnected"]);
});

/** Whatever is asked of it throws. */
const hostile: any = new Proxy(() => undefined, { get: (_, name) => { throw new Error(`no ${String(name)}`); }, apply: () => { throw new Error("no call"); } });

test("nothing that a library says, or is, makes an adapter throw, and stop takes every listener away", () => {
  const room = Object.assign(aRoom(), { localParticipant: hostile });
  const device = { observer: new EventEmitter() };
  const transport = Object.assign(new EventEmitter(), { direction: "send", observer: new EventEmitter() });
  const conference = Object.assign(new EventEmitter(), { getName: hostile, myUserId: hostile, isJoined: () => true, getParticipants: hostile });
  const stops = [livekit.watchRoom(room), jitsi.watchConference(conference), mediasoup.watchDevice(device, { room: "blue" })];
  device.observer.emit("newtransport", transport);
  const emitters = [room, conference, device.observer, transport, transport.observer];
  expect(emitters.every((e) => e.eventNames().length > 0)).toBe(true);
  for (const emitter of emitters) {
    for (const name of emitter.eventNames()) for (const args of [[], [undefined, null, {}], [hostile, hostile, hostile], [{ track: hostile }, 7, "x"]]) emitter.emit(name, ...args);
  }
  for (const stop of stops) stop();
  expect(emitters.flatMap((e) => e.eventNames())).toEqual([]);
  for (const watch of [livekit.watchRoom, jitsi.watchConference, mediasoup.watchDevice, p2p.watchPeer]) {
    (watch as (a: unknown, b: unknown) => () => void)(hostile, { room: "blue" })();
    (watch as (a: unknown) => () => void)(undefined)();
  }
});
