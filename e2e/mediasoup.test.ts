// The unmodified mediasoup-client in two pages. mediasoup's own worker is a
// native program that npm does not carry; a small forwarder of ours stands for
// it, with real ICE, DTLS and SRTP.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { types } from "mediasoup-client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Device as Watched } from "../sdk/adapters/mediasoup";
import { root } from "./harness";
import { expectCall, received, shown, type Stage, startStage } from "./stage";

void ((fits: types.Device): Watched => fits); // the adapter's types take the library's

// What the page below has.
declare const sender: types.Transport, receiver: types.Transport;
declare const producers: Record<string, types.Producer>;
declare const consumers: Record<string, types.Consumer>;
declare function consumeFrom(producer: string, user: string, source: string): Promise<void>;

/** The signalling, as an application has its own. */
const page = `
  async function post(path, body) {
    const res = await fetch(args.forwarder + path, { method: "POST", body: JSON.stringify(body ?? {}) });
    if (!res.ok) throw new Error(await res.text());
    return res.json();
  }
  async function made(transport) {
    transport.on("connect", ({ dtlsParameters }, done, failed) => post("/transports/" + transport.id + "/connect", { dtlsParameters }).then(done, failed));
    transport.on("produce", ({ kind, rtpParameters }, done, failed) => post("/transports/" + transport.id + "/produce", { kind, rtpParameters }).then(done, failed));
    return transport;
  }
  const sender = await made(device.createSendTransport(await post("/transports")));
  const receiver = await made(device.createRecvTransport(await post("/transports")));
  const producers = {}, consumers = {};
  async function consumeFrom(producerId, user, source) {
    consumers[user + " " + source] = await consume(receiver, await post("/transports/" + receiver.id + "/consume", { producerId }), user, source);
  }
  Object.assign(globalThis, { sender, receiver, producers, consumers, consumeFrom });
`;

const room = "standup";

let folder: string, forwarder: ChildProcess, url: string, stage: Stage;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "peerglass-forwarder-"));
  execFileSync("go", ["build", "-o", join(folder, "forwarder"), "./e2e/forwarder"], { cwd: root, env: { ...process.env, CGO_ENABLED: "0" } });
  forwarder = spawn(join(folder, "forwarder"), { stdio: ["pipe", "pipe", "inherit"] });
  url = await new Promise<string>((done, fail) => {
    forwarder.stdout!.once("data", (d: Buffer) => done(d.toString().trim()));
    forwarder.once("exit", (code) => fail(new Error(`the forwarder ended with ${code}`)));
  });
  stage = await startStage("mediasoup", {
    before: `const { user: me } = args;\nconst routerRtpCapabilities = await (await fetch(args.forwarder + "/capabilities")).json();`,
    after: page,
  });
});

afterAll(async () => {
  await stage?.stop();
  forwarder?.kill();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Produces what the page captures, and says the producers' ids by source. */
const produce = (page: Page, screen: boolean) =>
  page.evaluate(async (screen) => {
    const stream = screen ? await navigator.mediaDevices.getDisplayMedia({ video: true }) : await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const made: [string, string][] = [];
    for (const track of stream.getVideoTracks().concat(stream.getAudioTracks())) {
      const source = screen ? "screen" : track.kind === "video" ? "camera" : "microphone";
      if (producers[source]) continue;
      producers[source] = await sender.produce({ track, appData: { source } });
      made.push([source, producers[source].id]);
    }
    return made;
  }, screen);

const consume = async (page: Page, from: string, made: [string, string][]) => {
  for (const [source, id] of made) await page.evaluate(([id, from, source]) => consumeFrom(id!, from!, source!), [id, from, source]);
};

test("transports of a device are a call, consumers name their users, and pausing is muting", async () => {
  const { program, errors } = stage;
  const ada = await stage.open("ada", { forwarder: url });
  const ben = await stage.open("ben", { forwarder: url });
  await consume(ben, "ada", await produce(ada, false));
  await consume(ada, "ben", await produce(ben, false));
  const seen = await shown(program, room, "what both receive", (s) => {
    expect(received(s, "ada")).toEqual(["audio of ben", "video of ben"]);
    expect(received(s, "ben")).toEqual(["audio of ada", "video of ada"]);
    return s;
  });

  // What Ada's page pauses, her application tells Ben's, which pauses its side.
  await ada.evaluate(() => producers.microphone!.pause());
  await ben.evaluate(() => consumers["ada microphone"]!.pause());
  await ada.evaluate(() => producers.microphone!.resume());
  await ben.evaluate(() => consumers["ada microphone"]!.resume());
  await consume(ada, "ben", await produce(ben, true));
  await shown(program, room, "the screen at Ada's", (s) => received(s, "ada").includes("screen of ben"));
  await ben.evaluate(() => producers.screen!.close());
  await ada.evaluate(() => consumers["ben screen"]!.close());

  await shown(program, room, "what both did", (told) => {
    const kinds = (user: string, event: string) => told.events(user, event).map((e) => `${e.kind}${e.user ? " of " + e.user : ""}`);
    expect(kinds("ada", "mute")).toEqual(["audio"]);
    expect(kinds("ada", "unmute")).toEqual(["audio"]);
    expect(kinds("ben", "mute")).toEqual(["audio of ada"]);
    expect(kinds("ben", "unmute")).toEqual(["audio of ada"]);
    expect(told.events("ben", "screenShare").map((e) => e.on)).toEqual([true, false]);
    expect(told.events("ada", "screenShare").map((e) => [e.on, e.user])).toEqual([[true, "ben"], [false, "ben"]]);
    return true;
  });
  await expectCall(program, seen, room, ["ada", "ben"]);

  for (const page of [ada, ben]) await page.evaluate(() => [sender, receiver].forEach((t) => t.close()));
  await shown(program, room, "both to have left", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    for (const user of ["ada", "ben"]) expect(s.events(user, "disconnected")).toEqual([{ reason: "transports closed" }]);
    return true;
  });
  expect(errors).toEqual([]);
});
