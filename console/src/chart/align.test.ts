import { expect, it } from "vitest";
import { align, lonely, zoomed } from "./align";

it("lays lines on one axis, breaks them at gaps and at nulls only", () => {
  const got = align([
    { times: [1000, 2000, 3000, 9000], values: [1, null, 3, 4], intervals: [1000, 1000, 1000, 1000], step: 0 },
    { times: [1500, 2500], values: [7, 8], intervals: [1000, 1000], step: 0 },
  ]);
  expect(got.data[0]).toEqual([1, 1.5, 2, 2.5, 3, 5.5, 9]);
  expect(got.data[1]).toEqual([1, null, null, null, 3, null, 4]);
  expect(got.data[2]).toEqual([undefined, 7, undefined, 8, undefined, undefined, undefined]);
});

it("does not break a line whose client polls less often from some time on", () => {
  const got = align([{ times: [1000, 2000, 7000, 12000], values: [1, 2, 3, 4], intervals: [1000, 1000, 5000, 5000], step: 0 }]);
  expect(got.data[1]).toEqual([1, 2, 3, 4]);
});

it("has an axis without lines", () => {
  expect(align([])).toEqual({ data: [[]], low: [], high: [] });
});

it("zooms around the cursor and stays in bounds", () => {
  expect(zoomed([0, 100_000], [0, 100_000], 50_000, 0.5)).toEqual([25_000, 75_000]);
  expect(zoomed([25_000, 75_000], [0, 100_000], 25_000, 10)).toEqual([0, 100_000]);
  expect(zoomed([0, 10_000], [0, 100_000], 0, 0.01)).toEqual([0, 5_000]);
  expect(zoomed([90_000, 100_000], [0, 100_000], 100_000, 2)).toEqual([80_000, 100_000]);
});

it("finds the points that no line shows", () => {
  expect(lonely([1, null, 2, undefined, 3, null, undefined, 4])).toEqual([0, 7]);
  expect(lonely([1, 2, null])).toEqual([]);
  expect(lonely([])).toEqual([]);
});

it("draws over what the other end tells less often than the client polls", () => {
  const times = [1000, 2000, 3000, 4000, 5000, 6000, 7000];
  const values = [1, null, null, 4, null, null, 7];
  const intervals = times.map(() => 1000);
  expect(align([{ times, values, intervals, step: 0, bridge: 3000 }]).data).toEqual([[1, 4, 7], [1, 4, 7]]);
  expect(align([{ times, values, intervals, step: 0, bridge: 2000 }]).data[1]).toEqual(values);
});

it("lets points of one step of the server share their instant, whatever the streams' own were", () => {
  const step = 10_000;
  const intervals = [10_000, 10_000, 10_000];
  const got = align([
    { times: [9_400, 19_400, 49_400], values: [1, 2, 5], intervals, step, low: [0, 1, 4], high: [2, 3, 6] },
    { times: [9_900, 19_100, 29_900], values: [7, 8, 9], intervals, step },
  ], 600);
  expect(got.data[0]).toEqual([9.9, 19.4, 29.4, 29.9, 49.4]);
  expect(got.data[1]).toEqual([1, 2, null, null, 5]);
  expect(got.data[2]).toEqual([7, 8, undefined, 9, undefined]);
  expect(got.low[0]).toEqual([0, 1, null, null, 4]);
  expect(got.high[0]).toEqual([2, 3, null, null, 6]);
  expect(got.low[1]).toBeUndefined();
});

it("lets instants share a place where no pixel lies between them", () => {
  const seconds = Array.from({ length: 600 }, (_, i) => i * 1000);
  const lines = Array.from({ length: 20 }, (_, n) => ({ times: seconds.map((t) => t + n * 10), values: seconds.map(() => n), intervals: seconds.map(() => 1000), step: 0 }));
  const got = align(lines, 600);
  expect(got.data[0].length).toBe(600);
  expect(got.data[20]?.every((v) => v === 19)).toBe(true);
});
