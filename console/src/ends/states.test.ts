import { expect, it } from "vitest";
import { rowsOf } from "./lines";
import { holds, limitation, muted, pairs, pClass, sizes } from "./states";
import type { Happening, Sampled } from "./told";

const stream = (more: Partial<Sampled>): Sampled =>
  ({ session: "a", stream: 1, kind: "video", direction: "send", times: [1000, 2000, 3000, 4000], intervals: [1000, 1000, 1000, 1000], values: {}, codec: [], limitation: [], pair: [], ...more });
const spans = (of: { start: number; end: number; text: string }[]) => of.map((s) => `${s.start}–${s.end} ${s.text}`);

it("shows each path as long as it was the one", () => {
  expect(spans(pairs(stream({ pair: [{ from: 1000, value: "host/udp host/udp" }, { from: 3000, value: "relay/tcp host/udp" }] })))).toEqual(["1000–3000 host/udp → host/udp", "3000–4000 relay/tcp → host/udp"]);
});

it("says the gravest reason of layers side by side", () => {
  const low = stream({ limitation: [{ from: 1000, value: "none" }, { from: 3000, value: "bandwidth" }] });
  const high = stream({ stream: 2, limitation: [{ from: 1000, value: "bandwidth" }, { from: 2000, value: "cpu" }, { from: 3000, value: "none" }] });
  expect(spans(limitation([low, high]))).toEqual(["1000–2000 bandwidth", "2000–3000 CPU", "3000–4000 bandwidth"]);
  expect(limitation([stream({})])).toEqual([]);
});

it("names sizes by their shorter side", () => {
  expect([pClass(1280, 720), pClass(720, 1280), pClass(320, 240), pClass(100, 60), pClass(1920, 1088)]).toEqual(["720p", "720p", "240p", "60p", "1080p"]);
  const s = stream({ values: { width: [320, 320, 640, null], height: [240, 240, 480, null] } });
  expect(spans(sizes([s], rowsOf([s])))).toEqual(["0–2000 320×240 (240p)", "2000–3000 640×480 (480p)"]);
});

it("follows mutes and cameras that go off until they end, or the user leaves", () => {
  const at = (s: number, type: string, more: Partial<Happening> = {}): Happening =>
    ({ time: new Date(s * 1000).toISOString(), session: "a", id: `a/${s}`, type, lane: "media", label: type, cause: null, severity: "info", direction: null, kind: null, remoteUser: "", text: "", ...more });
  const events = [at(1, "video_disabled", { kind: "video" }), at(3, "video_opened", { kind: "video" }), at(4, "device_muted", { kind: "audio" }), at(5, "video_disabled", { kind: "video", remoteUser: "bob" }), at(6, "video_disabled", { kind: "video" }), at(9, "exited")];
  expect(spans(muted(events, "video", 60_000))).toEqual(["1000–3000 camera off", "6000–9000 camera off"]);
  expect(spans(muted(events, "audio", 60_000))).toEqual(["4000–9000 muted by the system"]);
  expect(spans(muted(events.slice(0, 3), "audio", 60_000))).toEqual(["4000–60000 muted by the system"]);
});

it("follows holds", () => {
  const at = (s: number, type: string, cause: string | null = null): Happening =>
    ({ time: new Date(s * 1000).toISOString(), session: "a", id: `a/${s}`, type, lane: "media", label: type, cause, severity: "info", direction: "down", kind: null, remoteUser: "", text: "" });
  expect(spans(holds([at(1, "downlink_audio_set", "held"), at(4, "downlink_audio_set", "resumed"), at(5, "downlink_audio_set", "volume"), at(6, "downlink_audio_set", "held")], 9_000))).toEqual(["1000–4000 on hold", "6000–9000 on hold"]);
});
