import { expect, it } from "vitest";
import type { Happening } from "./told";
import { dots, further, typesOf } from "./types";

const at = (s: number, type: string, more: Partial<Happening> = {}): Happening =>
  ({ time: new Date(s * 1000).toISOString(), session: "a", id: `a/${s}`, type, lane: "media", label: type, cause: null, severity: "info", direction: null, kind: null, remoteUser: "", text: "", ...more });

it("offers the guide's 8, 7, 6 and 5 types", () => {
  const of = (...a: Parameters<typeof typesOf>) => typesOf(...a).map((t) => t.type);
  expect(of("send", "video", false)).toEqual(["entered_room", "signaling_connected", "upstream_establishing", "video_opened", "downstream_established", "video_disabled", "signaling_disconnected", "exited"]);
  expect(of("send", "video", true)).toHaveLength(7);
  expect(of("send", "video", true)).not.toContain("downstream_established");
  expect(of("send", "audio", false)).toHaveLength(8);
  expect(of("receive", "video", false)).toEqual(["entered_room", "signaling_connected", "downstream_established", "remote_video_opened", "upstream_established", "exited"]);
  expect(of("receive", "audio", false)).toEqual(["entered_room", "signaling_connected", "upstream_establishing", "downstream_established", "exited"]);
});

it("gives no two types of a view the same colour and shape", () => {
  for (const kind of ["video", "audio", "screen"] as const) {
    for (const half of ["send", "receive"] as const) {
      const looks = [...typesOf(half, kind, false), further].map((t) => `${t.color.light} ${t.shape}`);
      expect(new Set(looks).size, `${half} ${kind}: ${looks}`).toBe(looks.length);
    }
  }
});

it("draws what is not hidden, counts what is in the range, and leaves out what is of other media", () => {
  const all = [at(1, "entered_room"), at(2, "video_opened", { kind: "video" }), at(3, "audio_opened", { kind: "audio" }), at(4, "network_switched", { lane: "connection" }), at(5, "log", { lane: "application" }), at(6, "log", { lane: "application", severity: "error" }), at(99, "exited")];
  const { marks, buttons } = dots(all, typesOf("send", "video", false), "video", new Set(["entered_room"]), [0, 60_000], "light");
  expect(marks.map((m) => m.id)).toEqual(["a/2", "a/3", "a/4", "a/6", "a/99"]);
  expect(marks.find((m) => m.id === "a/3")?.type).toBe("client");
  expect(Object.fromEntries(buttons.map((b) => [b.type, b.count]))).toMatchObject({ entered_room: 1, video_opened: 1, exited: 0, client: 3 });
});
