import { describe, expect, it } from "vitest";
import type { Connection, Event, Samples } from "../api/client";
import { descriptionsOf } from "./descriptions";
import { candidateIn, iceOf, pairRuns } from "./ice";
import { events, others, repository, text } from "./recorded";

let index = 0;
const event = (name: string, value: unknown, more: Partial<Event> = {}): Event =>
  ({ session: "s", index: ++index, time: new Date(++index * 1000).toISOString(), connection: 1, stream: 0, kind: name.startsWith("on") ? "state" : "call", name, corr: "", severity: "info", value, ...more }) as Event;
const of = (all: Event[], end = 1e12) => iceOf(all, descriptionsOf(all), end);

const host = (mid: string) => ({ candidate: "candidate:1 1 udp 2122260223 x.x.x.x 5000 typ host", sdpMid: mid, sdpMLineIndex: Number(mid), usernameFragment: "ab" });

describe("ICE of a trace", () => {
  it("has each candidate once, whichever m-lines it was told for", () => {
    const [ice] = of([
      event("create", { iceServers: [{ urls: ["stun:a", "turn:b"], username: "***" }], iceTransportPolicy: "relay" }),
      event("onicegatheringstatechange", "gathering"), event("onicecandidate", host("0")), event("onicecandidate", host("1")),
      event("onicecandidate", { candidate: "candidate:2 1 udp 41885439 192.0.2.7 50000 typ relay raddr 0.0.0.0 rport 0", sdpMid: "0", url: "turn:b", relayProtocol: "tls" }),
      event("onicecandidate", null), event("onicegatheringstatechange", "complete"),
      event("addIceCandidate", { candidate: "candidate:9 1 udp 1 192.0.2.9 7 typ srflx raddr 0.0.0.0 rport 0", sdpMid: "0" }), event("addIceCandidateOnFailure", { name: "OperationError", message: "no" }, { severity: "error" }),
      event("onicecandidateerror", { url: "stun:a", errorCode: 701, errorText: "STUN host lookup received error." }),
    ]);
    expect(ice?.local.map((c) => [c.type, c.mids.join(), c.relayProtocol, c.url])).toEqual([["host", "0,1", "", ""], ["relay", "0", "tls", "turn:b"]]);
    expect(ice?.remote.map((c) => [c.type, c.refused])).toEqual([["srflx", "OperationError: no"]]);
    expect(ice).toMatchObject({ policy: "relay", servers: [{ urls: ["stun:a", "turn:b"], credential: true }], errors: [{ code: 701 }] });
    expect(ice?.gathered).toHaveLength(1);
    expect(ice?.gathering).toBe(false);
  });

  it("knows how relays are reached where all that were given are reached alike", () => {
    const relay = { candidate: "candidate:2 1 udp 41885439 192.0.2.7 50000 typ relay raddr 0.0.0.0 rport 0", sdpMid: "0" };
    const way = (...urls: string[]) => of([event("create", { iceServers: [{ urls }] }), event("onicecandidate", relay)])[0]?.local[0]?.relayProtocol;
    expect([way("turn:a?transport=tcp", "stun:b"), way("turns:a"), way("turn:a", "turn:b?transport=udp"), way("turn:a", "turns:a"), way("stun:a")]).toEqual(["tcp", "tls", "udp", "", ""]);
  });

  it("takes candidates out of descriptions", () => {
    const sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:zz\r\na=candidate:1 1 udp 5 192.0.2.1 443 typ host\r\n";
    const [ice] = of([event("setRemoteDescription", { type: "offer", sdp })]);
    expect(ice?.remote.map((c) => [c.port, c.by, c.ufrag])).toEqual([[443, "description", "zz"]]);
  });

  it("has states over time, until the connection was closed", () => {
    const all = [event("oniceconnectionstatechange", "checking"), event("oniceconnectionstatechange", "checking"), event("oniceconnectionstatechange", "connected"), event("close", null, { kind: "call" })];
    const [ice] = of(all);
    expect(ice?.states.map((s) => [s.name, s.runs.map((r) => r.value)])).toEqual([["ICE", ["checking", "connected"]]]);
    expect(ice?.states[0]?.runs[1]?.to).toBe(Date.parse(all[3]?.time ?? ""));
    const [open] = of([event("onconnectionstatechange", "connected")], 9e9);
    expect(open?.states[0]?.runs[0]?.to).toBe(9e9);
  });

  it("minds no value that it does not know", () => {
    for (const v of [null, "", "undefined", 5, {}, { candidate: "" }, { candidate: null }, { candidate: { candidate: "" } }, []]) expect(candidateIn(v)).toBeUndefined();
    expect(candidateIn({ candidate: { candidate: "candidate:1", sdpMid: "0" } })?.text).toBe("candidate:1");
    expect(of([event("onicecandidate", { candidate: "candidate:nonsense" }), event("onicecandidateerror", null), event("create", "x")])[0]?.local).toEqual([]);
  });
});

describe("paths that media took", () => {
  const series = { session: "s", stream: 3, kind: "transport", direction: "both", times: [1000, 2000, 3000, 4000], intervals: [1000, 1000, 1000, 1000], values: { rtt: [10, null, 30, 50], bitrate_sent: [1, 1, 3, 5], ice_requests: [1, 1, 2, 2], ice_responses: [1, 0, 2, 2] }, codec: [], limitation: [], pair: [{ from: 1000, value: "host/udp host/udp" }, { from: 3000, value: "relay/udp host/udp" }] };
  const samples = { stepMs: 0, series: [series] } as unknown as Samples;

  it("have their time and what was measured on them", () => {
    expect(pairRuns(samples, [3], { end: null } as unknown as Connection, [0, 5000])).toEqual([
      { from: 1000, to: 3000, pair: "host/udp host/udp", rtt: 10, sent: 1, received: null, requests: 2, responses: 1 },
      { from: 3000, to: 4000, pair: "relay/udp host/udp", rtt: 40, sent: 4, received: null, requests: 4, responses: 4 },
    ]);
  });

  it("are none where none was told", () => {
    expect(pairRuns(samples, [4], undefined, [0, 5000])).toEqual([]);
    expect(pairRuns(undefined, [3], undefined, [0, 5000])).toEqual([]);
  });
});

describe("recorded calls", async () => {
  for (const [name, path] of [
    ["recorded here", `${repository}protocol/jitsi/testdata/session.jsonl.gz`],
    ["of a relay", `${others}/jitsi__rtcstats-server/src/test/dumps/google-standard-stats-relay-p2p`],
    ["of Firefox", `${others}/jitsi__rtcstats-server/src/test/dumps/firefox-standard-stats-sfu`],
    ["with an undefined candidate", `${others}/jitsi__rtcstats-server/src/test/dumps/undefined-ice-candidate`],
  ] as const) {
    const dump = await text(path);
    it.skipIf(dump === undefined)(`have candidates and states: ${name}${dump === undefined ? " (the recording is not here; PEERGLASS_TESTDATA names another folder)" : ""}`, () => {
      const all = of(events(dump as string));
      const candidates = all.flatMap((i) => [...i.local, ...i.remote]);
      expect(candidates.length).toBeGreaterThan(0);
      for (const c of candidates) {
        expect(["host", "srflx", "prflx", "relay"]).toContain(c.type);
        expect(["udp", "tcp", "ssltcp"]).toContain(c.protocol);
        expect(c.port).toBeGreaterThan(0);
        expect(c.priority).toBeGreaterThan(0);
      }
      expect(all.some((i) => i.states.some((s) => s.name === "ICE"))).toBe(true);
    });
  }
});
