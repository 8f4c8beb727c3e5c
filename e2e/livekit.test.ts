// The unmodified livekit-client in two pages against a real LiveKit server:
// one line of the adapter tells Peerglass who is who and what they do.
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Room } from "livekit-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort, until } from "./harness";
import type { Room as Watched } from "../sdk/adapters/livekit";
import { expectCall, received, shown, type Stage, startStage } from "./stage";

declare const room: Room;
void ((fits: Room): Watched => fits); // the adapter's types take the library's

const name = "standup";
const apiKey = "tests";
const apiSecret = "a secret that only these tests use";

let server: ChildProcess, url: string, stage: Stage;

/** Starts the LiveKit server that scripts/setup built, on loopback only. */
async function startLiveKit(): Promise<void> {
  const binary = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "peerglass", "livekit-server-1.13.5");
  if (!existsSync(binary)) throw new Error("no LiveKit server here: run ./scripts/setup livekit");
  const [port, media] = [await freePort(), await freePort()];
  const config = {
    port, bind_addresses: ["127.0.0.1"], keys: { [apiKey]: apiSecret }, logging: { level: "error" },
    rtc: { udp_port: media, tcp_port: 0, node_ip: "127.0.0.1", enable_loopback_candidate: true, interfaces: { includes: ["lo"] }, ips: { includes: ["127.0.0.1/32"] } },
  };
  server = spawn(binary, ["--config-body", JSON.stringify(config)], { stdio: ["ignore", "ignore", "pipe"] });
  let printed = "";
  server.stderr!.on("data", (b: Buffer) => { printed += b.toString(); });
  url = `ws://127.0.0.1:${port}`;
  await until("LiveKit to answer", async () => {
    if (server.exitCode !== null) throw new Error(`LiveKit ended with ${server.exitCode}:\n${printed}`);
    return (await fetch(`http://127.0.0.1:${port}`).catch(() => undefined))?.ok || undefined;
  });
}

/** A token that lets a user join the room, or do more there. */
function tokenOf(user: string, userName: string, video: object = { roomJoin: true }): string {
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const body = part({ alg: "HS256", typ: "JWT" }) + "." + part({ iss: apiKey, sub: user, name: userName, nbf: now - 60, exp: now + 600, video: { room: name, ...video } });
  return body + "." + createHmac("sha256", apiSecret).update(body).digest("base64url");
}

beforeAll(async () => {
  await startLiveKit();
  stage = await startStage("livekit", { before: "const { url, token } = args;", after: "globalThis.room = room;" });
});

afterAll(async () => {
  await stage?.stop();
  server?.kill();
});

test("a LiveKit room is a call with its users, whose streams they are, and what they do", async () => {
  const { program, errors } = stage;
  const ada = await stage.open("ada", { url, token: tokenOf("ada", "Ada") });
  const ben = await stage.open("ben", { url, token: tokenOf("ben", "Ben") });
  for (const page of [ada, ben]) await page.evaluate(() => room.localParticipant.enableCameraAndMicrophone());
  const seen = await shown(program, name, "what both receive", (s) => {
    expect(received(s, "ada")).toEqual(["audio of ben", "video of ben"]);
    expect(received(s, "ben")).toEqual(["audio of ada", "video of ada"]);
    expect(s.sessions.find((x) => x.user === "ada").userName).toBe("Ada");
    return s;
  });

  await ada.evaluate(async () => {
    await room.localParticipant.setMicrophoneEnabled(false);
    await room.localParticipant.setCameraEnabled(false);
    await room.localParticipant.setCameraEnabled(true);
  });
  await ben.evaluate(() => room.localParticipant.setScreenShareEnabled(true));
  await shown(program, name, "the screen at Ada's", (s) => received(s, "ada").includes("screen of ben"));
  await ben.evaluate(() => room.localParticipant.setScreenShareEnabled(false));
  await ben.evaluate(async () => {
    const speakers = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === "audiooutput");
    await room.switchActiveDevice("audiooutput", speakers.at(-1)!.deviceId);
  });
  await ada.evaluate(() => room.simulateScenario("signal-reconnect"));
  await shown(program, name, "Ada to be back", (s) => s.events("ada", "reconnected").length > 0);

  await shown(program, name, "what both did", (told) => {
    const kinds = (user: string, event: string) => told.events(user, event).map((e) => `${e.kind}${e.user ? " of " + e.user : ""}`);
    expect(kinds("ada", "mute")).toEqual(["audio", "video"]);
    expect(kinds("ada", "unmute")).toEqual(["video"]);
    expect(kinds("ben", "mute")).toEqual(["audio of ada", "video of ada"]);
    expect(kinds("ben", "unmute")).toEqual(["video of ada"]);
    expect(told.events("ben", "screenShare").map((e) => e.on)).toEqual([true, false]);
    expect(told.events("ada", "screenShare").map((e) => [e.on, e.user])).toEqual([[true, "ben"], [false, "ben"]]);
    expect(told.events("ben", "devices").flatMap((e) => e.audiooutput ?? [])).toHaveLength(1);
    expect(told.events("ada", "reconnecting")).toEqual([{ only: "signalling" }]);
    return true;
  });
  await expectCall(program, seen, name, ["ada", "ben"]);

  await ada.evaluate(() => room.disconnect());
  const removed = await fetch(url.replace("ws", "http") + "/twirp/livekit.RoomService/RemoveParticipant", {
    method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${tokenOf("moderator", "", { roomAdmin: true })}` }, body: JSON.stringify({ room: name, identity: "ben" }),
  });
  expect(removed.status).toBe(200);
  await shown(program, name, "both to have left", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    expect(s.events("ada", "disconnected")).toEqual([{ reason: "client initiated" }]);
    expect(s.events("ben", "disconnected")).toEqual([{ reason: "participant removed" }]);
    return true;
  });
  expect(errors).toEqual([]);
});
