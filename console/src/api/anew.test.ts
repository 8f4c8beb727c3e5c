import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { anew } from "./anew";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

/** A page that shows a part of the call, and a server that needs some time for it. */
function shown(takes: number) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const server = { state: 0, asked: 0 };
  const page = new QueryObserver(queries, {
    queryKey: ["call", "c", "samples"],
    queryFn: async ({ signal: _ }) => {
      server.asked++;
      const { state } = server; // answers are of the moment at which they are asked for
      await new Promise((done) => setTimeout(done, takes));
      return state;
    },
  });
  page.subscribe(() => {});
  return { queries, server, page, live: anew(queries, "c") };
}

test("what is told while the first answer is on its way is not forgotten", async () => {
  const { server, page, live } = shown(3_000);
  server.state = 1;
  live.about("samples");
  await vi.advanceTimersByTimeAsync(3_000);
  expect(page.getCurrentResult().data).toBe(0);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(page.getCurrentResult().data).toBe(1);
});

test("a server slower than what is told is heard to the end", async () => {
  const { server, page, live } = shown(2_500);
  await vi.advanceTimersByTimeAsync(2_500);
  for (let second = 0; second < 20; second++) {
    server.state++;
    live.about("samples");
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(page.getCurrentResult().data).toBeGreaterThan(10);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(page.getCurrentResult().data).toBe(20);
});

test("what is told within a second is one question", async () => {
  const { server, live } = shown(10);
  await vi.advanceTimersByTimeAsync(10);
  for (let i = 0; i < 9; i++) { live.about("samples"); await vi.advanceTimersByTimeAsync(100); }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.asked).toBe(2);
});

test("what is told last is asked for, though nobody follows any more", async () => {
  const { server, page, live } = shown(500);
  await vi.advanceTimersByTimeAsync(500);
  server.state = 1;
  live.about("samples");
  await vi.advanceTimersByTimeAsync(1_200); // on its way
  server.state = 2;
  live.about("samples");
  live.end();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(page.getCurrentResult().data).toBe(2);
});
