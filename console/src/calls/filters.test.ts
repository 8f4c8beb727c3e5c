import { expect, it } from "vitest";
import { chips, type Filters, instants, readFilters, unfiltered, writeFilters } from "./filters";

it("what the address does not say is as usual", () => {
  const f = readFilters(new URLSearchParams());
  expect(f).toMatchObject({ range: "7d", room: "", status: "", issues: [], severity: "", minScore: 0, maxScore: 10, sort: "start", ascending: false, size: 10 });
  expect(f).toMatchObject(unfiltered);
  expect(writeFilters(new URLSearchParams("app=7"), f).toString()).toBe("app=7");
});

const every: Filters = {
  range: "custom", from: 1000, to: 2000, room: "a b", user: "ö*", call: "0a1b2c3d4e5f6", key: "plan=a&b", status: "active", issues: ["video_freeze", "lag"], severity: "medium",
  minScore: 2.5, maxScore: 6, regions: ["DE, Berlin", "FR"], browsers: ["Chrome"], systems: ["macOS"], sort: "score", ascending: true, size: 50,
};

it("reads back what it wrote", () => {
  expect(readFilters(writeFilters(new URLSearchParams(), every))).toEqual(every);
});

it("what is taken away leaves the address", () => {
  const p = writeFilters(new URLSearchParams("app=7"), every);
  expect(writeFilters(p, { ...every, ...unfiltered, range: "7d", sort: "start", ascending: false, size: 10 }).toString()).toBe("app=7");
});

it("nonsense in the address is as usual", () => {
  expect(readFilters(new URLSearchParams("range=x&status=y&sort=z&size=7&from=q&severity=awful&minScore=-3&maxScore=99")))
    .toMatchObject({ range: "7d", status: "", sort: "start", size: 10, from: undefined, severity: "", minScore: 0, maxScore: 10 });
});

it("each chip takes away its own filter and no other", () => {
  let f = every;
  for (let left = chips(f, (t) => t).length; left > 0; left--) {
    const [first] = chips(f, (t) => t);
    f = { ...f, ...first?.without };
    expect(chips(f, (t) => t)).toHaveLength(left - 1);
  }
  expect(f).toMatchObject(unfiltered);
  expect(chips(every, (t) => t.toUpperCase()).map((c) => `${c.name} ${c.value}`)).toEqual([
    "Room a b", "User ö*", "Status In progress", "Call 0a1b2c3d4e5f6", "Key plan=a&b", "Issue VIDEO_FREEZE", "Issue LAG", "Severity Medium or worse", "Score 2.5 to 6",
    "Region DE, Berlin", "Region FR", "Browser Chrome", "OS macOS",
  ]);
});

it("days begin at the viewer's midnight", () => {
  const now = new Date(2026, 10, 21, 15, 30);
  const of = (range: string) => instants(readFilters(new URLSearchParams({ range })), now);
  expect(of("today")).toEqual({ from: new Date(2026, 10, 21) });
  expect(of("yesterday")).toEqual({ from: new Date(2026, 10, 20), to: new Date(2026, 10, 21) });
  expect(of("6h")).toEqual({ from: new Date(2026, 10, 21, 9, 30) });
  expect(of("14d")).toEqual({ from: new Date(2026, 10, 7) });
  expect(of("all")).toEqual({});
});
