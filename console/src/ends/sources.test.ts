import { expect, it } from "vitest";
import { find, sourcesOf } from "./sources";
import type { Basis, Match, StreamRow } from "./told";

const row = (id: number, kind: string, connection = 1, start = 0, end = 60): StreamRow =>
  ({ id, session: "r", kind, direction: "receive", connection, ssrc: id * 11, rid: "", label: "", remoteUser: "", start: new Date(start * 1000).toISOString(), end: new Date(end * 1000).toISOString() });
const match = (stream: number, kind: string, sender: Match["sender"], user = "", basis: Basis = sender ? "ssrc" : ""): Match => ({ receiver: { session: "r", stream }, kind, sender, user, basis, tried: [] });

it("groups what one stay received by who sent it", () => {
  const rows = [row(1, "audio"), row(2, "video"), row(3, "video"), row(4, "audio", 2)];
  const got = sourcesOf("r", [
    match(1, "audio", { session: "s", streams: [5] }, "ada"), match(2, "video", { session: "s", streams: [6, 7] }, "ada"), match(3, "video", { session: "s", streams: [7, 8] }, "ada", "mid"),
    match(4, "audio", null, "bob", "mapping"), match(9, "audio", null), { ...match(1, "audio", null), receiver: { session: "x", stream: 1 } },
  ], rows);
  expect(got).toHaveLength(2);
  expect(got[0]).toMatchObject({ session: "s", user: "ada", received: { audio: [1], video: [2, 3], screen: [] }, sent: { audio: [5], video: [6, 7, 8] }, bases: { audio: "ssrc", video: "ssrc" } });
  expect(got[1]).toMatchObject({ session: undefined, user: "bob", received: { audio: [4] } });
  expect(find(got, { sender: "s" })?.user).toBe("ada");
  expect(find(got, { user: "bob" })?.stream).toBe(4);
  expect(find(got, { stream: 3 })?.user).toBe("ada");
  expect(find(got, { sender: "nobody" })).toBeUndefined();
});

it("keeps unmatched streams of one connection together only where they can be one person's", () => {
  const matches = (...ids: [number, string][]) => ids.map(([id, kind]) => match(id, kind, null));
  // One camera and one microphone, then a camera in place of the first.
  expect(sourcesOf("r", matches([1, "audio"], [2, "video"], [3, "video"]), [row(1, "audio"), row(2, "video", 1, 0, 20), row(3, "video", 1, 20, 60)])).toHaveLength(1);
  // Two cameras at once: a server stands between.
  expect(sourcesOf("r", matches([1, "audio"], [2, "video"], [3, "video"]), [row(1, "audio"), row(2, "video"), row(3, "video")])).toHaveLength(3);
  // Two connections.
  expect(sourcesOf("r", matches([1, "video"], [2, "video"]), [row(1, "video"), row(2, "video", 2)])).toHaveLength(2);
});
