// The surface of callstats.js: what pages may call, what they get back at once
// and later, and what reaches the client. The network is a function here.
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CallStats, callstats } from "../callstats/callstats";
import { Figures, quality, type Stats } from "../callstats/figures";
import { Client } from "../src/client";
import { Kind } from "../src/encoder";
import { native } from "../src/native";

interface Told {
  kind: Kind;
  name: string;
  pc: object | null | undefined;
  payload: any;
}

const success = { status: "success" };
const failure = (method: string) => ({ status: "failure", message: expect.stringMatching("^" + method + ": ") });

let hellos: any[], answer: (hello: any) => object, told: Told[], warned: string[], timers: { at: number; f: () => void }[], now: number;

class Connection extends EventTarget {
  iceConnectionState = "new";
  connectionState = "new";
  signalingState = "stable";
  localDescription = { sdp: "a=ssrc:5 cname:here\r\na=ssrc:5 msid:s t\r\n" };
  remoteDescription = { sdp: "a=ssrc:7 cname:there\r\n" };
  stats: object[] = [];
  getStats = async () => new Map(this.stats.map((s: any) => [s.id, s]));
  getConfiguration = () => ({});
  getSenders = () => [];
  to(ice: string, whole = ice): void {
    Object.assign(this, { iceConnectionState: ice, connectionState: whole });
    this.dispatchEvent(new Event("iceconnectionstatechange"));
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}
const connection = () => new Connection() as Connection & RTCPeerConnection;

beforeEach(() => {
  hellos = [];
  told = [];
  warned = [];
  timers = [];
  now = 1_795_000_000_000;
  answer = () => ({ type: "welcome", v: 1, last: 1e6, settings: {}, defaultConfig: { media: { audio: true } } });
  Object.assign(native, {
    WebSocket: undefined, Worker: undefined, CompressionStream: undefined,
    now: () => now,
    warn: (line: string) => warned.push(line),
    fetch: async (_: string, init: { body: string | Uint8Array }) => {
      const hello = JSON.parse(Buffer.from(init.body as string).toString("latin1").split("\n")[0]!);
      hellos.push(hello);
      const message = JSON.stringify(answer(hello));
      return { text: async () => message, json: async () => JSON.parse(message) as object };
    },
    setTimeout: (f: () => void, ms: number) => timers.push({ at: now + ms, f }),
    clearTimeout: (id: number | undefined) => id && (timers[id - 1]!.f = () => undefined),
  });
  vi.stubGlobal("crypto", webcrypto);
  vi.spyOn(Client.prototype, "add").mockImplementation((kind, name, pc, payload) => void told.push({ kind, name, pc, payload }));
  CallStats.endpoint = "https://host";
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Lets what is under way come to rest. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 10; j++) await new Promise<void>((done) => setImmediate(done));
    await crypto.subtle.digest("SHA-256", new Uint8Array(1)); // signing is done by other threads, one thing after the other
  }
}

/** Lets time pass. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    await settle();
    const due = timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
    if (!due) break;
    now = Math.max(now, due.at);
    const { f } = due;
    due.at = Infinity;
    f();
  }
  now = end;
}

/** An object whose page was let in, and what its callbacks got. */
async function initialised(config = {}): Promise<{ c: CallStats; init: string[][]; stats: Stats[] }> {
  const c = new callstats();
  const init: string[][] = [];
  const stats: Stats[] = [];
  expect(c.initialize("7", "secret", { userName: "Alice", aliasName: "alice" }, (...a) => init.push(a), (s) => stats.push(s), config)).toEqual(success);
  await vi.waitFor(() => expect(init).toHaveLength(1));
  return { c, init, stats };
}

const events = (name: string) => told.filter((t) => t.kind === Kind.Event && t.name === name).map((t) => t.payload);
const claims = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());

test("the constructor is called with and without new", () => {
  expect(new callstats()).toBeInstanceOf(CallStats);
  expect(callstats()).toBeInstanceOf(callstats);
  expect(new callstats()).not.toBe(new callstats());
});

test("there is every method", () => {
  const c = new callstats() as unknown as Record<string, unknown>;
  for (const name of ["initialize", "addNewFabric", "sendFabricEvent", "sendCustomEvent", "sendCustomStats", "sendCallDetails", "sendUserFeedback", "associateMstWithUserID", "reportError",
    "setProxyConfig", "resetWifiStatsHandler", "attachWifiStatsHandler", "setIdentifiers", "getTurnCredentials", "makePrecallTest", "stopPrecallTests", "startPrecallTests", "getSctResults", "on"]) {
    expect(c[name], name).toBeTypeOf("function");
  }
});

test("there is every enumeration with its values", () => {
  const c = new callstats();
  const same = (...words: string[]) => Object.fromEntries(words.map((w) => [w, w]));
  expect(c.fabricUsage).toEqual(same("multiplex", "audio", "video", "screen", "data", "unbundled"));
  expect(c.fabricEvent).toEqual(same("fabricSetupFailed", "fabricHold", "fabricResume", "audioMute", "audioUnmute", "videoPause", "videoResume", "fabricUsageEvent", "fabricTerminated",
    "screenShareStart", "screenShareStop", "dominantSpeaker", "activeDeviceList", "applicationErrorLog", "callDetails", "callUnAnswered"));
  expect(c.webRTCFunctions).toEqual(same("getUserMedia", "createOffer", "createAnswer", "setLocalDescription", "setRemoteDescription", "addIceCandidate", "iceConnectionFailure", "signalingError",
    "applicationError", "applicationLog"));
  expect(c.endpointType).toEqual(same("peer", "server"));
  expect(c.transmissionDirection).toEqual(same("sendonly", "receiveonly", "sendrecv", "inactive"));
  expect(c.csError).toMatchObject(same("httpError", "authError", "wsChannelFailure", "success", "csProtoError", "appConnectivityError", "tokenGenerationError"));
  expect(c.qualityRating).toEqual({ excellent: 5, good: 4, fair: 3, poor: 2, bad: 1 });
  expect(c.callStatsAPIReturnStatus).toEqual(same("success", "failure"));
  expect(c.userIDType).toEqual(same("local", "remote"));
  expect(c.callType).toEqual(same("unknown", "inbound", "outbound", "monitoring"));
  expect(c.roles).toEqual(same("agent", "participant"));
  expect(c.version).toBe("3.73.16");
});

test("wrong arguments are refused with a word on the console, and nothing is thrown", async () => {
  const pc = connection();
  const before = new callstats() as any;
  expect(before.initialize()).toEqual(failure("initialize"));
  expect(before.initialize("7", "secret", null)).toEqual(failure("initialize"));
  expect(before.initialize("7", null, "alice")).toEqual(failure("initialize"));
  expect(before.initialize(null, "secret", "alice")).toEqual(failure("initialize"));
  expect(before.addNewFabric(pc, "bob", "multiplex", "conf")).toEqual(failure("addNewFabric"));
  expect(before.sendFabricEvent(pc, "audioMute", "conf")).toEqual(failure("sendFabricEvent"));
  expect(before.reportError(pc, "conf", "createOffer")).toEqual(failure("reportError"));
  expect(before.associateMstWithUserID(pc, "bob", "conf", 5, "camera")).toEqual(failure("associateMstWithUserID"));
  expect(before.on("nothing", () => undefined)).toEqual(failure("on"));
  expect(before.on("stats", 3)).toEqual(failure("on"));
  for (const method of ["setProxyConfig", "setIdentifiers", "sendCallDetails", "sendCustomEvent", "sendCustomStats", "attachWifiStatsHandler", "makePrecallTest", "startPrecallTests"]) {
    expect(before[method](), method).toEqual(failure(method));
  }

  const c = (await initialised()).c as any;
  const said: string[][] = [];
  const callback = (...a: string[]) => said.push(a);
  expect(c.addNewFabric(null, "bob", "multiplex", "conf", {}, callback)).toEqual(failure("addNewFabric"));
  expect(c.addNewFabric({}, "bob", "multiplex", "conf", {}, callback)).toEqual(failure("addNewFabric"));
  expect(c.addNewFabric(pc, "bob", "nothing", "conf", {}, callback)).toEqual(failure("addNewFabric"));
  expect(c.addNewFabric(pc, "bob", "multiplex", "", {}, callback)).toEqual(failure("addNewFabric"));
  expect(c.addNewFabric(pc, "bob", "multiplex", "conf", { remoteEndpointType: "nobody" }, callback)).toEqual(failure("addNewFabric"));
  expect(c.addNewFabric(pc, "bob", "multiplex", "conf", { fabricTransmissionDirection: "up" }, callback)).toEqual(failure("addNewFabric"));
  expect(said.map(([e]) => e)).toEqual(Array(6).fill("csProtoError"));
  expect(c.addNewFabric(pc, "bob", "multiplex", "conf", callback)).toEqual(success);
  expect(c.sendFabricEvent(pc, "nothing", "conf")).toEqual(failure("sendFabricEvent"));
  expect(c.sendFabricEvent(connection(), "audioMute", "conf")).toEqual(failure("sendFabricEvent"));
  expect(c.sendFabricEvent(pc, "audioMute", "another")).toEqual(failure("sendFabricEvent"));
  expect(c.reportError(pc, "conf", "nothing")).toEqual(failure("reportError"));
  expect(c.associateMstWithUserID(pc, "bob", "conf", null)).toEqual(failure("associateMstWithUserID"));
  expect(c.sendUserFeedback("conf", null, callback)).toEqual(failure("sendUserFeedback"));
  expect(said.at(-1)).toEqual(["failure", expect.any(String)]);
  expect(warned.every((w) => w.startsWith("callstats: "))).toBe(true);
});

test("with a secret the page signs for itself, and the configuration comes with the answer", async () => {
  const { c, init } = await initialised();
  expect(init).toEqual([["success", expect.any(String)]]);
  expect(hellos[0]).toMatchObject({ type: "hello", check: true, app: 7 });
  expect(hellos[0].key).toBeUndefined();
  expect(claims(hellos[0].token)).toEqual({ app: 7, user: "alice", exp: now / 1000 + 3600 });
  const { subtle } = webcrypto;
  const key = await subtle.importKey("raw", Buffer.from("secret"), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const [head, body, signature] = hellos[0].token.split(".");
  expect(await subtle.verify("HMAC", key, Buffer.from(signature, "base64url"), Buffer.from(head + "." + body))).toBe(true);
  const configs: unknown[] = [];
  c.on("defaultConfig", (config) => configs.push(config));
  c.on("recommendedConfig", (config) => configs.push(config));
  expect(configs).toEqual([{ peerConnection: null, media: { audio: true } }, {}]);
});

test("what initialize is refused for is told by its csError", async () => {
  const code = async (refusal: object | undefined, secret: any = "secret") => {
    answer = () => {
      if (!refusal) throw new Error("no network");
      return { type: "error", ...refusal };
    };
    const said: string[][] = [];
    new callstats().initialize("7", secret, "alice", (...a) => said.push(a));
    await vi.waitFor(() => expect(said).toHaveLength(1));
    return said[0];
  };
  expect(await code({ code: "token_signature", message: "wrong secret", retry: false })).toEqual(["authError", "wrong secret"]);
  expect(await code({ code: "app_disabled", message: "off", retry: false })).toEqual(["authError", "off"]);
  expect(await code({ code: "malformed", message: "what?", retry: false })).toEqual(["csProtoError", "what?"]);
  expect(await code({ code: "busy", message: "later", retry: true })).toEqual(["httpError", "later"]);
  expect(await code(undefined)).toEqual(["httpError", expect.stringContaining("no network")]);
  expect(await code({}, (_: boolean, callback: any) => callback("no key"))).toEqual(["tokenGenerationError", "no key"]);
  expect(await code({}, () => { throw new Error("broken"); })).toEqual(["tokenGenerationError", "broken"]);
  expect(await code({}, (_: boolean, callback: any) => callback(null, null))).toEqual(["tokenGenerationError", expect.any(String)]);
});

test("a server that is away is asked again, and the page hears of both", async () => {
  answer = () => ({ type: "error", code: "shutdown", message: "back soon", retry: true });
  const said: string[] = [];
  new callstats().initialize("7", "secret", "alice", (e) => said.push(e));
  await vi.waitFor(() => expect(said).toEqual(["httpError"]));
  answer = () => ({ type: "welcome", v: 1, last: 0 });
  await pass(2000);
  expect(said).toEqual(["httpError", "success"]);
});

test("a server that goes away during a call is told once, and nothing else is wrong", async () => {
  const { c, init } = await initialised();
  c.addNewFabric(connection(), "bob", "multiplex", "conf");
  await settle();
  answer = () => { throw new Error("no network"); };
  await pass(90_000);
  expect(init.map(([e]) => e)).toEqual(["success", "wsChannelFailure"]);
});

test("a token that is refused as expired is asked for anew, and a one-time token serves one conference", async () => {
  const token = (jti: string, exp: number) => ["{}", JSON.stringify({ jti, exp }), "s"].map((p) => Buffer.from(p).toString("base64url")).join(".");
  const forced: boolean[] = [];
  const said: string[] = [];
  answer = (hello) => (claims(hello.token).jti === "1" ? { type: "error", code: "token_expired", message: "old", retry: false } : { type: "welcome", v: 1, last: 1e6 });
  const c = new callstats();
  c.initialize("7", (force, callback) => callback(null, token(String(forced.push(force)), now / 1000 + 600)), "alice", (e) => said.push(e));
  await vi.waitFor(() => expect(said).toEqual(["success"]));
  expect(forced).toEqual([false, true]);
  c.addNewFabric(connection(), "bob", "multiplex", "one");
  c.addNewFabric(connection(), "bob", "multiplex", "two");
  await vi.waitFor(() => expect(hellos.filter((h) => !h.check)).toHaveLength(2));
  expect(hellos.filter((h) => !h.check).map((h) => claims(h.token).jti)).toEqual(["2", "3"]);
});

test("a token that the back end no longer gives is told as such, and a clock that is far behind signs for longer", async () => {
  const { c, init } = await initialised();
  answer = (hello) => (claims(hello.token).exp < now / 1000 + 86_400 ? { type: "error", code: "token_expired", message: "old", retry: false } : { type: "welcome", v: 1, last: 1e6 });
  c.addNewFabric(connection(), "bob", "multiplex", "conf");
  await vi.waitFor(async () => {
    await pass(500);
    expect(claims(hellos.at(-1).token).exp).toBeGreaterThan(now / 1000 + 86_400);
  }, 10_000);
  expect(init).toHaveLength(1);
  // Another secret by now: no token helps.
  answer = () => ({ type: "error", code: "token_signature", message: "another secret", retry: false });
  c.addNewFabric(connection(), "bob", "multiplex", "another");
  await vi.waitFor(async () => {
    await pass(5000);
    expect(new Set(init.slice(1).map((i) => i.join(": ")))).toEqual(new Set(["authError: another secret"]));
  }, 10_000);

  let calls = 0;
  const said: string[] = [];
  const other = new callstats();
  answer = () => ({ type: "welcome", v: 1, last: 1e6 });
  other.initialize("7", (_, callback) => (calls++ ? callback("gone") : callback(null, "e30." + Buffer.from('{"exp":1}').toString("base64url") + ".s")), "alice", (e) => said.push(e));
  await vi.waitFor(() => expect(said).toEqual(["success"]));
  other.addNewFabric(connection(), "bob", "multiplex", "conf");
  await settle();
  expect(said).toEqual(["success", "tokenGenerationError"]);
});

test("each conference is a stay of its own, with what identifies it", async () => {
  const joined = vi.spyOn(Client.prototype, "join");
  const { c } = await initialised({ applicationVersion: "7.1", siteID: "s1", additionalIDs: { customerID: 12, none: null } });
  c.addNewFabric(connection(), "bob", "multiplex", "one");
  c.addNewFabric(connection(), "carol", "audio", "two");
  await settle();
  const keys = { applicationVersion: "7.1", siteID: "s1", customerID: "12" };
  expect(joined.mock.calls.map(([i]) => i)).toEqual([
    { room: "one", user: "alice", userName: "Alice", keys },
    { room: "two", user: "alice", userName: "Alice", keys },
  ]);
  expect(c.setIdentifiers("one", { pbxID: "p" })).toEqual(success);
  expect(told.filter((t) => t.kind === Kind.Open).map((t) => t.payload)).toEqual([{ keys: { ...keys, pbxID: "p" } }]);
});

test("every fabric event becomes what it means", async () => {
  const { c } = await initialised();
  const pc = connection();
  c.addNewFabric(pc, "bob", "multiplex", "conf", { remoteEndpointType: "peer" });
  for (const e of Object.keys(c.fabricEvent).filter((e) => e !== "fabricTerminated")) expect(c.sendFabricEvent(pc, e, "conf", e === "activeDeviceList" ? { deviceList: [{ kind: "audioinput", label: "Mic" }] } : { note: 1 }), e).toEqual(success);
  const data = { note: 1 };
  expect(events("mapStream")).toEqual([{ user: "bob" }]);
  expect(events("mute")).toEqual([{ kind: "audio", data }, { kind: "video", data }]);
  expect(events("unmute")).toEqual([{ kind: "audio", data }, { kind: "video", data }]);
  expect(events("hold")).toEqual([{ on: true, data }, { on: false, data }]);
  expect(events("screenShare")).toEqual([{ on: true, data }, { on: false, data }]);
  expect(events("dominantSpeaker")).toEqual([{ user: "alice", data }]);
  expect(events("devices")).toEqual([{ audioinput: "Mic" }]);
  for (const e of ["fabricSetupFailed", "fabricUsageEvent", "callDetails", "callUnAnswered"]) expect(events(e), e).toEqual([data]);
  expect(told.filter((t) => t.kind === Kind.Log).map((t) => t.payload)).toEqual([data]);
  expect(c.sendFabricEvent(pc, "fabricTerminated", "conf")).toEqual(success);
  expect(events("fabricTerminated")).toHaveLength(1);
});

test("set-up and failure delays count from addNewFabric", async () => {
  const { c } = await initialised();
  const said: string[] = [];
  const good = connection(), bad = connection();
  c.addNewFabric(good, "bob", "multiplex", "conf", (e) => said.push("good " + e));
  c.addNewFabric(bad, "bob", "multiplex", "conf", {}, (e) => said.push("bad " + e));
  await settle();
  now += 300;
  good.to("connected");
  now += 700;
  bad.to("failed");
  good.to("disconnected", "connected");
  good.to("connected");
  good.to("failed");
  expect(events("fabricSetup")).toEqual([{ delay: 300 }]);
  expect(events("fabricSetupFailed")).toEqual([{ delay: 1000, reason: "ICE connection failure" }]);
  expect(events("fabricDropped")).toEqual([{}]);
  expect(said.filter((s) => s.endsWith("appConnectivityError")).map((s) => s.slice(0, 4).trim())).toEqual(["bad", "good", "good", "good"]);
});

test("errors keep their function, and their descriptions no passwords; long logs are cut with a warning", async () => {
  const { c } = await initialised();
  const pc = connection();
  c.addNewFabric(pc, "bob", "multiplex", "conf");
  for (const fn of Object.keys(c.webRTCFunctions)) expect(c.reportError(pc, "conf", fn, new DOMException("no", "OperationError"), { type: "offer", sdp: "a=ice-pwd:x\r\n" }), fn).toEqual(success);
  expect(events("error")).toHaveLength(8);
  expect(events("error")[0]).toEqual({ function: "createOffer", name: "OperationError", message: "no", localSDP: "a=ice-pwd:***\r\n", remoteSDP: undefined });
  expect(c.reportError(null, "fresh", "getUserMedia", "plain")).toEqual(success);
  expect(events("error").at(-1)).toMatchObject({ function: "getUserMedia", message: "plain" });
  c.reportError(pc, "conf", "applicationLog", "é".repeat(20_000));
  const line = told.filter((t) => t.kind === Kind.Log).at(-1)!.payload as string;
  expect(line).toBe("é".repeat(10 * 1024));
  expect(warned).toEqual([expect.stringContaining("40000 bytes was cut at 20480")]);
});

test("a conference ends when its last connection is gone, and waits for the rating", async () => {
  const left = vi.spyOn(Client.prototype, "leave");
  const { c } = await initialised();
  const pc = connection();
  c.addNewFabric(pc, "bob", "multiplex", "conf");
  await pass(60_000);
  expect(left).not.toHaveBeenCalled();
  const ended = now;
  c.sendFabricEvent(pc, "fabricTerminated", "conf");
  await pass(15_000);
  const said: string[] = [];
  expect(c.sendUserFeedback("conf", { userID: "alice", overall: 4, comment: "fine" }, (s) => said.push(s))).toEqual(success);
  expect(said).toEqual(["success"]);
  expect(left).not.toHaveBeenCalled();
  await pass(21_000);
  expect(left.mock.calls).toEqual([[ended]]);
});

test("of an SFU's streams nobody's name is guessed; associateMstWithUserID says whose they are", async () => {
  const { c } = await initialised();
  const pc = connection();
  c.addNewFabric(pc, "sfu", "multiplex", "conf", { remoteEndpointType: c.endpointType.server });
  expect(events("mapStream")).toEqual([]);
  expect(c.associateMstWithUserID(pc, "carol", "conf", "7", "front-camera")).toEqual(success);
  expect(c.associateMstWithUserID(pc, "alice", "conf", 5, "mic")).toEqual(success);
  expect(events("mapStream")).toEqual([{ ssrc: 7, user: "carol", label: "front-camera" }, { ssrc: 5, user: "", label: "mic" }]);
});

test("the payload of the stats callback is what was measured, and null where nothing was", () => {
  const figures = new Figures(0);
  const poll = (ms: number, received: number, lost: number, more: object[] = []) =>
    figures.see(new Map([
      { id: "I", type: "inbound-rtp", kind: "video", ssrc: 7, timestamp: ms, bytesReceived: received * 1000, packetsReceived: received, packetsLost: lost, jitter: 0.004, framesReceived: received, framesDecoded: received },
      { id: "O", type: "outbound-rtp", kind: "audio", ssrc: 5, timestamp: ms, bytesSent: received * 100, packetsSent: received },
      ...more,
    ].map((s) => [(s as { id: string }).id, s])) as unknown as RTCStatsReport);
  poll(0, 0, 0);
  poll(10_000, 900, 100, [{ id: "R", type: "remote-inbound-rtp", kind: "audio", ssrc: 5, localId: "O", timestamp: 10_000, roundTripTime: 0.08, fractionLost: 0.25, jitter: 0.01 }]);
  const mapped = new Map([[7, { user: "carol", label: "front-camera", tag: "v" }]]);
  const [video, audio, remote] = figures.take(10_000, "bob", mapped, "a=ssrc:7 cname:there\r\na=ssrc:5 msid:s t\r\n");
  expect(video).toEqual({
    ssrc: 7, statsType: "inbound-rtp", reportType: "inbound", mediaType: "video", remoteUserID: "carol", bitrate: 720, packetRate: 90, fractionLoss: 0.1, packetLossPercentage: 10,
    jitter: 0.004, averageJitter: 0.004, rtt: null, averageRTT: null, quality: "fair", cname: "there", usageLabel: "front-camera", associatedVideoTag: "v",
  });
  expect(audio).toMatchObject({ statsType: "outbound-rtp", remoteUserID: "bob", bitrate: 72, fractionLoss: 0.25, jitter: 0.01, rtt: 80, averageRTT: 80, msid: "s t" });
  expect(remote).toMatchObject({ statsType: "remote-inbound-rtp", bitrate: null, packetRate: null, fractionLoss: 0.25, quality: "unknown" });
});

test("while a connection is watched its figures come each 10 s, and the page hears of a way without sound once", async () => {
  const { c, stats } = await initialised();
  const pc = connection();
  const errors: unknown[][] = [];
  c.on("error", (...a) => errors.push(a));
  c.addNewFabric(pc, "bob", "multiplex", "conf");
  pc.getStats = async () =>
    new Map([
      { id: "I", type: "inbound-rtp", kind: "audio", ssrc: 7, timestamp: now, bytesReceived: 0, packetsReceived: 0, packetsLost: 0 },
      { id: "O", type: "outbound-rtp", kind: "audio", ssrc: 5, timestamp: now, bytesSent: now * 4, packetsSent: now / 20 },
    ].map((r) => [r.id, r])) as any;
  pc.to("connected");
  await pass(31_000);
  expect(stats).toHaveLength(3);
  expect(stats[0]).toMatchObject({ connectionState: "online", fabricState: "established", conferenceURL: null });
  expect(stats[0]!.mediaStreamTracks.map((t) => [t.ssrc, t.bitrate && Math.round(t.bitrate), t.fractionLoss, t.quality])).toEqual([[7, 0, null, "unknown"], [5, 32, null, "excellent"]]);
  expect(Object.keys(stats[0]!.streams)).toEqual(["5", "7"]);
  expect(errors).toEqual([["oneWayMedia", { mediaType: "audio", SSRC: 7, disruptionType: "noAudioInMultiplexFabric" }]]);
  pc.to("disconnected", "disconnected");
  await pass(12_000);
  expect(stats.at(-1)!.fabricState).toBe("disrupted");
});

test("quality follows the published thresholds", () => {
  expect(quality(true, 40, 0, 100, null)).toBe("excellent");
  expect(quality(true, 20, 0, 100, null)).toBe("fair");
  expect(quality(true, 5, 0.5, 900, null)).toBe("bad");
  expect(quality(false, 2000, 0.05, 100, 0.9)).toBe("excellent");
  expect(quality(false, 2000, 0.6, 2000, 0.1)).toBe("bad");
  expect(quality(false, 0, null, null, null)).toBe("unknown");
  expect(quality(false, null, 0, 10, 1)).toBe("unknown");
});

test("a pre-call test without a relay says that it measured nothing", async () => {
  const { c } = await initialised();
  const said: unknown[][] = [];
  c.on("preCallTestResults", (...a) => said.push(a));
  c.on("connectionRecommendation", (...a) => said.push(a));
  expect(c.getSctResults()).toBeNull();
  expect(c.startPrecallTests([{ urls: "stun:host" }], (...a: unknown[]) => said.push(a))).toEqual(success);
  await settle();
  const nothing = { mediaConnectivity: null, rtt: null, fractionalLoss: null, throughput: null };
  expect(said).toEqual([["failure", nothing], ["failure", nothing], [{ aggregatedStats: [], providerRanking: [] }]]);
  expect(c.getSctResults()).toEqual(nothing);
  expect(await c.getTurnCredentials()).toEqual([]);
  expect(c.stopPrecallTests()).toBeUndefined();
});

test("the page's figures of its wireless link go with the calls", async () => {
  const { c } = await initialised();
  c.addNewFabric(connection(), "bob", "multiplex", "conf");
  expect(c.attachWifiStatsHandler(() => Promise.resolve('{"signal":80,"rssi":-50,"noise":-90,"interface":"wlan0","timestamp":1,"addresses":["10.0.0.1"]}'))).toEqual(success);
  await pass(10_000);
  expect(events("wifi")).toEqual(Array(2).fill({ signal: 80, rssi: -50, noise: -90, interface: "wlan0", timestamp: 1 }));
  expect(c.resetWifiStatsHandler()).toEqual(success);
  await pass(30_000);
  expect(events("wifi")).toHaveLength(2);
});

test("what the application knows more is kept as it came", async () => {
  const { c } = await initialised();
  expect(c.sendCallDetails(null, "conf", { callType: c.callType.inbound })).toEqual(success);
  expect(c.sendCustomEvent(null, "conf", [{ type: "a" }, { type: "b" }])).toEqual(success);
  expect(c.sendCustomStats(null, "conf", { fps: 3 })).toEqual(success);
  expect(c.setProxyConfig({ collectorURL: "https://elsewhere/" })).toEqual(success);
  expect(events("callDetails")).toEqual([{ callType: "inbound" }]);
  expect(events("customEvent")).toEqual([{ type: "a" }, { type: "b" }]);
  expect(events("customStats")).toEqual([{ fps: 3 }]);
});

test("the file is a script, and a module of each kind that loaders know", () => {
  const code = readFileSync(new URL("../dist/callstats.js", import.meta.url), "utf8");
  const load = (more: object): Record<string, any> => {
    const context = createContext({ setTimeout, clearTimeout, console, URL, TextEncoder, ...more });
    runInContext(code, context);
    return context;
  };
  expect(load({}).callstats).toBeTypeOf("function");
  // The way of the documentation: the instance takes the constructor's name.
  const page = load({});
  runInContext("var callstats = new callstats();", page);
  expect(page.callstats.fabricUsage.multiplex).toBe("multiplex");
  const module = { exports: {} as any };
  expect(load({ module, exports: module.exports }).callstats).toBeUndefined();
  expect(module.exports).toBeTypeOf("function");
  expect(module.exports.default).toBe(module.exports);
  const defined: (() => unknown)[] = [];
  load({ define: Object.assign((f: () => unknown) => defined.push(f), { amd: {} }) });
  expect(defined.map((f) => typeof f())).toEqual(["function"]);
});
