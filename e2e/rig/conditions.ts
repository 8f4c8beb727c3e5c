// What is done to a call, and when. Ada is the user whose side is damaged; ben,
// and cleo in a call of three, see it from afar. What Peerglass ought to say of
// each condition stands in fidelity/, beside the judgement.
import type { Fault } from "./page/page";
import type { Rule } from "./relay";

export type User = "ada" | "ben" | "cleo";

/** Something done at a moment: by a page to itself, or to it. */
export type Deed = { at: number; user: User } & (
  | ({ by: "page" } & Fault)
  | { by: "driver"; kind: "kill" | "shut" | "open" | "burn" | "hide" | "show"; ms?: number }
);

export interface Condition {
  name: string;
  users: 2 | 3;
  seconds: number; // of the recording, from its start
  rules: Rule[];
  deeds: Deed[];
  /** The recording starts with the first join instead of once all see and hear each other. */
  fromJoin: boolean;
  turn: "udp" | "tcp" | "shut";
  /** ms that the signalling server takes with each message. */
  signalDelay: number;
  devices: "drawn" | "denied" | "none"; // ada's
  /** Nothing else may run meanwhile. */
  alone: boolean;
}

// Five clean seconds, ten of damage, and the recovery.
const FROM = 5_000;
const TO = 15_000;
const SECONDS = 24;

type Some = Partial<Condition>;
/** A call of two in which nothing is done, but for what some says. */
export const make = (name: string, some: Some = {}): Condition => ({
  name, users: 2, seconds: SECONDS, rules: [], deeds: [], fromJoin: false, turn: "udp", signalDelay: 0, devices: "drawn", alone: false, ...some,
});
type Damage = Omit<Rule, "from" | "to" | "user" | "dir">;
const leg = (name: string, dir: Rule["dir"], damage: Damage, some: Some = {}, to = TO): Condition =>
  make(name, { rules: [{ user: "ada", dir, from: FROM, to, ...damage }], ...some });
const done = (name: string, deeds: (Fault & { at: number })[], some: Some = {}): Condition =>
  make(name, { deeds: deeds.map((d) => ({ user: "ada", by: "page", ...d })), ...some });

/** Nothing is wrong. */
export const clean = make("clean");

export const conditions: Condition[] = [
  // The network of ada, in a call of two: up is what ben receives.
  leg("loss_up_2", "up", { loss: 0.02 }),
  leg("loss_up_5", "up", { loss: 0.05 }),
  leg("loss_up_10_burst", "up", { loss: 0.1, burst: 4 }),
  leg("loss_up_20", "up", { loss: 0.2 }),
  leg("loss_down_5", "down", { loss: 0.05 }),
  leg("loss_down_20", "down", { loss: 0.2 }),
  leg("delay_200", undefined, { delay: 200 }),
  leg("delay_500", undefined, { delay: 500 }),
  leg("jitter_up_150", "up", { jitter: 150 }),
  leg("reorder_up_20", "up", { reorder: 0.2, reorderBy: 300 }),
  leg("rate_up_150", "up", { rate: 150_000 }),
  leg("rate_down_150", "down", { rate: 150_000 }),
  leg("blackout_up_1", "up", { black: true }, {}, FROM + 1000),
  leg("blackout_up_3", "up", { black: true }, {}, FROM + 3000),
  leg("blackout_down_3", "down", { black: true }, {}, FROM + 3000),
  leg("blackout_both_9", undefined, { black: true }, { seconds: 28 }, FROM + 9000),
  // In a call of three it can be told whose access it is.
  leg("three_loss_up_10", "up", { loss: 0.1 }, { users: 3, alone: true }),
  leg("three_loss_down_10", "down", { loss: 0.1 }, { users: 3, alone: true }),
  leg("three_rate_up_200", "up", { rate: 200_000 }, { users: 3, alone: true }),
  leg("three_rate_down_200", "down", { rate: 200_000 }, { users: 3, alone: true }),
  // Devices, browser and user.
  done("capture_still", [{ at: FROM, kind: "mode", mode: "still" }, { at: TO, kind: "mode", mode: "draw" }]),
  done("capture_black", [{ at: FROM, kind: "mode", mode: "black" }, { at: TO, kind: "mode", mode: "draw" }]),
  done("camera_unplugged", [{ at: FROM, kind: "unplug", media: "video" }]),
  done("track_stopped", [{ at: FROM, kind: "stop", media: "video" }]),
  done("microphone_silent", [{ at: FROM, kind: "silence" }], { seconds: 28 }), // a pause of ten seconds would be a quiet user
  make("permission_denied", { devices: "denied", fromJoin: true }),
  make("no_device", { devices: "none", fromJoin: true }),
  make("cpu_starved", { deeds: [{ at: FROM, user: "ada", by: "driver", kind: "burn", ms: TO - FROM }], alone: true }),
  make("peer_killed", { deeds: [{ at: FROM, user: "ada", by: "driver", kind: "kill" }] }),
  // The server's side, and the way there.
  make("turn_shut", { turn: "shut", fromJoin: true }),
  make("turn_blocked", { rules: [{ user: "ada", from: 0, black: true }], fromJoin: true }),
  make("turn_dies", { deeds: [{ at: FROM, user: "ada", by: "driver", kind: "shut" }], seconds: 28 }),
  make("turn_tcp", { turn: "tcp" }),
  make("slow_join", { signalDelay: 3500, fromJoin: true }),
  done("ice_restart", [{ at: FROM + 3000, kind: "restart" }], { rules: [{ user: "ada", from: FROM, to: FROM + 5000, black: true }] }),
  // Nothing is wrong here, though figures look as if.
  done("muted", [{ at: FROM, kind: "enabled", media: "audio", on: false }, { at: FROM, kind: "enabled", media: "video", on: false },
    { at: TO, kind: "enabled", media: "audio", on: true }, { at: TO, kind: "enabled", media: "video", on: true }]),
  done("track_replaced", [{ at: FROM, kind: "null", media: "video" }, { at: TO, kind: "back", media: "video" }]),
  done("poll_late", [{ at: FROM, kind: "block", ms: 2500 }]),
];
