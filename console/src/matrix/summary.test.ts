import { expect, it } from "vitest";
import type { Matrix, MatrixCell, MatrixPart } from "../api/match";
import { counts, findings, places } from "./summary";
import { cellText, type Kind, type Level, trialText } from "./words";

const names = ["Ada", "Ben", "Cleo", "Dora", "Emil"];

/** A matrix out of lines "Ada Ben audio poor loss=0.1": who receives, of whom, what, how. */
function matrix(users: number, lines: string): Matrix {
  const m = { users: names.slice(0, users).map((n) => ({ user: n.toLowerCase(), userName: n, sessions: [n] })), total: users, cells: [], unmatched: [], unmatchedTotal: 0, worst: [], thresholds: {} } as unknown as Matrix;
  for (const line of lines.trim().split("\n")) {
    const [receiver = "", sender = "", kind, level, ...figures] = line.trim().split(" ");
    const at = { receiver: names.indexOf(receiver), sender: names.indexOf(sender) };
    let cell = m.cells.find((c) => c.receiver === at.receiver && c.sender === at.sender) as MatrixCell;
    if (!cell) m.cells.push(cell = { ...at, receiverSession: receiver, senderSession: sender, audio: null, video: null, screen: null });
    const part = { level: level as Level, reason: "", stutterShare: null, loss: null, bitrate: null, delay: null, measuredMs: 60_000, streams: [], basis: "ssrc" } as MatrixPart;
    for (const f of figures) { const [k, v] = f.split("="); Object.assign(part, { [k as string]: Number(v) }); }
    cell[kind as Kind] = part;
  }
  return m;
}

const everybody = (users: number, kind: Kind, how: (receiver: number, sender: number) => string) =>
  matrix(users, Array.from({ length: users }, (_, r) => Array.from({ length: users }, (_, s) => (r === s ? "" : `${names[r]} ${names[s]} ${kind} ${how(r, s)}`)).filter(Boolean).join("\n")).join("\n"));

const said = (m: Matrix, kinds: Kind[] = ["audio", "video"]) => findings(m, kinds).map((f) => f.text);

it("says nothing where all is good", () => {
  expect(said(everybody(4, "audio", () => "good"))).toEqual([]);
});

it("a column that is bad is its sender's uplink", () => {
  expect(said(everybody(4, "audio", (_, s) => (s === 1 ? "poor loss=0.3" : "good")))).toEqual(["Ben is heard badly by all 3 others: probably Ben’s uplink"]);
});

it("most of a column is enough; a half is not", () => {
  expect(said(everybody(5, "video", (r, s) => (s === 1 && r !== 0 ? "fair loss=0.1" : "good")))).toEqual(["Ben is not seen well by 3 of 4: probably Ben’s uplink"]);
  expect(said(everybody(5, "video", (r, s) => (s === 1 && r > 2 ? "poor" : "good")))).toEqual([]);
});

it("a row that is bad is its receiver's downlink", () => {
  expect(said(everybody(4, "audio", (r) => (r === 0 ? "poor loss=0.3" : "good")))).toEqual(["Ada hears everyone badly: probably Ada’s downlink"]);
  expect(said(everybody(3, "video", (r) => (r === 0 ? "fair loss=0.1" : "good")))).toEqual(["Ada does not see both others well: probably Ada’s downlink"]);
});

it("stutters without loss may be the device's", () => {
  expect(said(everybody(3, "video", (_, s) => (s === 1 ? "poor loss=0" : "good")))).toEqual(["Ben is seen badly by both others: probably Ben’s uplink or device"]);
});

it("heard and seen badly by as many is one sentence", () => {
  const m = everybody(3, "audio", (_, s) => (s === 1 ? "none" : "good"));
  for (const c of m.cells) c.video = c.audio;
  expect(said(m)).toEqual(["Ben is heard and seen badly by both others: probably Ben’s uplink"]);
  const row = everybody(4, "audio", (r) => (r === 1 ? "fair loss=0.1" : "good"));
  for (const c of row.cells) c.video = c.audio;
  expect(said(row)).toEqual(["Ben does not hear or see everyone well: probably Ben’s downlink"]);
});

it("two users alone: nothing tells whose side it is", () => {
  expect(said(matrix(2, "Ada Ben audio poor loss=0.4\nBen Ada audio good"))).toEqual([]);
});

it("everything bad is nobody's own", () => {
  expect(said(everybody(4, "audio", () => "poor"))).toEqual(["Most hear each other badly (12 of 12 ways): probably what all have in common, the server or its network"]);
});

it("who was muted or not measured is neither good nor bad", () => {
  expect(said(everybody(4, "audio", (_, s) => (s === 1 ? "muted" : "good")))).toEqual([]);
  expect(said(everybody(4, "audio", (_, s) => (s === 1 ? "unknown" : "good")))).toEqual([]);
  expect(counts(everybody(3, "audio", (_, s) => (s === 1 ? "muted" : "good")), ["audio"])).toEqual({ good: 4, fair: 0, poor: 0, none: 0, muted: 2, unknown: 0 });
});

it("a user of a bad connection both ways is told of both", () => {
  expect(said(everybody(4, "audio", (r, s) => (r === 1 || s === 1 ? "poor loss=0.3" : "good")))).toEqual([
    "Ben is heard badly by all 3 others: probably Ben’s uplink",
    "Ben hears everyone badly: probably Ben’s downlink",
  ]);
});

it("the worst come first, in rows and in columns", () => {
  const m = everybody(4, "audio", (_, s) => (s === 2 ? "poor loss=0.3" : "good"));
  expect(places(m, ["audio"], "join")).toEqual([0, 1, 2, 3]);
  expect(places(m, ["audio"], "worst")[0]).toBe(2);
});

it("a cell says for a screen reader what its colours show", () => {
  const m = matrix(2, "Ada Ben audio poor loss=0.4");
  expect(cellText(m, m.cells[0], 0, 1, ["audio", "video"])).toBe("Ada receives Ben: audio poor");
  expect(cellText(m, undefined, 1, 0, ["audio"])).toBe("Ben receives Ada: nothing");
  expect(cellText(m, undefined, 1, 1, ["audio"])).toBe("Ben, themselves");
});

it("what was tried is said in words", () => {
  const whose = (s: string) => s;
  const t = (basis: string, fits: number, sessions: string[], contradicts = false) => trialText({ basis, fits, sessions, contradicts } as never, whose);
  expect(t("ssrc", 0, [])).toBe("nobody here sends its SSRC");
  expect(t("ssrc", 2, ["Ben", "Cleo"])).toBe("Ben and Cleo send its SSRC at the same time");
  expect(t("only_other", 2, ["Ben", "Cleo"])).toBe("more than one other was there");
  expect(t("only_other", 0, [])).toBe("nobody else sent data in this call");
  expect(t("mapping", 1, ["Cleo"], true)).toBe("the application said that it is Cleo’s");
  expect(t("ssrc", 1, ["Ben"], true)).toBe("Ben sends a stream with its SSRC");
});
