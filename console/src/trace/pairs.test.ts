import { describe, expect, it } from "vitest";
import type { Event } from "../api/client";
import { callOf, matching, outcomes, rowOf, rowsOf, severityOf } from "./pairs";

const event = (index: number, name: string, more: Partial<Event> = {}): Event =>
  ({ session: "s", index, time: new Date(1000 + index * 100).toISOString(), connection: 1, stream: 0, kind: "call", name, corr: "", severity: name.endsWith("OnFailure") ? "error" : "info", value: null, ...more }) as Event;

describe("calls and their outcomes", () => {
  it("are told apart by name", () => {
    expect([callOf("createOfferOnSuccess"), callOf("navigator.mediaDevices.getUserMediaOnFailure"), callOf("createOffer")]).toEqual(["createOffer", "navigator.mediaDevices.getUserMedia", undefined]);
  });

  it("belong together by their mark, whatever their order", () => {
    const got = outcomes([event(1, "addIceCandidate", { corr: "a" }), event(2, "addIceCandidate", { corr: "b" }), event(3, "addIceCandidateOnSuccess", { corr: "b" }), event(4, "addIceCandidateOnFailure", { corr: "a" })]);
    expect([...got].map(([call, e]) => [call, e.index])).toEqual([[2, 3], [1, 4]]);
  });

  it("without marks belong together one after another, on each connection", () => {
    const got = outcomes([event(1, "createOffer"), event(2, "createOffer", { connection: 2 }), event(3, "createOffer"), event(4, "createOfferOnSuccess", { connection: 2 }), event(5, "createOfferOnSuccess"), event(6, "createOfferOnFailure")]);
    expect([...got].map(([call, e]) => [call, e.index])).toEqual([[2, 4], [1, 5], [3, 6]]);
  });

  it("with a mark that comes again after the page was loaded anew are the later call's", () => {
    const got = outcomes([event(1, "createOffer", { corr: "1" }), event(2, "createOffer", { corr: "1" }), event(3, "createOfferOnSuccess", { corr: "1" })]);
    expect([...got.keys()]).toEqual([2]);
  });

  it("share a line, or have one each", () => {
    const all = [event(1, "createOffer"), event(2, "onsignalingstatechange", { kind: "state", value: "have-local-offer" }), event(3, "createOfferOnSuccess"), event(4, "addTrackOnSuccess")];
    const joined = rowsOf(all, false);
    expect(joined.map((r) => [r.event.index, r.outcome?.index, r.took])).toEqual([[1, 3, 200], [2, undefined, null], [4, undefined, null]]);
    expect(rowOf(joined, "s/3")).toBe(0);
    expect(rowOf(joined, "s/9")).toBe(-1);
    expect(rowsOf(all, true).map((r) => [r.event.index, r.of?.index])).toEqual([[1, undefined], [2, undefined], [3, 1], [4, undefined]]);
  });

  it("are as bad as the worse of both", () => {
    expect(rowsOf([event(1, "createOffer"), event(2, "createOfferOnFailure")], false).map(severityOf)).toEqual(["error"]);
  });
});

describe("a search", () => {
  const rows = rowsOf([
    event(1, "createOffer"), event(2, "createOfferOnFailure", { value: { name: "OperationError" } }),
    event(3, "onicecandidate", { kind: "state", connection: 2, value: { candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ relay" } }),
    event(4, "oniceconnectionstatechange", { kind: "state", value: "Failed" }),
  ], false);
  const found = (f: Partial<Parameters<typeof matching>[1]>) => matching(rows, { search: "", kinds: [], connection: null, ...f }).map((r) => r.event.index);

  it("looks in names and values of calls and outcomes, for every word", () => {
    expect(found({ search: "relay UDP" })).toEqual([3]);
    expect(found({ search: "operationerror" })).toEqual([1]);
    expect(found({ search: "failed" })).toEqual([4]);
    expect(found({ search: "relay failed" })).toEqual([]);
  });

  it("goes with kinds, connection and range", () => {
    expect(found({ kinds: ["state"] })).toEqual([3, 4]);
    expect(found({ connection: 2 })).toEqual([3]);
    expect(found({ range: [1300, 1400] })).toEqual([3]);
    expect(found({ kinds: ["state"], connection: 1 })).toEqual([4]);
  });

  it("is quick with tens of thousands of lines", () => {
    const many = rowsOf(Array.from({ length: 30_000 }, (_, i) => event(i + 1, i % 2 ? "createOfferOnSuccess" : "createOffer", { value: { sdp: `v=${i}` } })), false);
    expect(many).toHaveLength(15_000);
    expect(matching(many, { search: "v=29999", kinds: [], connection: null })).toHaveLength(1);
  });
});
