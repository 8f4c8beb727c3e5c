import { expect, it } from "vitest";
import { bundle, covered, holes, stutters } from "./bundle";

it("puts dots that lie upon each other into one", () => {
  const got = bundle([{ time: 50_000 }, { time: 1_000 }, { time: 1_500 }, { time: 99_000 }, { time: 200_000 }], [0, 100_000], 500);
  expect(got.map((b) => [b.left, b.items.length])).toEqual([[5, 2], [250, 1], [495, 1]]);
  expect(got[0]?.items.map((i) => i.time)).toEqual([1_000, 1_500]);
});

it("takes a row of dots apart as soon as there is room", () => {
  const dots = Array.from({ length: 20 }, (_, i) => ({ time: i * 1000 }));
  expect(bundle(dots, [0, 20_000], 100).length).toBeLessThan(10);
  expect(bundle(dots, [0, 20_000], 1000).length).toBe(20);
});

it("makes one stutter of intervals in a row, and puts it where it became known", () => {
  const intervals = [1000, 1000, 1000, 1000, 1000];
  expect(stutters({ times: [1000, 2000, 3000, 4000, 5000], values: [0, 700, 1000, 0, null], intervals })).toEqual([{ start: 1300, end: 3000, ms: 1700, since: 1000 }]);
});

it("shows a second's stutter of a long interval as a second", () => {
  expect(stutters({ times: [30_000, 60_000, 90_000], values: [0, 1000, 800], intervals: [30_000, 30_000, 30_000] })).toEqual([
    { start: 59_000, end: 60_000, ms: 1000, since: 30_000 }, { start: 89_200, end: 90_000, ms: 800, since: 60_000 },
  ]);
});

it("knows a stutter that was told late, longer than its interval", () => {
  expect(stutters({ times: [1000, 2000], values: [0, 1600], intervals: [1000, 1000] })).toEqual([{ start: 400, end: 2000, ms: 1600, since: 400 }]);
});

it("finds what nothing covers", () => {
  expect(holes([[10, 20], [15, 30], [50, 60]], [0, 100])).toEqual([[0, 10], [30, 50], [60, 100]]);
  expect(holes([[10, 20]], [0, 22], 5)).toEqual([[0, 10]]);
  expect(holes([], [5, 9])).toEqual([[5, 9]]);
  expect(holes([[0, 100]], [10, 90])).toEqual([]);
  expect(holes([[50, 60]], [10, 20])).toEqual([[10, 20]]);
});

it("covers what points reach back to", () => {
  expect(covered([1000, 2000, 3400, 9000], [1000, 1000, 1000, 1000])).toEqual([[0, 3400], [8000, 9000]]);
  expect(covered([60_000, 90_000], [4000, 30_000], 30_000)).toEqual([[30_000, 90_000]]);
});

it("ends a stutter where its last part ended, not where it was told", () => {
  expect(stutters({ times: [1000, 2000, 3000], values: [700, 1000, 31], intervals: [1000, 1000, 1000] })).toEqual([{ start: 300, end: 2031, ms: 1731, since: 0 }]);
});
