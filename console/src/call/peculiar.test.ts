import { expect, it } from "vitest";
import type { Profile } from "../api/call";
import type { CallDetail } from "../api/client";
import { statesOf } from "./peculiar";

const person = (user: string, endReason = "leave", id = user || "x") => ({ user, userName: "", stays: [{ id, endReason, hasDump: true }] });
const callOf = (...people: ReturnType<typeof person>[]) => ({ people }) as unknown as CallDetail;
const both = callOf(person("ada"), person("ben"));

const media = (...of: [string, string, number][]): Profile => ({ items: [], missing: [], kept: { samples: true, events: true }, media: of.map(([kind, direction, measured]) => ({ kind, direction, measured, carried: measured })) }) as unknown as Profile;
const usual = media(["audio", "send", 2], ["audio", "receive", 2], ["video", "receive", 2]);

const ids = (call: CallDetail, profile: Profile | undefined, view = {}, live = false) => statesOf(call, profile, view, live).map((s) => s.id);

it("says nothing of a usual call, nor before anything is known", () => {
  expect(ids(both, usual)).toEqual([]);
  expect(ids(both, undefined)).toEqual([]);
});

it("tells a call that is joining from one that brought no statistics", () => {
  expect(ids(both, media(), {}, true)).toEqual(["joining"]);
  expect(ids(both, media())).toEqual(["no-statistics"]);
  expect(ids(both, media(["audio", "receive", 0]))).toEqual(["no-statistics"]);
});

it("says which media there was none of", () => {
  expect(ids(both, media(["audio", "receive", 1]))).toEqual(["no-video"]);
  expect(ids(both, media(["screen", "receive", 1]))).toEqual(["no-audio"]);
});

it("says whose side is missing", () => {
  expect(ids(callOf(person("ada")), usual)).toEqual(["one-side"]);
  expect(ids(callOf(person("ada")), media(["audio", "send", 1], ["video", "send", 1]))).toEqual(["alone"]);
  const missing = statesOf(both, { ...usual, missing: ["zoe", "yan"] }, {}, false);
  expect(missing.map((s) => s.title)).toEqual(["Nothing is known from zoe and yan"]);
});

it("says that a lone dump is one, and that figures have expired", () => {
  expect(ids(callOf(person("ada", "import")), usual)).toEqual(["import"]);
  expect(ids(callOf(person("ada", "import")), media())).toEqual(["no-statistics", "import"]);
  expect(ids(both, { ...usual, kept: { samples: false, events: false } })).toEqual(["expired"]);
});

it("says that a user told no name, and that one of the address is not here", () => {
  expect(ids(callOf(person("ada"), person("")), usual)).toEqual(["anonymous"]);
  expect(ids(both, usual, { session: "gone" })).toEqual(["gone-user"]);
  expect(ids(both, usual, { session: "ada", users: ["ben", "gone"] })).toEqual(["gone-user"]);
  expect(ids(both, usual, { session: "ada", users: ["ben"] })).toEqual([]);
});
