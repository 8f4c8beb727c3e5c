import { describe, expect, it } from "vitest";
import { parseCandidate, sameCandidate } from "./candidate";
import { descriptionsOf } from "./descriptions";
import { events, others, repository, text } from "./recorded";
import { codecName, extensionName, linesOf, mediaName, parseSdp } from "./sdp";

const simulcast = [
  "v=0", "o=- 46117317 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2", "a=ice-options:trickle", "a=fingerprint:sha-256 AB:CD", "a=setup:actpass",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendonly", "a=ice-ufrag:x1", "a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtcp-fb:111 transport-cc", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "b=AS:500", "a=mid:1", "a=extmap:3/recvonly urn:ietf:params:rtp-hdrext:toffset", "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
  "a=rtcp-fb:* nack pli", "a=rid:1 send max-width=640", "a=rid:2 send", "a=simulcast:send 1;~2", "a=ssrc-group:FID 11 12", "a=ssrc:11 cname:c", "a=ssrc:11 msid:s t", "a=ssrc:12 cname:c",
  "a=candidate:1 1 udp 2122260223 192.0.2.1 54609 typ host generation 0 network-cost 10", "a=end-of-candidates",
  "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2",
].join("\r\n");

describe("a description", () => {
  const d = parseSdp(simulcast);
  const [audio, video, data] = d.media;

  it("is read into its session and m-lines", () => {
    expect(d).toMatchObject({ version: "2", bundles: [["0", "1", "2"]], ice: ["trickle"], fingerprint: "sha-256 AB:CD" });
    expect(d.media.map((m) => [m.kind, m.mid, m.direction, m.rejected])).toEqual([["audio", "0", "sendonly", false], ["video", "1", "sendrecv", false], ["application", "2", "", true]]);
    expect(d.media.map(mediaName)).toEqual(["audio, mid 0", "video, mid 1", "data, mid 2"]);
    expect(data?.codecs).toEqual([]);
  });

  it("has codecs with parameters, feedback and what they repeat", () => {
    expect(audio?.codecs.map(codecName)).toEqual(["opus 48000/2", "red 48000/2", "PCMU"]);
    expect(audio?.codecs[0]).toMatchObject({ payload: 111, channels: 2, parameters: "minptime=10;useinbandfec=1", feedback: ["transport-cc"], repeats: [] });
    expect(audio?.codecs[1]?.repeats).toEqual([111]);
    expect(video?.codecs[1]).toMatchObject({ name: "rtx", repeats: [96], feedback: ["nack pli"] });
  });

  it("has extensions, sources, encodings, bandwidth and candidates", () => {
    expect(video?.extensions).toEqual([{ id: 3, direction: "recvonly", uri: "urn:ietf:params:rtp-hdrext:toffset" }, { id: 10, direction: "", uri: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" }, { id: 2, direction: "", uri: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time" }]);
    expect(video?.extensions.map((e) => extensionName(e.uri))).toEqual(["toffset", "sdes:rtp-stream-id", "abs-send-time"]);
    expect(video?.sources).toEqual([{ ssrc: 11, cname: "c", msid: "s t" }, { ssrc: 12, cname: "c", msid: "" }]);
    expect(video?.groups).toEqual([{ semantics: "FID", ssrcs: [11, 12] }]);
    expect(video?.encodings).toEqual([{ rid: "1", direction: "send", parameters: "max-width=640" }, { rid: "2", direction: "send", parameters: "" }]);
    expect(video).toMatchObject({ simulcast: "send 1;~2", bandwidth: 500, endOfCandidates: true });
    expect(video?.candidates[0]).toMatchObject({ type: "host", port: 54609, network: "wifi" });
  });

  it("takes what stands before the first m-line for those that say nothing", () => {
    expect(video).toMatchObject({ setup: "actpass", fingerprint: "sha-256 AB:CD", ufrag: "" });
    expect(audio?.ufrag).toBe("x1");
  });

  it("loses no line, and minds neither how they end nor nonsense", () => {
    expect([...d.lines, ...d.media.flatMap((m) => m.lines)]).toEqual(linesOf(simulcast));
    expect(parseSdp(simulcast.replaceAll("\r\n", "\\r\\n"))).toEqual(d);
    expect(parseSdp("").media).toEqual([]);
    expect(parseSdp("m=").media).toHaveLength(1);
    expect(parseSdp("Dear Peerglass\nm=video x y 96\na=rtpmap\na=ssrc:\na=fmtp:96").media[0]?.codecs[0]).toMatchObject({ payload: 96, name: "" });
  });
});

describe("a candidate", () => {
  it("is read with what browsers add", () => {
    expect(parseCandidate("candidate:3889523423 1 udp 41885439 192.0.2.7 50000 typ relay raddr 198.51.100.1 rport 41000 generation 0 ufrag ab network-id 2 network-cost 900")).toMatchObject({
      type: "relay", protocol: "udp", priority: 41885439, address: "192.0.2.7", port: 50000, relatedAddress: "198.51.100.1", relatedPort: 41000, ufrag: "ab", network: "cellular", relayProtocol: "",
    });
    expect(parseCandidate("candidate:1 1 TCP 1518280447 x.x.x.x 9 typ host tcptype active")).toMatchObject({ protocol: "tcp", tcpType: "active", address: "x.x.x.x", relatedPort: null, relayProtocol: "" });
  });

  it("is none where there is none", () => {
    expect(parseCandidate("")).toBeUndefined();
    expect(parseCandidate("candidate:")).toBeUndefined();
    expect(parseCandidate("undefined")).toBeUndefined();
  });

  it("is the same for each m-line of a bundle", () => {
    const of = (port: number) => { const c = parseCandidate(`candidate:1 1 udp 1 192.0.2.1 ${port} typ host`); if (!c) throw new Error("no candidate"); return c; };
    expect(sameCandidate(of(5), { ...of(5), foundation: "7" })).toBe(true);
    expect(sameCandidate(of(5), of(6))).toBe(false);
  });
});

describe("descriptions that browsers and servers made", async () => {
  const files = [
    { name: "Jitsi's client, recorded here", path: `${repository}protocol/jitsi/testdata/session.jsonl.gz` },
    ...["google-standard-stats-p2p", "google-standard-stats-relay-p2p", "google-legacy-stats-p2p", "google-legacy-screenshare-p2p", "firefox-standard-stats-sfu"].map((n) => ({ name: n, path: `${others}/jitsi__rtcstats-server/src/test/dumps/${n}` })),
  ];
  for (const { name, path } of files) {
    const dump = await text(path);
    it.skipIf(dump === undefined)(`are read whole: ${name}${dump === undefined ? " (the recording is not here; PEERGLASS_TESTDATA names another folder)" : ""}`, () => {
      const all = descriptionsOf(events(dump as string)).filter((d) => d.sdp);
      expect(all.length).toBeGreaterThan(1);
      for (const d of all) {
        expect(d.parsed.media.length).toBe(linesOf(d.sdp).filter((l) => l.startsWith("m=")).length);
        expect([...d.parsed.lines, ...d.parsed.media.flatMap((m) => m.lines)]).toEqual(linesOf(d.sdp));
        for (const m of d.parsed.media) {
          expect(["audio", "video", "application"]).toContain(m.kind);
          expect(m.mid, m.lines.join("\n")).not.toBe("");
          if (m.kind !== "application") {
            expect(m.codecs.length).toBeGreaterThan(0);
            expect(m.codecs.filter((c) => c.name === "" || !Number.isInteger(c.payload))).toEqual([]);
            expect(m.extensions.filter((e) => !/^(urn:|https?:\/\/).+/.test(e.uri) || !(e.id > 0))).toEqual([]);
          }
          expect(m.sources.every((s) => s.ssrc > 0)).toBe(true);
          expect(m.candidates.length).toBe(m.lines.filter((l) => l.startsWith("a=candidate:")).length);
        }
      }
    });
  }
});
