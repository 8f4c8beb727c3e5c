import { expect, it } from "vitest";
import type { Issue } from "../api/client";
import { absentOf, bandsOf, burrsOf, issuesOf, layOut, measuredOf, restOf, streamsOf } from "./half";
import { figuresOf, segmentsOf } from "./segments";
import type { Sampled, StreamRow } from "./told";

const row = (id: number, kind: string, direction: string, connection = 1, more: Partial<StreamRow> = {}): StreamRow =>
  ({ id, session: "a", kind, direction, connection, ssrc: id, rid: "", label: "", remoteUser: "", start: "", end: "", ...more });
const rows = [row(1, "video", "send"), row(2, "audio", "send"), row(3, "video", "send", 2), row(4, "transport", "both"), row(5, "transport", "both", 2), row(6, "client", "both", 0)];

const series = (stream: number, kind: string, values: Record<string, (number | null)[]>): Sampled =>
  ({ session: "a", stream, kind, direction: "send", times: [1000, 2000, 3000], intervals: [1000, 1000, 1000], values, codec: [], limitation: [], pair: [] });

it("takes the connections that carry the media, and the machine", () => {
  const ids = (x: ReturnType<typeof streamsOf>) => [x.media, x.path, x.machine].map((s) => s.map((r) => r.id));
  expect(ids(streamsOf(rows, "send", "video", [1]))).toEqual([[1], [4], [6]]);
  expect(ids(streamsOf(rows, "send", "video", []))).toEqual([[1, 3], [4, 5], [6]]);
  expect(ids(streamsOf(rows, "receive", "video", []))).toEqual([[], [4, 5], [6]]);
});

const metrics = ["bitrate:bit/s", "loss:ratio", "rtt:ms", "fps_captured:fps", "fps_encoded:fps", "fps_sent:fps", "height:px", "cpu_system:ratio", "cpu_app:ratio", "loop_lag:ms", "frame_time:ms", "available_outgoing:bit/s", "target_bitrate:bit/s", "audio_level:ratio"]
  .map((m) => { const [id = "", unit = ""] = m.split(":"); return { id, label: id, unit, help: "" }; });

it("draws the guide's segments though nothing was measured, and others only if something was", () => {
  const m = measuredOf([series(1, "video", { bitrate: [1, 2, 3], loss: [0, 0.2, 0] })], "send", "video", "a", streamsOf(rows, "send", "video", [1]), 0);
  const got = segmentsOf(m, layOut(m), metrics, "light");
  expect(got.map((s) => [s.id, s.empty])).toEqual([["flow", false], ["control", true], ["fps", true], ["size", true], ["cpu", true]]);
  const flow = got[0];
  expect(flow?.series.map((s) => [s.label, s.axis ?? "left", s.limit])).toEqual([["bitrate", "left", undefined], ["loss", "right", { at: 0.05, worse: "above" }]]);
  expect(flow?.zones.map((z) => [z.from, z.to, z.level, z.axis])).toEqual([[0.02, 0.05, "low", "right"], [0.05, 0.1, "medium", "right"], [0.1, undefined, "high", "right"]]);
  expect(flow?.right?.unit).toBe("ratio");
});

it("draws volume in dB, and tells each layer beside their sum", () => {
  const audio = measuredOf([series(2, "audio", { audio_level: [1, 0.1, 0] })], "send", "audio", "a", streamsOf(rows, "send", "audio", [2]), 0);
  const volume = segmentsOf(audio, layOut(audio), metrics, "light").find((s) => s.id === "volume");
  expect([volume?.unit, volume?.series[0]?.values]).toEqual(["dB", [90.3, 70.3, 0]]);
  expect(figuresOf(audio, layOut(audio)).get("volume")?.values).toEqual([90.3, 70.3, 0]);
  const layers = [row(1, "video", "send", 1, { rid: "q" }), row(7, "video", "send", 1, { rid: "f" })];
  const video = measuredOf([series(1, "video", { bitrate: [1, 1, 1] }), series(7, "video", { bitrate: [5, 5, null] })], "send", "video", "a", streamsOf(layers, "send", "video", [1, 7]), 0);
  const flow = segmentsOf(video, layOut(video), metrics, "dark")[0];
  expect(flow?.series[0]?.values).toEqual([6, 6, 1]);
  expect(flow?.series[0]?.parts?.map((p) => [p.label, p.values])).toEqual([["layer q", [1, 1, 1]], ["layer f", [5, 5, null]]]);
});

it("rests where a stream begins and where the sender was muted", () => {
  const m = measuredOf([series(2, "audio", { audio_level: [1, 1, 1] })], "send", "audio", "a", streamsOf(rows, "send", "audio", [2]), 0);
  const mute = { time: new Date(20_000).toISOString(), session: "a", id: "a/1", type: "audio_disabled", lane: "media", label: "", cause: null, severity: "info" as const, direction: null, kind: "audio", remoteUser: "", text: "" };
  expect(restOf(m, layOut(m), [mute], [mute], 30_000)).toEqual([{ start: 0, end: 4_000 }, { start: 19_000, end: 33_000 }]);
});

const issue = (more: Partial<Issue>): Issue => ({ session: "a", id: 1, stream: 0, connection: 0, label: "Packet loss", cause: "packet_loss", severity: "high", start: new Date(0).toISOString(), end: null, evidence: [], ...more }) as Issue;

it("shows issues of these streams, their connections and the machine, each where its figure is", () => {
  const of = streamsOf(rows, "send", "video", [1]);
  const all = [issue({ id: 1, stream: 1 }), issue({ id: 2, stream: 3 }), issue({ id: 3, connection: 1 }), issue({ id: 4, connection: 2 }), issue({ id: 5 }), issue({ id: 6, session: "b", stream: 1 })];
  const mine = issuesOf(all, "a", of, rows);
  expect(mine.map((i) => i.id)).toEqual([1, 3, 5]);
  const loss = issue({ id: 9, evidence: [{ session: "", metric: "loss" } as Issue["evidence"][number]] });
  expect(bandsOf([loss], ["rtt"], false, 9)).toEqual([]);
  expect(bandsOf([loss], ["loss"], false, 9)).toMatchObject([{ id: "a/9", start: 0, end: 9, level: "high", label: "Packet loss: packet loss" }]);
  const later = issue({ id: 10, label: "Freeze", cause: "", severity: "low", start: new Date(5).toISOString(), end: new Date(12).toISOString() });
  expect(bandsOf([later, { ...loss, severity: "medium" }], ["rtt"], true, 9)).toMatchObject([{ start: 0, end: 12, level: "medium", label: "Packet loss: packet loss; Freeze" }]);
});

it("knows when a stay can tell nothing", () => {
  const m = measuredOf([{ ...series(1, "video", {}), times: [5_000, 6_000, 20_000], intervals: [1000, 1000, 1000] }], "send", "video", "a", streamsOf(rows, "send", "video", [1]), 0);
  expect(absentOf([0, 60_000], { start: new Date(4_000).toISOString(), end: new Date(30_000).toISOString() }, m)).toEqual([
    { start: 0, end: 4_000, label: "Not in the room yet" }, { start: 6_000, end: 19_000, label: "Not measured" }, { start: 30_000, end: 60_000, label: "Left the room" },
  ]);
});

it("strokes each poll in which the picture stood still, those side by side as one", () => {
  const values = [0, 700, 1000, 0, 900];
  const told = { times: [1000, 2000, 3000, 4000, 5000], intervals: [1000, 1000, 1000, 1000, 1000], values, min: values, max: values };
  expect(burrsOf(new Map([["video_stutter_time", told]]))).toEqual([{ start: 1000, end: 3000, label: "For 1.7 s" }, { start: 4000, end: 5000, label: "For 0.9 s" }]);
  expect(burrsOf(undefined)).toEqual([]);
});
