import { expect, it } from "vitest";
import { decibels, join, rowsOf } from "./lines";
import type { Sampled } from "./told";

const stream = (id: number, times: number[], values: Record<string, (number | null)[]>, more: Partial<Sampled> = {}): Sampled =>
  ({ session: "a", stream: id, kind: "video", direction: "send", times, intervals: times.map(() => 1000), values, codec: [], limitation: [], pair: [], ...more });

it("lays what was polled together into rows, and goes on where a stream took another's place", () => {
  const streams = [stream(1, [1000, 2000, 3000], {}), stream(2, [2010, 3000], {}), stream(3, [4000, 5000], {})];
  expect(rowsOf(streams).map((r) => [r.time, ...r.at])).toEqual([[1000, 0, -1, -1], [2010, 1, 0, -1], [3000, 2, 1, -1], [4000, -1, -1, 0], [5000, -1, -1, 1]]);
  expect(rowsOf([])).toEqual([]);
});

it("sums the layers' bits, and takes size and frame rate of the best layer that moves", () => {
  const q = stream(1, [1000, 2000, 3000], { bitrate: [100, 100, null], height: [180, 180, 180], fps_sent: [30, 29, 30] });
  const f = stream(2, [1000, 2000, 3000], { bitrate: [900, null, null], height: [720, 720, 720], fps_sent: [15, 0, null] });
  const rows = rowsOf([q, f]);
  expect(join([q, f], rows, "bitrate", "sum").values).toEqual([1000, 100, null]);
  expect(join([q, f], rows, "height", "best").values).toEqual([720, 180, 180]);
  expect(join([q, f], rows, "fps_sent", "best").values).toEqual([15, 29, 30]);
  expect(join([q, f], rows, "jitter", "max").values).toEqual([]);
});

it("joins streams that follow each other into one line", () => {
  const first = stream(1, [1000, 2000], { loss: [0, 0.1] });
  const then = stream(7, [3000, 4000], { loss: [0.2, null] });
  const of = [first, then];
  expect(join(of, rowsOf(of), "loss", "max")).toMatchObject({ times: [1000, 2000, 3000, 4000], values: [0, 0.1, 0.2, null] });
});

it("keeps the extremes within points that sum up polls", () => {
  const s = stream(1, [60_000], { fps_decoded: [24] }, { intervals: [60_000], min: { fps_decoded: [0] }, max: { fps_decoded: [30] } });
  const got = join([s], rowsOf([s]), "fps_decoded", "max");
  expect([got.min, got.values, got.max]).toEqual([[0], [24], [30]]);
});

it("says levels in dB above the smallest step of 16 bits", () => {
  expect(decibels(1)).toBeCloseTo(90.3, 1);
  expect(decibels(0.1)).toBeCloseTo(70.3, 1);
  expect(decibels(0)).toBe(0);
  expect(decibels(1e-9)).toBe(0);
});
