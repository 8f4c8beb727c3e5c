import { expect, it } from "vitest";
import type { CallDetail } from "../api/client";
import { callLink, endsLink, including, listLink, longest, readView, shownRange, shownUsers, userKey, userLink, userOf, type View, writeView } from "./range";

it("reads back what it wrote and leaves the rest alone", () => {
  const v: View = { view: "events", session: "0a1b2c3d4e5f6", users: ["0a1b2c3d4e5f6", "0a1b2c3d4e5f7"], side: "send", tab: "video", range: [1000, 2000], event: "0a1b2c3d4e5f6/3" };
  const p = writeView(new URLSearchParams("app=7"), v);
  expect(p.get("app")).toBe("7");
  expect(readView(p)).toEqual(v);
  expect(writeView(p, { view: "quality", session: undefined, users: undefined, side: "receive", tab: "all", range: undefined, event: null }).toString()).toBe("app=7");
});

it("takes nonsense for the usual", () => {
  expect(readView(new URLSearchParams("side=x&tab=y&from=5&to=2&view=z&users=,,&session=&event="))).toEqual({ view: "quality", session: undefined, users: undefined, side: "receive", tab: "all", range: undefined, event: null });
  expect(readView(new URLSearchParams({ users: Array.from({ length: 50 }, (_, i) => i).join(",") })).users).toHaveLength(20);
  expect(readView(new URLSearchParams("users=a,b,a")).users).toEqual(["a", "b"]);
});

it("keeps views within the call and within five hours", () => {
  const bounds: [number, number] = [0, 2 * longest];
  expect(shownRange({}, [0, 60_000])).toEqual([0, 60_000]);
  expect(shownRange({}, bounds)).toEqual([0, longest]);
  expect(shownRange({ range: [longest, 3 * longest] }, bounds)).toEqual([longest, 2 * longest]);
  expect(shownRange({ range: [-5000, 5000] }, bounds)).toEqual([0, 5000]);
  expect(shownRange({ range: [9 * longest, 10 * longest] }, bounds)).toEqual([0, longest]);
});

it("builds links that carry the moment", () => {
  const moment = { range: [1000, 2000] as [number, number], tab: "audio" as const };
  expect(callLink(7, "c")).toBe("/calls/c?app=7");
  expect(callLink(7, "c", { view: "matrix", users: ["a", "b"] })).toBe("/calls/c?app=7&view=matrix&users=a,b");
  expect(userLink(7, "c", "s", moment)).toBe("/calls/c/users/s?app=7&tab=audio&from=1000&to=2000");
  expect(endsLink(7, "c", "r", "s", { event: "r/1" })).toBe("/calls/c/ends?app=7&event=r/1&receiver=r&sender=s");
  expect(endsLink(7, "c", "r")).toBe("/calls/c/ends?app=7&receiver=r");
  expect(listLink(7)).toBe("/calls?app=7");
});

it("finds users by any of their stays", () => {
  const person = (user: string, ...stays: string[]) => ({ user, userName: "", stays: stays.map((id) => ({ id })) });
  const call = { people: [person("ada", "a1", "a2"), person("", "b1"), ...Array.from({ length: 30 }, (_, i) => person(`u${i}`, `u${i}`))] } as unknown as CallDetail;
  expect(shownUsers(call, {}).map(userKey)).toEqual(["a1", "b1", "u0", "u1", "u2", "u3"]);
  expect(shownUsers(call, { users: ["u5", "a2", "gone"] }).map(userKey)).toEqual(["a1", "u5"]);
  expect(shownUsers(call, { users: ["gone"] })).toHaveLength(6);
  expect(userOf(call, "a2")?.user).toBe("ada");
  expect(userOf(call, "gone")).toBeUndefined();
});

it("adds a user to those shown, and puts the last one's place to it where all are taken", () => {
  const call = { people: Array.from({ length: 30 }, (_, i) => ({ user: `u${i}`, stays: [{ id: `s${i}` }] })) } as unknown as CallDetail;
  expect(including(call, {}, "s3")).toBeUndefined();
  expect(including(call, {}, "nobody")).toBeUndefined();
  expect(including(call, {}, "s9")).toEqual(["s0", "s1", "s2", "s3", "s4", "s5", "s9"]);
  const full = including(call, { users: Array.from({ length: 20 }, (_, i) => `s${i}`) }, "s25");
  expect(full).toHaveLength(20);
  expect(full?.at(-1)).toBe("s25");
});
