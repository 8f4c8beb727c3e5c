import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Encoder, header, Kind } from "../src/encoder";
import { Writer } from "../src/writer";

function frame(e: Encoder, seq: number): string {
  const w = new Writer();
  const base = e.base;
  header(w, false, seq, base);
  w.raw(e.take());
  return Buffer.from(w.copy()).toString("hex");
}

const report = (...stats: object[]) => new Map(stats.map((s) => [(s as { id: string }).id, s])) as unknown as RTCStatsReport;

test("the worked example of docs/protocol.md is what the SDK writes", () => {
  const doc = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const block = /```hex\n([^`]+)```/.exec(doc)![1]!;
  const want = block.trim().split("\n\n").map((batch) => batch.split("\n").map((l) => l.replace(/;.*/, "").replace(/\s/g, "")).join(""));
  const e = new Encoder();
  const t = 1795000000000;
  const inbound = (packetsReceived: number, jitter: number | undefined, timestamp: number) => ({ id: "IT1", type: "inbound-rtp", timestamp, kind: "audio", ssrc: 5, packetsReceived, jitter });
  e.add(Kind.Open, t, 0, "", "", '{"room":"blue","user":"alice"}');
  e.add(Kind.Call, t + 20, 1, "create", "", "{}");
  e.stats(t + 1000, 1, report(inbound(100, 0.004, t + 999.5)));
  const got = [frame(e, 1)];
  e.stats(t + 2000, 1, report(inbound(150, 0.0035, t + 2000), { id: "x", type: "vendor-thing", timestamp: t + 1900, ready: true, ratio: 0.5 }));
  got.push(frame(e, 2));
  e.stats(t + 3000, 1, report(inbound(200, undefined, t + 3000)));
  e.add(Kind.Close, t + 3001, 0, "", "", '{"reason":"leave"}');
  got.push(frame(e, 3));
  expect(got).toEqual(want);
});

test("whole numbers of any size are written exactly", () => {
  for (const n of [0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1, 1795000000000000]) {
    const w = new Writer();
    w.uvarint(n);
    let back = 0n;
    w.copy().forEach((b, i) => (back |= BigInt(b & 0x7f) << BigInt(7 * i)));
    expect(Number(back)).toBe(n);
  }
  const w = new Writer();
  for (const n of [-1, 1, -64, 64]) w.zigzag(n);
  expect([...w.copy()]).toEqual([1, 2, 127, 128, 1]);
});

test("what did not change is not written", () => {
  const e = new Encoder();
  const codec = { id: "C", type: "codec", timestamp: 1, mimeType: "video/VP8" };
  e.stats(1, 1, report(codec));
  e.take();
  e.stats(1001, 1, report({ ...codec, timestamp: 1001 }));
  expect(e.take()).toHaveLength(7); // tag, length, time, connection, time, none gone, none changed
});

test("strange statistics are written without a fault", () => {
  const e = new Encoder();
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const odd = (i: number) => report({ id: "X".repeat(500), type: "codec", timestamp: 1 }, {
    id: "O", type: i % 2 ? "odd" : "codec", timestamp: NaN, nan: NaN, inf: Infinity, big: 2 ** 60 * i, tiny: 1e-12 * i, minus: -i, list: [i, circular], nothing: null,
    undef: undefined, flag: i % 2 === 0, turns: i % 2 ? "text" : 5, nested: { a: i, b: { c: 1 } }, ["n".repeat(300)]: i,
  });
  for (let i = 0; i < 6; i++) e.stats(i, 1, odd(i));
  expect(e.records).toBe(6);
  expect(e.take().length).toBeLessThan(4000);
});

test("members that nobody judges by are told each fifth poll", () => {
  const e = new Encoder();
  const sizes = Array.from({ length: 11 }, (_, i) => {
    e.stats(i, 1, report({ id: "T", type: "candidate-pair", timestamp: i, requestsSent: i, bytesSent: i, lastPacketReceivedTimestamp: i * 1000 }));
    return e.take().length;
  });
  expect(sizes.slice(1).map((n) => n > sizes[1]!)).toEqual([false, false, false, true, false, false, false, false, true, false]);
});
