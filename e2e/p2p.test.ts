// Two pages with a plain RTCPeerConnection between them, signalled by the
// test: one line of the adapter says who stands at its ends.
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectCall, negotiate, received, shown, type Stage, startStage } from "./stage";

declare const pc: RTCPeerConnection;
declare function hangUp(): Promise<void>;

const room = "standup";

let stage: Stage;

beforeAll(async () => {
  stage = await startStage("p2p", { before: "const { user: me, other: them } = args;", after: "Object.assign(globalThis, { pc, hangUp });" });
});

afterAll(() => stage?.stop());

test("two ends of a connection are a call, each knows the other, and mute and screen shares are seen", async () => {
  const { program, errors } = stage;
  const ada = await stage.open("ada", { other: "ben" });
  const ben = await stage.open("ben", { other: "ada" });
  for (const page of [ada, ben]) {
    await page.evaluate(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      for (const track of stream.getTracks()) pc.addTrack(track, stream);
    });
  }
  await negotiate(ada, ben);
  const seen = await shown(program, room, "what both receive", (s) => {
    expect(received(s, "ada")).toEqual(["audio of ben", "video of ben"]);
    expect(received(s, "ben")).toEqual(["audio of ada", "video of ada"]);
    return s;
  });

  await ada.evaluate(() => {
    const track = pc.getSenders().find((s) => s.track?.kind === "audio")!.track!;
    track.enabled = false;
    track.enabled = true;
  });
  await ben.evaluate(async () => {
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
    for (const track of screen.getTracks()) pc.addTrack(track, screen);
  });
  await negotiate(ben, ada);
  await shown(program, room, "the screen", (s) => s.streams("ben").some((t) => t.kind === "screen" && t.bytes > 0) && received(s, "ada").length === 3);
  await ben.evaluate(() => pc.getSenders().at(-1)!.track!.stop());

  await shown(program, room, "what both did", (told) => {
    expect(told.events("ada", "mute").map((e) => e.kind)).toEqual(["audio"]);
    expect(told.events("ada", "unmute").map((e) => e.kind)).toEqual(["audio"]);
    expect(told.events("ben", "screenShare").map((e) => e.on)).toEqual([true, false]);
    return true;
  });
  await expectCall(program, seen, room, ["ada", "ben"]);

  for (const page of [ada, ben]) await page.evaluate(() => hangUp());
  await shown(program, room, "both to have left", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    return true;
  });
  expect(errors).toEqual([]);
});
