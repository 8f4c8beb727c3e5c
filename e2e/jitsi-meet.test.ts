// lib-jitsi-meet from npm in two pages. Its conference, participants, local and
// remote tracks and their events are the library's own. npm's version is of
// 2016 and knows no peer-to-peer calls; what stands for the XMPP server, the
// focus and the bridge is below: a room that the test signals, and one
// connection from page to page.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectCall, negotiate, received, shown, type Stage, startStage } from "./stage";

declare const JitsiMeetJS: any, conference: any, pc: RTCPeerConnection;
declare const chat: { say(event: string, ...args: unknown[]): void; presence(name: string, value: string, from: string): void };
declare const tracks: any[];

const room = "standup";

/** The library's ChatRoom, as far as a conference calls it. */
const chatRoom = `
  const { user: me, other: them } = args;
  const listeners = {}, presence = {};
  const on = (event, f) => (listeners[event] ??= []).push(f);
  const chat = {
    myroomjid: "standup@conference.example/" + me, joined: false, connectionTimes: {}, xmpp: { connectionTimes: {} },
    on, addListener: on, removeListener: (event, f) => { listeners[event] = (listeners[event] ?? []).filter((x) => x !== f); },
    say: (event, ...all) => (listeners[event] ?? []).forEach((f) => f(...all)),
    addPresenceListener: (name, f) => { presence[name] = f; }, setParticipantPropertyListener() {},
    presence: (name, value, from) => presence[name]?.({ value }, from),
    updateDeviceAvailability() {}, addToPresence() {}, removeFromPresence() {}, sendPresence() {}, isModerator: () => false,
    setAudioMute: (muted, done) => { tell("audiomuted", String(muted)); done?.(); },
    setVideoMute: (muted, done) => { tell("videomuted", String(muted)); done?.(); },
    addStream: (stream, done) => { stream.getTracks().forEach((t) => pc.addTrack(t, stream)); done(); },
    join() { chat.joined = true; chat.say("xmpp.muc_joined"); chat.say("xmpp.muc_member_joined", "standup@conference.example/" + them, them, "none", false); },
    leave: async () => { chat.joined = false; pc.close(); chat.say("xmpp.muc_left"); },
  };
  const xmpp = { addListener() {}, createRoom: () => chat, connection: {} };
  globalThis.Strophe = { getResourceFromJid: (jid) => jid.split("/")[1] }; // the library takes it from the page
  const connection = Object.assign(Object.create(JitsiMeetJS.JitsiConnection.prototype), { xmpp, conferences: {} });
  let pc;
`;

/** Media: what arrives is told as the library's Jingle session tells it. */
const media = `
  pc = new RTCPeerConnection();
  pc.addEventListener("track", ({ track, streams }) => chat.say("xmpp.remote_track_added", {
    owner: "standup@conference.example/" + them, stream: streams[0], track, mediaType: track.kind, videoType: track.kind === "video" ? "camera" : undefined, muted: false,
  }));
  const tracks = await JitsiMeetJS.createLocalTracks({ devices: ["audio", "video"] });
  for (const track of tracks) await conference.addTrack(track);
  Object.assign(globalThis, { pc, chat, conference, tracks });
`;

let stage: Stage;

beforeAll(async () => {
  const library = await readFile(createRequire(import.meta.url).resolve("lib-jitsi-meet"), "utf8");
  stage = await startStage("lib-jitsi-meet", { script: library + "\nglobalThis.tell ??= () => {};", before: chatRoom, after: media });
});

afterAll(() => stage?.stop());

/** Carries a user's presence to the other page. */
const carry = (from: Page, user: string, to: Page) =>
  from.exposeFunction("carry", (name: string, value: string) => to.evaluate(([name, value, user]) => chat.presence(name!, value!, user!), [name, value, user]))
    .then(() => from.evaluate(() => { (globalThis as any).tell = (globalThis as any).carry; }));

test("a conference is a call with its users, whose tracks they are, and what they do", async () => {
  const { program, errors } = stage;
  const ada = await stage.open("ada", { other: "ben" });
  const ben = await stage.open("ben", { other: "ada" });
  await carry(ada, "ada", ben);
  await carry(ben, "ben", ada);
  await negotiate(ada, ben);
  const seen = await shown(program, room, "what both receive", (s) => {
    expect(received(s, "ada")).toEqual(["audio of ben", "video of ben"]);
    expect(received(s, "ben")).toEqual(["audio of ada", "video of ada"]);
    return s;
  });

  await ada.evaluate(async () => {
    const audio = tracks.find((t) => t.isAudioTrack());
    await audio.mute();
    await audio.unmute();
    conference.rtc.eventEmitter.emit("rtc.dominantspeaker_changed", "ben"); // from the bridge's channel
    chat.say("xmpp.connection.interrupted");
    chat.say("xmpp.connection.restored");
  });
  // This version shows a screen in the place of the camera.
  await ben.evaluate(async () => {
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
    await pc.getSenders().find((s) => s.track?.kind === "video")!.replaceTrack(screen.getVideoTracks()[0]!);
    await (globalThis as any).tell("videoType", "desktop");
  });

  await shown(program, room, "what both did", (told) => {
    const kinds = (user: string, event: string) => told.events(user, event).map((e) => `${e.kind}${e.user ? " of " + e.user : ""}`);
    expect(kinds("ada", "mute")).toEqual(["audio"]);
    expect(kinds("ada", "unmute")).toEqual(["audio"]);
    expect(kinds("ben", "mute")).toEqual(["audio of ada"]);
    expect(kinds("ben", "unmute")).toEqual(["audio of ada"]);
    expect(told.events("ben", "screenShare").map((e) => e.on)).toEqual([true]);
    expect(told.events("ada", "screenShare").map((e) => [e.on, e.user])).toEqual([[true, "ben"]]);
    expect(told.events("ada", "dominantSpeaker")).toEqual([{ user: "ben" }]);
    expect([told.events("ada", "reconnecting").length, told.events("ada", "reconnected").length]).toEqual([1, 1]);
    return true;
  });
  await expectCall(program, seen, room, ["ada", "ben"]);

  for (const page of [ada, ben]) await page.evaluate(() => conference.leave());
  await shown(program, room, "both to have left", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    for (const user of ["ada", "ben"]) expect(s.events(user, "disconnected")).toEqual([{ reason: "left" }]);
    expect(received(s, "ada")).toContain("screen of ben");
    return true;
  });
  expect(errors).toEqual([]);
});
