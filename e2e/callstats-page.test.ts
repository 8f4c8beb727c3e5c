// A page written for callstats.js, whose script comes from Peerglass: a real
// call between a page with the app's secret and one with tokens of its back end.
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, snippet, startBrowser, startProgram, until } from "./harness";
import { type Relays, startRelays } from "./rig/relay";
import { expectCall, received, shown } from "./stage";

declare const callstats: any, told: any, peer: any;

const conference = "AliceAndBob";
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

let program: Program, relays: Relays, browser: Browser, context: BrowserContext, pages: Server, app: number, secret: string;
const warned: string[] = [];
const generated: boolean[] = []; // forceNew of each token that bob's page asked for

/** A token of callstats' third-party authentication. */
function token(user: string, lasts: number): string {
  const part = (o: object) => Buffer.from(JSON.stringify(o)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { userID: user, appID: String(app), keyID: "0102030405060709", iat: now - 1000, nbf: now - 1000, exp: now + lasts, jti: randomUUID() };
  const body = part({ alg: "ES256", typ: "JWT" }) + "." + part(claims);
  return body + "." + sign("sha256", Buffer.from(body), { key: keys.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

// What the page has beside the snippet: its own names, and a call.
const before = `
  var told = { init: [], pc: [], stats: [], config: [], errors: [] };
  var args = new URLSearchParams(location.search);
  var AppID = args.get("app"), localUserID = JSON.parse(args.get("user")), configParams = { applicationVersion: "7.1", siteID: "helsinki" };
  var AppSecret = args.get("secret") || function (forceNew, callback) {
    fetch("/token?force=" + forceNew).then(function (r) { return r.text(); }).then(function (t) { callback(null, t); }, callback);
  };
  function csInitCallback(error, message) { told.init.push([error, message]); }
  function csStatsCallback(stats) { told.stats.push(stats); }
  function pcCallback(error, message) { told.pc.push([error, message]); }
  addEventListener("error", function (e) { told.errors.push(e.message); });
`;
const after = `
  callstats.on("defaultConfig", function (config) { told.config.push(config); });
  async function start(offers, remoteUserID, conferenceID) {
    var pcObject = window.peer = new RTCPeerConnection({ iceServers: [] });
    call(pcObject, remoteUserID, conferenceID);
    // Nothing is answered before there is something to send.
    var queue = navigator.mediaDevices.getUserMedia({ audio: true, video: true }).then(function (stream) {
      stream.getTracks().forEach(function (t) { pcObject.addTrack(t, stream); });
      say({ hello: true });
    });
    var channel = new BroadcastChannel(conferenceID), greeted = false, ready;
    var answered = new Promise(function (done) { ready = done; });
    var say = function (message) { channel.postMessage(JSON.parse(JSON.stringify(message))); };
    pcObject.onicecandidate = function (e) { if (e.candidate) say({ candidate: e.candidate }); };
    pcObject.ontrack = function (e) { if (e.track.kind === "video") document.querySelector("video").srcObject = e.streams[0]; };
    channel.onmessage = function (e) { queue = queue.then(async function () {
      var m = e.data;
      if (m.hello && !greeted) { greeted = true; say({ hello: true }); }
      if (m.hello && offers && !pcObject.localDescription) { await pcObject.setLocalDescription(await pcObject.createOffer()); say({ description: pcObject.localDescription }); }
      if (m.candidate) await pcObject.addIceCandidate(m.candidate);
      if (m.description) {
        await pcObject.setRemoteDescription(m.description);
        if (!offers) { await pcObject.setLocalDescription(await pcObject.createAnswer()); say({ description: pcObject.localDescription }); }
        ready();
      }
    }); };
    await answered;
    // As the documentation of associateMstWithUserID finds them.
    var ssrcs = pcObject.remoteDescription.sdp.match(/^a=ssrc:\\d+/gm).map(function (l) { return l.slice(7); });
    new Set(ssrcs).forEach(function (ssrc) { callstats.associateMstWithUserID(pcObject, remoteUserID, conferenceID, ssrc, "front-camera", "remote"); });
  }
`;

beforeAll(async () => {
  program = await startProgram();
  app = (await program.api<{ items: { id: number }[] }>("/apps")).items[0]!.id;
  secret = (await program.api<{ secret: string }>(`/apps/${app}/secret`)).secret;
  const key = keys.publicKey.export({ type: "spki", format: "pem" });
  await program.api(`/apps/${app}/public-keys`, { method: "POST", body: JSON.stringify({ keyId: "0102030405060709", key }) });
  await program.api(`/apps/${app}/default-config`, { method: "PUT", body: JSON.stringify({ peerConnection: { bundlePolicy: "max-bundle" }, media: { audio: true } }) });

  const html = `<!doctype html><title>callstats</title><script>${before}</script>${await snippet("callstats", program)}<body><video id="remote" autoplay muted playsinline></video><script>${after}</script>`;
  pages = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url!, "http://x");
    if (pathname !== "/token") return res.setHeader("Content-Type", "text/html; charset=utf-8").end(html);
    const force = searchParams.get("force") === "true";
    generated.push(force);
    res.end(token("bob", force ? 300 : -300)); // the cached one is too old
  });
  await new Promise<void>((done) => pages.listen(0, "127.0.0.1", done));
  browser = await startBrowser({ args: ["--allow-loopback-in-peer-connection"] });
  context = await browser.newContext({ permissions: ["camera", "microphone"] });
});

afterAll(async () => {
  await browser?.close();
  await relays?.stop();
  pages?.closeAllConnections();
  pages?.close();
  await program?.stop();
});

async function open(user: unknown, withSecret = ""): Promise<Page> {
  const page = await context.newPage();
  page.on("console", (m) => m.type() === "warning" && warned.push(m.text()));
  await page.goto(`http://localhost:${(pages.address() as AddressInfo).port}/?${new URLSearchParams({ app: String(app), user: JSON.stringify(user), secret: withSecret })}`);
  await page.waitForFunction(() => told.init.length > 0);
  return page;
}

test("a page written for callstats.js tells of a call, and nothing but its script's address is ours", async () => {
  const alice = await open({ userName: "Alice Adams", aliasName: "alice" }, secret);
  const bob = await open("bob");
  for (const page of [alice, bob]) {
    expect(await page.evaluate(() => told.init.map(([e]: string[]) => e))).toEqual(["success"]);
    await until("the default configuration", async () => {
      expect(await page.evaluate(() => told.config)).toEqual([{ peerConnection: { bundlePolicy: "max-bundle" }, media: { audio: true } }]);
      return true;
    });
  }
  expect(generated).toEqual([false, true]);

  const joined = alice.evaluate((c) => (globalThis as any).start(true, "bob", c), conference);
  await bob.evaluate((c) => (globalThis as any).start(false, "alice", c), conference);
  await joined;
  const states = await alice.evaluate((c) => {
    const { fabricEvent, webRTCFunctions } = callstats;
    const results: unknown[] = [];
    for (const e of [fabricEvent.audioMute, fabricEvent.audioUnmute, fabricEvent.videoPause, fabricEvent.videoResume, fabricEvent.fabricHold, fabricEvent.fabricResume,
      fabricEvent.screenShareStart, fabricEvent.screenShareStop, fabricEvent.dominantSpeaker]) results.push(callstats.sendFabricEvent(peer, e, c));
    results.push(callstats.sendFabricEvent(peer, fabricEvent.activeDeviceList, c, { deviceList: [{ deviceId: "default", kind: "videoinput", label: "FaceTime HD Camera", groupId: "2004946474" }] }));
    results.push(callstats.reportError(peer, c, webRTCFunctions.createOffer, new DOMException("no such codec", "OperationError"), "v=0\r\na=ice-pwd:hidden\r\n", null));
    results.push(callstats.reportError(null, c, webRTCFunctions.getUserMedia, new DOMException("denied", "NotAllowedError")));
    results.push(callstats.reportError(peer, c, webRTCFunctions.applicationLog, { message: "Error message", error: "Error 1", stack: "stack trace" }));
    results.push(callstats.reportError(peer, c, webRTCFunctions.applicationLog, "x".repeat(30_000)));
    results.push(callstats.sendCallDetails(peer, c, { callType: callstats.callType.inbound, role: callstats.roles.agent }));
    results.push(callstats.sendCustomEvent(null, c, [{ type: "raisedHand" }]));
    return results;
  }, conference);
  expect(states).toEqual(states.map(() => ({ status: "success" })));

  // The stats callback comes each 10 s; by the second time, rates are known.
  for (const page of [alice, bob]) await page.waitForFunction(() => told.stats.some((s: any) => s.mediaStreamTracks.some((t: any) => t.bitrate > 0)));
  await until("the figures of what alice receives", async () => {
    const stats = await alice.evaluate(() => told.stats.at(-1));
    expect(stats).toMatchObject({ connectionState: "online", fabricState: "established", conferenceURL: null });
    const video = stats.mediaStreamTracks.find((t: any) => t.statsType === "inbound-rtp" && t.mediaType === "video");
    expect(video).toMatchObject({ remoteUserID: "bob", usageLabel: "front-camera", associatedVideoTag: "remote", reportType: "inbound" });
    expect(video.bitrate).toBeGreaterThan(0);
    expect(video.fractionLoss).toBeGreaterThanOrEqual(0);
    expect(video.cname).toBeTruthy();
    expect(stats.streams[video.ssrc]).toEqual(video);
    expect(await alice.evaluate(() => told.pc)).toContainEqual(["success", expect.any(String)]);
    return true;
  });

  // The rating comes when the connection is gone, as at the end of a call.
  await alice.evaluate((c) => {
    callstats.sendFabricEvent(peer, callstats.fabricEvent.fabricTerminated, c);
    peer.close();
    callstats.sendUserFeedback(c, { userID: "alice", overall: 4, audio: 5, video: 3, comment: "fine" });
  }, conference);
  await bob.evaluate(() => peer.close());
  expect([await alice.evaluate(() => told.errors), await bob.evaluate(() => told.errors)]).toEqual([[], []]);
  for (const page of [alice, bob]) await page.close({ runBeforeUnload: false });

  const seen = await shown(program, conference, "the call with its end", (s) => {
    expect(s.sessions.map((x) => x.endReason)).toEqual(["leave", "leave"]);
    expect(s.sessions.find((x) => x.user === "alice")).toMatchObject({ userName: "Alice Adams", sdk: "@peerglass/browser/callstats" });
    expect(received(s, "alice")).toEqual(["audio of bob", "video of bob"]);
    expect(received(s, "bob")).toEqual(["audio of alice", "video of alice"]);

    const values = (name: string) => s.events("alice", name);
    expect(values("mute")).toEqual([{ kind: "audio" }, { kind: "video" }]);
    expect(values("unmute")).toEqual([{ kind: "audio" }, { kind: "video" }]);
    expect(values("hold")).toEqual([{ on: true }, { on: false }]);
    expect(values("screenShare")).toEqual([{ on: true }, { on: false }]);
    expect(values("dominantSpeaker")).toEqual([{ user: "alice" }]);
    expect(values("devices")).toContainEqual({ videoinput: "FaceTime HD Camera" });
    expect(values("addNewFabric")).toEqual([{ remote: "bob", usage: "multiplex", remoteEndpointType: "peer", fabricTransmissionDirection: "sendrecv" }]);
    expect(values("fabricSetup")).toEqual([{ delay: expect.any(Number) }]);
    expect(values("fabricTerminated")).toHaveLength(1);
    expect(values("error").filter((v) => v.function)).toEqual([
      { function: "createOffer", name: "OperationError", message: "no such codec", localSDP: "v=0\r\na=ice-pwd:***\r\n" },
      { function: "getUserMedia", name: "NotAllowedError", message: "denied" },
    ]);
    expect(values("callDetails")).toEqual([{ callType: "inbound", role: "agent" }]);
    expect(values("customEvent")).toEqual([{ type: "raisedHand" }]);
    expect(values("feedback")).toEqual([expect.objectContaining({ overall: 4, audio: 5, video: 3, comment: "fine" })]);
    // Lines of the application's log have their level as name.
    const logs = values("error").filter((v) => !v.function);
    expect(logs[0]).toEqual({ message: "Error message", error: "Error 1", stack: "stack trace" });
    expect(logs[1]?.length).toBe(20 << 10);
    return s;
  });
  await expectCall(program, seen, conference, ["alice", "bob"]);
  expect(warned).toContainEqual(expect.stringContaining("cut at 20480"));
});

test("a wrong secret is an authError, and no call", async () => {
  const mallory = await open("mallory", "not the secret");
  expect(await mallory.evaluate(() => told.init)).toEqual([["authError", expect.stringContaining("secret")]]);
  await until("the refusal in the app's log", async () => {
    const { items } = await program.api<{ items: any[] }>(`/apps/${app}/log`);
    expect(items.map((i) => i.code)).toContain("token_signature");
    return true;
  });
  await mallory.close();
});

test("a pre-call test measures the way through a relay, and nothing where there is none", async () => {
  relays = await startRelays();
  // The relay loses a tenth of what the page sends, and each way takes 80 ms:
  // much beside what a busy machine adds to it.
  const relay = await relays.create({ seed: 7, schedule: [{ from: 0, delay: 80 }, { from: 0, dir: "up", loss: 0.1, delay: 80 }] });
  await relay.start(Date.now());
  const page = await open("carol", secret);
  const test = (servers: unknown[]) => page.evaluate((servers) => new Promise<[string, any]>((done) => {
    callstats.on("preCallTestResults", (status: string, results: unknown) => done([status, results]));
    callstats.startPrecallTests(servers);
  }), servers);
  expect(await test([{ urls: "stun:127.0.0.1:9" }])).toEqual(["failure", { mediaConnectivity: null, rtt: null, fractionalLoss: null, throughput: null }]);
  const [status, results] = await test([{ urls: `turn:127.0.0.1:${relay.port}?transport=udp`, username: "carol", credential: "rig" }]);
  expect([status, results.mediaConnectivity]).toEqual(["success", true]);
  expect(results.rtt).toBeGreaterThan(159);
  expect(results.rtt).toBeLessThan(240);
  expect(results.fractionalLoss).toBeGreaterThan(0.01);
  expect(results.fractionalLoss).toBeLessThan(0.25);
  expect(results.throughput).toBeGreaterThan(10);
  expect(await page.evaluate(() => callstats.getSctResults())).toEqual(results);
  await page.close();
});
