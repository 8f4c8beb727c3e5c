import { describe, expect, it } from "vitest";
import type { Event } from "../api/client";
import { compare, descriptionsOf, diffLines, folded, summary, told } from "./descriptions";
import { events, repository, text } from "./recorded";
import { parseSdp } from "./sdp";

let index = 0;
const event = (name: string, value: unknown, more: Partial<Event> = {}): Event =>
  ({ session: "s", index: ++index, time: new Date(index * 1000).toISOString(), connection: 1, stream: 0, kind: "call", name, corr: "", severity: "info", value, ...more }) as Event;

const sdp = (version: number, ...media: string[]) => ["v=0", `o=- 1 ${version} IN IP4 127.0.0.1`, "s=-", "a=group:BUNDLE 0", ...media].join("\r\n") + "\r\n";
const audio = (direction: string, ufrag = "u1") => ["m=audio 9 UDP/TLS/RTP/SAVPF 111 0", "a=mid:0", `a=${direction}`, `a=ice-ufrag:${ufrag}`, "a=rtpmap:111 opus/48000/2", "a=ssrc:5 cname:c"].join("\r\n");
const video = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=recvonly", "a=rtpmap:96 VP8/90000"].join("\r\n");

describe("a description in an event", () => {
  it("is found in every form that clients and dumps have", () => {
    expect(told({ type: "offer", sdp: "v=0\r\n" })).toEqual({ type: "offer", sdp: "v=0\r\n", cutFrom: null });
    expect(told([{ type: "answer", sdp: "v=0\r\n" }])?.type).toBe("answer");
    expect(told("type: offer, sdp: v=0\r\nm=audio 9\r\n")).toEqual({ type: "offer", sdp: "v=0\r\nm=audio 9\r\n", cutFrom: null });
    for (const nothing of [null, undefined, "", {}, { type: "rollback" }, 5, "checking", { sdp: "" }]) expect(told(nothing)).toBeUndefined();
  });

  it("that was too long is read as far as it goes, without its broken last line", () => {
    const cut = told({ truncated: true, bytes: 40_000, begins: '{"type":"offer","sdp":"v=0\\r\\nm=audio 9 RTP 0\\r\\na=mid:0\\r\\na=rtpm' });
    expect(cut).toEqual({ type: "offer", sdp: "v=0\r\nm=audio 9 RTP 0\r\na=mid:0\r\n", cutFrom: 40_000 });
    expect(told({ truncated: true, bytes: 40_000, begins: '{"candidates":[' })).toBeUndefined();
  });
});

describe("the descriptions of a trace", () => {
  it("know the one before, what was made, and the offer they answer", () => {
    const offer = sdp(1, audio("sendrecv"));
    const all = descriptionsOf([
      event("createOffer", null), event("createOfferOnSuccess", { type: "offer", sdp: offer }),
      event("setLocalDescription", { type: "offer", sdp: offer.replace("opus", "opus-mangled") }), event("setLocalDescriptionOnSuccess", null),
      event("setRemoteDescription", { type: "answer", sdp: sdp(7, audio("recvonly")) }), event("setRemoteDescriptionOnSuccess", null),
      event("setLocalDescription", { type: "offer", sdp: sdp(2, audio("sendrecv"), video) }), event("setLocalDescriptionOnSuccess", null),
      event("setRemoteDescription", { type: "offer", sdp: sdp(1, audio("sendrecv")) }, { connection: 2 }), event("setRemoteDescriptionOnFailure", { name: "OperationError" }, { connection: 2, severity: "error" }),
    ]);
    expect(all.map((d) => [d.side, d.type, d.connection, d.before?.id ?? "", d.made !== undefined, d.offer?.id ?? "", d.refused])).toEqual([
      ["local", "offer", 1, "", true, "", false],
      ["remote", "answer", 1, "", false, all[0]?.id, false],
      ["local", "offer", 1, all[0]?.id, false, "", false],
      ["remote", "offer", 2, "", false, "", true],
    ]);
    expect(all[2]?.before?.sdp).toContain("opus-mangled");
  });

  it("that the browser was left to make are told by the outcome, or known to be missing", () => {
    const all = descriptionsOf([
      event("setLocalDescription", null), event("setLocalDescriptionOnSuccess", { type: "offer", sdp: sdp(1, video) }),
      event("setLocalDescription", null), event("setLocalDescriptionOnSuccess", null),
      event("setLocalDescription", { type: "rollback" }), event("setLocalDescriptionOnSuccess", null),
    ]);
    expect(all.map((d) => [d.type, d.parsed.media.length])).toEqual([["offer", 1], ["offer", 0], ["rollback", 0]]);
    const answered = descriptionsOf([event("setRemoteDescription", { type: "offer", sdp: sdp(1, video) }), event("setLocalDescription", null), event("setLocalDescription", null)]);
    expect(answered.map((d) => d.type)).toEqual(["offer", "answer", "offer"]);
  });
});

describe("a comparison", () => {
  it("goes m-line by m-line and says in words what changed", () => {
    const sections = compare(sdp(1, audio("sendrecv"), video), sdp(2, audio("inactive", "u2").replace("ssrc:5", "ssrc:6"), video, video.replace("mid:1", "mid:2")));
    expect(sections.map((s) => [s.title, s.change])).toEqual([["Session", "changed"], ["audio, mid 0", "changed"], ["video, mid 1", "same"], ["video, mid 2", "added"]]);
    expect(sections[1]?.words).toEqual(["sendrecv → inactive", "ICE restart (new ufrag)", "without ssrc 5", "with ssrc 6"]);
    expect(sections[3]?.words).toEqual(["new: recvonly"]);
    const [direction] = sections[1]?.lines.filter((l) => l.change !== "same") ?? [];
    expect(sections[1]?.lines.filter((l) => l.change === "changed").map((l) => [l.before?.map((p) => p.text).join(""), l.after?.map((p) => p.text).join("")])).toEqual([
      ["a=sendrecv", "a=inactive"], ["a=ice-ufrag:u1", "a=ice-ufrag:u2"],
    ]);
    expect(direction?.after?.some((p) => p.changed)).toBe(true);
  });

  it("finds that m-lines are gone, refused, or in another order of codecs", () => {
    expect(compare(sdp(1, audio("sendrecv"), video), sdp(1, audio("sendrecv"))).map((s) => [s.key, s.change])).toEqual([["session", "same"], ["0", "same"], ["1", "removed"]]);
    const refused = compare(sdp(1, video), sdp(1, video.replace("video 9", "video 0")));
    expect(refused[1]?.words).toContain("refused now (port 0)");
    const order = compare(sdp(1, audio("sendrecv")), sdp(1, audio("sendrecv").replace("111 0", "0 111")));
    expect(order[1]?.words).toEqual(["codecs in another order: PCMU first"]);
  });

  it("gives back both texts", () => {
    const [a, b] = [sdp(1, audio("sendrecv"), video), sdp(3, video, audio("sendonly"))];
    const sections = compare(a, b);
    const side = (pick: "before" | "after") => sections.flatMap((s) => s.lines.flatMap((l) => (l[pick] ? [l[pick].map((p) => p.text).join("")] : []))).sort();
    expect(side("before")).toEqual(a.trim().split("\r\n").sort());
    expect(side("after")).toEqual(b.trim().split("\r\n").sort());
  });

  it("is summed up for a list", () => {
    const of = (...m: string[]) => parseSdp(sdp(1, ...m));
    expect(summary(of(audio("sendrecv")), of(audio("sendrecv"), video))).toBe("1 m-line more (video, mid 1)");
    expect(summary(of(audio("sendrecv")), of(audio("sendrecv")))).toBe("nothing changed");
    expect(summary(of(audio("sendrecv")), of(audio("recvonly")))).toBe("audio, mid 0: sendrecv → recvonly");
  });

  it("folds what did not change", () => {
    const same = Array.from({ length: 20 }, (_, i) => `a=x${i}`);
    const lines = diffLines(same, [...same.slice(0, 10), "a=new", ...same.slice(10)]);
    expect(folded(lines).map((l) => (typeof l === "number" ? l : l.change))).toEqual([8, "same", "same", "added", "same", "same", 8]);
    expect(folded(diffLines(same, same))).toEqual([20]);
  });
});

it("reads a recorded negotiation", async () => {
  const dump = await text(`${repository}protocol/jitsi/testdata/session.jsonl.gz`);
  const all = descriptionsOf(events(dump as string));
  expect(all.filter((d) => d.sdp).length).toBeGreaterThan(1);
  const later = all.find((d) => d.before);
  if (later?.before) {
    const sections = compare(later.before.sdp, later.sdp);
    expect(sections.length).toBeGreaterThan(1);
    expect(sections.flatMap((s) => s.lines).filter((l) => l.after).length).toBe([...later.parsed.lines, ...later.parsed.media.flatMap((m) => m.lines)].length);
  }
});
