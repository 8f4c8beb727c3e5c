import { expect, it } from "vitest";
import { below, ticks, united } from "./plot";
import { shifted } from "./range";

it("marks round values, up to the top", () => {
  expect(ticks(100, 5)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticks(2_400_000, 4)).toEqual([0, 1_000_000, 2_000_000]);
  expect(ticks(0.05, 3)).toEqual([0, 0.02, 0.04]);
  expect(ticks(1, 0.2)).toEqual([0, 1]);
});

it("gives what is mirrored its share", () => {
  expect(below([{}, {}])).toBe(0);
  expect(below([{ mirrored: true }])).toBe(0.9);
  expect(below([{}, { mirrored: true }])).toBe(0.4);
});

it("moves a range as far as there is room", () => {
  expect(shifted([10, 20], [0, 100], 5)).toEqual([15, 25]);
  expect(shifted([10, 20], [0, 100], -50)).toEqual([0, 10]);
  expect(shifted([10, 20], [0, 100], 500)).toEqual([90, 100]);
});

it("makes one of spans that overlap", () => {
  expect(united([{ start: 5, end: 9 }, { start: 1, end: 3 }, { start: 3, end: 4 }, { start: 8, end: 12 }])).toEqual([[1, 4], [5, 12]]);
});
