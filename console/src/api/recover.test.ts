import { QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "./client";
import { makeQueries, passing } from "./recover";

const health = vi.fn<() => Promise<Response>>();

beforeEach(() => { vi.useFakeTimers(); vi.stubGlobal("fetch", health); health.mockReset(); });
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); });

/** A page that shows what one question brings. */
function look(queries: ReturnType<typeof makeQueries>, queryKey: string[], ask: () => Promise<string>) {
  const observer = new QueryObserver(queries, { queryKey, queryFn: ask, retry: false });
  return { stop: observer.subscribe(() => {}), now: () => observer.getCurrentResult() };
}

it("tells what passes from what is refused for a reason", () => {
  expect([0, 500, 503, 401, 403, 404].map((status) => passing(new ApiError(status, "", "")))).toEqual([true, true, true, false, false, false]);
});

it("keeps an error until the server answers, and then asks again", async () => {
  const queries = makeQueries();
  const ask = vi.fn().mockRejectedValueOnce(new ApiError(0, "unreachable", "away")).mockResolvedValue("there");
  health.mockRejectedValueOnce(new TypeError("refused")).mockResolvedValue(new Response());
  const page = look(queries, ["call"], ask);
  await vi.advanceTimersByTimeAsync(3_100);
  expect(page.now().error?.message).toBe("away");
  expect(ask).toHaveBeenCalledTimes(1); // only the health was asked for
  await vi.advanceTimersByTimeAsync(3_100);
  expect(page.now().data).toBe("there");
  expect(page.now().error).toBeNull();
  page.stop();
});

it("asks less and less often what the server fails at though it is well", async () => {
  const queries = makeQueries();
  const ask = vi.fn().mockRejectedValue(new ApiError(503, "unavailable", "too much"));
  health.mockImplementation(async () => new Response());
  const page = look(queries, ["call"], ask);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(ask.mock.calls.length).toBeLessThanOrEqual(7); // 3, 6, 12, 24, 48 s apart
  expect(ask.mock.calls.length).toBeGreaterThanOrEqual(5);
  page.stop();
});

it("asks who looks where something is refused for want of a log-in", async () => {
  const queries = makeQueries();
  const me = vi.fn().mockResolvedValueOnce("admin").mockRejectedValue(new ApiError(401, "unauthorized", "log in"));
  const who = look(queries, ["me"], me);
  await vi.advanceTimersByTimeAsync(10);
  const page = look(queries, ["call"], () => Promise.reject(new ApiError(401, "unauthorized", "log in")));
  await vi.advanceTimersByTimeAsync(10);
  expect(me).toHaveBeenCalledTimes(2);
  expect(who.now().error?.message).toBe("log in");
  who.stop();
  page.stop();
});
