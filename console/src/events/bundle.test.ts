import { describe, expect, it } from "vitest";
import { bundle, held, instants } from "./bundle";

const at = (...times: number[]) => times.map((time) => ({ time }));

describe("bundle", () => {
  it("gathers what would lie upon each other, and leaves out what is not in the range", () => {
    const got = bundle(at(-5, 0, 5, 50, 58, 100, 101), [0, 100], 100, 10);
    expect(got.map((b) => [b.x, b.items.length])).toEqual([[2.5, 2], [54, 2], [100, 1]]);
  });

  it("makes no chain from end to end of a dense row", () => {
    const got = bundle(at(...Array.from({ length: 101 }, (_, i) => i)), [0, 100], 100, 10);
    expect(got).toHaveLength(11);
    expect(Math.max(...got.map((b) => b.items.length))).toBe(10);
  });

  it("tells every row once, at every zoom", () => {
    const rows = at(...Array.from({ length: 500 }, (_, i) => (i * 7919) % 3600).sort((a, b) => a - b));
    for (const range of [[0, 3600], [100, 160], [3500, 3600]] as [number, number][]) {
      const inside = rows.filter((r) => r.time >= range[0] && r.time <= range[1]).length;
      expect(bundle(rows, range, 800, 13).reduce((n, b) => n + b.items.length, 0)).toBe(inside);
    }
  });

  it("stands a range of no length", () => { expect(bundle(at(5), [5, 5], 100, 10)).toHaveLength(1); });
});

it("instants are round, rising, within the range, and not too many", () => {
  for (const [range, most] of [[[1_780_000_000_123, 1_780_000_060_000], 8], [[1_780_000_000_000, 1_780_018_000_000], 5], [[0, 900], 4]] as [[number, number], number][]) {
    const got = instants(range, most);
    expect(got.length).toBeLessThanOrEqual(most + 1);
    for (const t of got) expect(t >= range[0] && t <= range[1] && t % (range[1] - range[0] < 1000 ? 100 : 1000) === 0).toBe(true);
  }
});

describe("held", () => {
  const row = (time: number, type: string, lane: string, more: { session?: string; kind?: string | null; connection?: number } = {}) => ({ time, type, lane, session: "a", kind: null, connection: 0, ...more });

  it("ends a mute by an unmute of the same stay and medium, and everything by the leave", () => {
    const got = held([
      row(0, "entered_room", "room"), row(1, "audio_disabled", "media", { kind: "audio" }), row(2, "audio_opened", "media", { session: "b", kind: "audio" }),
      row(3, "audio_opened", "media", { kind: "audio" }), row(4, "page_hidden", "device"), row(5, "connection_interrupted", "connection", { connection: 1 }),
      row(6, "connection_recovered", "connection", { connection: 2 }), row(7, "connection_recovered", "connection", { connection: 1 }), row(9, "exited", "room"),
    ]);
    expect(got.map((h) => [h.label, h.from, h.to])).toEqual([["In the room", 0, 9], ["Audio off", 1, 3], ["Page hidden", 4, 9], ["Interrupted", 5, 7]]);
  });

  it("leaves open what goes on, and begins nothing twice", () => {
    expect(held([row(1, "page_hidden", "device"), row(2, "page_hidden", "device")]).map((h) => [h.from, h.to])).toEqual([[1, undefined]]);
  });
});
