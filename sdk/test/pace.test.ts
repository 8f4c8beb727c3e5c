// When the SDK looks, with a clock and a worker that the test drives.
import { afterEach, beforeEach, expect, test } from "vitest";
import { native } from "../src/native";
import { Pace } from "../src/pace";

const doors = { ...native };
let now: number, due: { at: number; fire: () => void } | undefined, looks: number, pace: Pace, delay: number;

/** A worker that fires when the test's clock says so. */
class Worker {
  onmessage: (() => void) | undefined;
  postMessage(ms: number): void {
    due = { at: now + ms, fire: () => this.onmessage?.() };
  }
}

beforeEach(() => {
  now = 1e12;
  looks = delay = 0;
  due = undefined;
  native.now = () => now;
  native.Worker = Worker as never;
  native.setTimeout = () => 0;
  pace = new Pace(() => {
    looks++;
    pace.next(false);
  });
  pace.steady = 2000;
});

afterEach(() => void Object.assign(native, doors));

/** Lets the next look come, `delay` ms late; returns how long it was in coming. */
function look(): number {
  const from = now;
  const { at, fire } = due!;
  now = at + delay;
  fire();
  return now - from;
}

test("closely at first and after events, steadily then", () => {
  pace.stir(true);
  for (let i = 0; i < 15; i++) expect(look()).toBe(1000);
  const steady = Array.from({ length: 50 }, look);
  expect(Math.min(...steady)).toBeGreaterThanOrEqual(1900);
  expect(Math.max(...steady)).toBeLessThanOrEqual(2100);
  expect(new Set(steady).size, "spread").toBeGreaterThan(5);
  now += 300;
  pace.stir(true);
  expect(due!.at - now).toBe(1000);
  now += 800;
  pace.stir(true); // the next look is due sooner already
  expect(due!.at - now).toBe(200);
  expect(looks).toBe(65);
});

test("rarer while the page is busy, and as before when it is no longer", () => {
  pace.stir(true);
  for (let i = 0; i < 16; i++) look();
  delay = 700;
  const busy = Array.from({ length: 6 }, look).map((ms) => Math.round((ms - delay) / 2000));
  expect(busy).toEqual([1, 1, 2, 4, 4, 4]);
  expect(pace.lag).toBe(700);
  delay = 0;
  expect(Array.from({ length: 4 }, look).map((ms) => Math.round(ms / 2000))).toEqual([4, 2, 1, 1]);
  // One long look is an accident, several are a habit.
  pace.spent(80);
  look();
  expect(Math.round(look() / 2000)).toBe(1);
  for (let i = 0; i < 2; i++) {
    pace.spent(80);
    look();
  }
  expect(Math.round(look() / 2000)).toBe(2);
});

test("a browser that slows timers down in the background is not a busy page", () => {
  native.Worker = undefined;
  native.setTimeout = (f, ms) => {
    due = { at: now + ms, fire: f };
    return 1;
  };
  pace.stir(true);
  for (let i = 0; i < 16; i++) look();
  delay = 900;
  expect(Array.from({ length: 5 }, look).map((ms) => Math.round((ms - delay) / 2000))).toEqual([1, 1, 1, 1, 1]);
});

test("what cannot be sent is not looked at so often", () => {
  pace.stir(true);
  for (let i = 0; i < 16; i++) look();
  look();
  pace.next(true);
  expect(due!.at - now).toBeGreaterThanOrEqual(4 * 1900);
});
