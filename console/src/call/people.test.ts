import { expect, it } from "vitest";
import type { CallDetail, Issue, Outcome, User } from "../api/client";
import { arranged, peopleOf } from "./people";
import { segments } from "./StayBar";

const user = (user: string, more: Partial<User> = {}): User => ({
  user, userName: "", role: "", firstIn: "2026-03-01T12:00:00Z", lastOut: null, stayMs: 60_000, stays: [{ id: `${user}1` }], sends: false, receives: true, protocol: "native",
  sdk: "peerglass", sdkVersion: "1.2", browser: "Chrome", browserVersion: "126.0", os: "Windows", device: "", network: "wifi", region: "", carrier: "", relay: false, score: null, ...more,
}) as unknown as User;

const call = {
  people: [
    user("ada", { userName: "Ada Lovelace", score: 4.5, region: "DE, Berlin", stays: [{ id: "a1" }, { id: "a2" }] as never, sends: true }),
    user("ben", { score: 9.5, browser: "Firefox", firstIn: "2026-03-01T12:01:00Z", stayMs: 5_000 }),
    user("", { stays: [{ id: "x1" }] as never, firstIn: "2026-03-01T12:02:00Z" }),
    user("user-10", { firstIn: "2026-03-01T12:03:00Z" }),
    user("user-9", { firstIn: "2026-03-01T12:04:00Z" }),
  ],
} as unknown as CallDetail;

const issue = (session: string, severity: Issue["severity"], label: string, seconds = 1): Issue =>
  ({ session, severity, label, start: "2026-03-01T12:00:00Z", end: new Date(Date.parse("2026-03-01T12:00:00Z") + seconds * 1000).toISOString() }) as unknown as Issue;

const people = peopleOf(call, [
  { session: "a1", score: 8, reasons: [{ id: "loss", points: 2, text: "loss" }] },
  { session: "a2", score: 3, reasons: [{ id: "freeze", points: 7, text: "freeze" }] },
] as unknown as Outcome[], [issue("a1", "low", "Jitter", 90), issue("a2", "high", "Short freeze", 2), issue("a1", "high", "Long freeze", 20)]);

const names = (found: typeof people) => found.map((p) => p.name);

it("puts the stays of a user together: the reasons of the worst, the worst and longest issue", () => {
  expect(people[0]).toMatchObject({ name: "Ada Lovelace", role: "Anchor", index: 0, key: "a1" });
  expect(people[0]?.reasons[0]?.id).toBe("freeze");
  expect(people[0]?.worst?.label).toBe("Long freeze");
  expect(people[2]).toMatchObject({ name: "Anonymous", role: "Audience", key: "x1", worst: undefined });
});

it("finds users by every word, wherever it stands", () => {
  expect(names(arranged(people, "BERLIN ada", "in", true))).toEqual(["Ada Lovelace"]);
  expect(names(arranged(people, "long freeze", "in", true))).toEqual(["Ada Lovelace"]);
  expect(names(arranged(people, "firefox", "in", true))).toEqual(["ben"]);
  expect(arranged(people, "nobody", "in", true)).toEqual([]);
});

it("orders by each column, and keeps what is not known last", () => {
  expect(names(arranged(people, "", "user", true))).toEqual(["Ada Lovelace", "Anonymous", "ben", "user-9", "user-10"]);
  expect(names(arranged(people, "", "score", true)).slice(0, 2)).toEqual(["Ada Lovelace", "ben"]);
  expect(names(arranged(people, "", "score", false)).slice(0, 2)).toEqual(["ben", "Ada Lovelace"]);
  expect(names(arranged(people, "", "region", false))[0]).toBe("Ada Lovelace");
  expect(names(arranged(people, "", "in", false))[0]).toBe("user-9");
  expect(names(arranged(people, "", "duration", true))[0]).toBe("ben");
});

it("draws stays within what is shown, and the gaps between them", () => {
  expect(segments([{ start: 0, end: 250 }, { start: 500, end: null }], [0, 1000])).toEqual([{ left: 0, width: 25, live: false }, { left: 50, width: 50, live: true }]);
  expect(segments([{ start: 0, end: 300 }, { start: 900, end: 1000 }], [200, 600])).toEqual([{ left: 0, width: 25, live: false }]);
});
