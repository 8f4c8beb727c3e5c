import { expect, it } from "vitest";
import { instants, readFilters, writeFilters } from "./filters";

it("what the address does not say is as usual", () => {
  const f = readFilters(new URLSearchParams());
  expect(f).toMatchObject({ range: "7d", room: "", status: "", sort: "start", ascending: false, size: 10 });
  expect(writeFilters(new URLSearchParams("app=7"), f).toString()).toBe("app=7");
});

it("reads back what it wrote", () => {
  const f = { range: "custom", from: 1000, to: 2000, room: "a b", user: "ö", status: "active", sort: "duration", ascending: true, size: 50 } as const;
  expect(readFilters(writeFilters(new URLSearchParams(), f))).toEqual(f);
});

it("nonsense in the address is as usual", () => {
  expect(readFilters(new URLSearchParams("range=x&status=y&sort=z&size=7&from=q"))).toMatchObject({ range: "7d", status: "", sort: "start", size: 10, from: undefined });
});

it("days begin at the viewer's midnight", () => {
  const now = new Date(2026, 10, 21, 15, 30);
  const of = (range: string) => instants(readFilters(new URLSearchParams({ range })), now);
  expect(of("today")).toEqual({ from: new Date(2026, 10, 21) });
  expect(of("yesterday")).toEqual({ from: new Date(2026, 10, 20), to: new Date(2026, 10, 21) });
  expect(of("6h")).toEqual({ from: new Date(2026, 10, 21, 9, 30) });
  expect(of("all")).toEqual({});
});
