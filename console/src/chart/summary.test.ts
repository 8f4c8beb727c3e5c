import { expect, it } from "vitest";
import { digest, together } from "./summary";

const line = (values: (number | null)[], from = 0) => ({ times: values.map((_, i) => from + (i + 1) * 1000), values, intervals: values.map(() => 1000), step: 0 });

it("weighs a mean by what each point stands for, and takes the extremes the server told", () => {
  const got = digest({ times: [1000, 4000], values: [10, 20], intervals: [1000, 3000], step: 0, low: [8, 1], high: [12, 90] }, [0, 10_000]);
  expect(got).toEqual({ least: 1, mean: 17.5, greatest: 90, at: 4000, last: 20, points: 2 });
});

it("says nothing of what was not measured", () => {
  expect(digest(line([null, null]), [0, 10_000])).toBeUndefined();
  expect(digest(line([1, 2, 3]), [1500, 2500])?.mean).toBe(2);
});

it("adds what was measured in the same poll", () => {
  const got = together([line([1, null, 3]), line([10, 20, null], 40)]);
  expect(got.times).toEqual([1040, 2040, 3040]);
  expect(got.values).toEqual([11, 20, 3]);
});

it("puts streams that follow each other in a row", () => {
  const got = together([line([1, 2]), line([5, 6], 10_000)]);
  expect(got.times).toEqual([1000, 2000, 11_000, 12_000]);
  expect(got.values).toEqual([1, 2, 5, 6]);
});

it("never adds two polls of one stream, however close", () => {
  const close = { times: [1000, 1400, 2000], values: [1, 1, 1], intervals: [1000, 400, 600], step: 0 };
  expect(together([close, { ...close, values: [2, 2, 2] }]).values).toEqual([3, 3, 3]);
});

it("keeps the extremes of one stream and tells none of a sum", () => {
  const a = { times: [10_000, 20_000], values: [5, 5], intervals: [10_000, 10_000], step: 10_000, low: [1, 2], high: [9, 8] };
  const b = { ...a, times: [9_500], values: [1], intervals: [10_000], low: [0], high: [2] };
  const got = together([a, b]);
  expect(got.times).toEqual([9_500, 10_000, 20_000]);
  const same = together([a, { ...b, times: [10_400] }]);
  expect([same.values, same.low, same.high]).toEqual([[6, 5], [6, 2], [6, 8]]);
});

it("does not add within a step what followed each other", () => {
  const before = { times: [110_000, 170_000], values: [8, 8], intervals: [110_000, 50_000], step: 120_000 };
  const after = { times: [239_000, 359_000], values: [8, 8], intervals: [60_000, 120_000], step: 120_000 };
  expect(together([before, after]).values).toEqual([8, 8, 8]);
  // Side by side they are a sum.
  expect(together([before, { ...before, values: [2, 2] }]).values).toEqual([10, 10]);
});
