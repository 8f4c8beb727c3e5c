import { expect, it } from "vitest";
import { gathered } from "./gather";

function server() {
  const asked: string[][] = [];
  const signals: AbortSignal[] = [];
  return { asked, signals, ask: async (ids: string[], signal: AbortSignal) => { asked.push(ids); signals.push(signal); return ids.join(); } };
}

it("asks at once for what is asked for together", async () => {
  const { asked, ask } = server();
  const answers = await Promise.all([gathered("a", ["1"], 6, ask), gathered("a", ["2", "3"], 6, ask), gathered("b", ["9"], 6, ask), gathered("a", ["1"], 6, ask)]);
  expect(asked).toEqual([["1", "2", "3"], ["9"]]);
  expect(answers).toEqual(["1,2,3", "1,2,3", "9", "1,2,3"]);
  await gathered("a", ["4"], 6, ask);
  expect(asked.at(-1)).toEqual(["4"]);
});

it("asks for no more than the most at a time", async () => {
  const { asked, ask } = server();
  await Promise.all(["1", "2", "3", "4", "5"].map((id) => gathered("most", [id], 2, ask)));
  expect(asked).toEqual([["1", "2"], ["3", "4"], ["5"]]);
});

it("gives the question up when nobody waits for it any more", async () => {
  const { signals, ask } = server();
  const [one, two] = [new AbortController(), new AbortController()];
  await Promise.all([gathered("up", ["1"], 6, ask, one.signal), gathered("up", ["2"], 6, ask, two.signal)]);
  one.abort();
  expect(signals[0]?.aborted).toBe(false);
  two.abort();
  expect(signals[0]?.aborted).toBe(true);
});
