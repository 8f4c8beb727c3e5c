import { expect, it } from "vitest";
import { chosen, fault, localInput, longest } from "./range";

it("says what is wrong with a range", () => {
  const bounds: [number, number] = [0, 10 * 3_600_000];
  expect(fault(0, longest, bounds)).toBeUndefined();
  expect(fault(0, longest + 1, bounds)).toMatch(/5 hours/);
  expect(fault(5, 5, bounds)).toMatch(/after/);
  expect(fault(Number.NaN, 5, bounds)).toMatch(/both/);
  expect(fault(11 * 3_600_000, 12 * 3_600_000, bounds)).toMatch(/lasted/);
});

it("writes a time as an input reads it", () => {
  const at = new Date(2026, 10, 21, 7, 5, 9).getTime();
  expect(localInput(at)).toBe("2026-11-21T07:05:09");
  expect(Date.parse(localInput(at))).toBe(at);
});

it("keeps nothing of a range that is all there is, by what the bounds are or just were", () => {
  const wholes: [number, number][] = [[0, 30_000], [0, 29_000]];
  expect(chosen([0, 30_000], wholes)).toBeUndefined();
  expect(chosen([0, 29_000], wholes), "asked by a chart that has not heard of the last second").toBeUndefined();
  expect(chosen([0, 28_000], wholes)).toEqual([0, 28_000]);
  expect(chosen([1, 30_000], wholes)).toEqual([1, 30_000]);
  expect(chosen([0, 2 * longest], [[0, 3 * longest]])).toEqual([longest / 2, 1.5 * longest]);
});
