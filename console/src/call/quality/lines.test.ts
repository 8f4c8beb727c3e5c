import { describe, expect, it } from "vitest";
import type { CallDetail, Samples, Stream, User } from "../../api/client";
import { flow, parties } from "./lines";

const iso = (ms: number) => new Date(ms).toISOString();
const stay = (id: string, start: number, end: number | null) => ({ id, start: iso(start), end: end === null ? null : iso(end) });
const user = (name: string, ...stays: ReturnType<typeof stay>[]) => ({ user: name, userName: "", stays }) as unknown as User;
const call = { people: [user("ada", stay("a1", 0, 60_000)), user("ben", stay("b1", 0, 20_000), stay("b2", 40_000, 60_000)), user("cleo", stay("c1", 0, 60_000))] } as unknown as CallDetail;
const [ada, ben] = call.people as [User, User];

const stream = (id: number, kind: string, direction: string, more: Partial<Stream> = {}) => ({ session: "a1", id, kind, direction, remoteUser: "", rid: "", ssrc: 100 + id, ...more }) as Stream;
const times = [1000, 2000, 3000, 4000, 5000];
const row = (stream: number, values: Record<string, (number | null)[]>, session = "a1") => ({ session, stream, times, intervals: times.map(() => 1000), values, min: {}, max: {} }) as unknown as Samples["series"][number];
const flat = (v: number) => times.map(() => v);
// Rows tell kind and direction as the server does: those of the stream of that number.
const samplesOf = (streams: Stream[], ...series: Samples["series"]) => ({ stepMs: 0, series: series.map((r) => ({ ...r, kind: streams.find((s) => s.id === r.stream)?.kind, direction: streams.find((s) => s.id === r.stream)?.direction })) }) as Samples;
const usual = { call, who: ada, side: "receive", tab: "all", senders: new Map<string, string>(), range: [0, 60_000] as [number, number], scheme: "light" } as const;

describe("what a user received", () => {
  const streams = [stream(1, "video", "receive", { remoteUser: "ben" }), stream(2, "audio", "receive", { remoteUser: "ben" }), stream(3, "video", "receive", { remoteUser: "cleo" }), stream(4, "audio", "receive"), stream(9, "video", "send")];
  const all = samplesOf(streams,
    row(1, { bitrate: flat(500), video_stutter_time: [0, 800, 1000, 0, 0] }), row(2, { bitrate: flat(30), audio_stutter_time: [0, 0, 0, 300, 0] }),
    row(3, { bitrate: flat(700) }), row(4, { bitrate: flat(20) }), row(9, { bitrate: flat(900) }),
  );

  it("has a line for each sender and kind, audio below, in the colours of the call", () => {
    const got = flow({ ...usual, streams, samples: all });
    expect(got.series.map((s) => [s.label, s.mirrored, s.dashed])).toEqual([["ben · video", false, false], ["ben · audio", true, false], ["cleo · video", false, false], ["Unknown sender · audio", true, true]]);
    expect(got.series[0]?.color).toBe(got.series[1]?.color);
    expect(got.series[0]?.color).not.toBe(got.series[2]?.color);
    expect(got.parties.map((p) => p.user)).toEqual(["ben", "cleo", ""]);
  });

  it("makes freezes burrs: of the picture above, of the sound below", () => {
    const { burrs } = flow({ ...usual, streams, samples: all });
    expect(burrs.map((b) => [b.start, b.end, b.below, b.group])).toEqual([[1200, 3000, false, "ben"], [3700, 4000, true, "ben"]]);
    expect(burrs[0]?.label).toContain("Video freeze, ben: 2 s from");
    expect(burrs[1]?.label).toContain("Audio freeze, ben: 300 ms from");
  });

  it("believes who found out the sender before the client", () => {
    const got = flow({ ...usual, streams, samples: all, senders: new Map([["a1.4", "cleo"]]) });
    expect(got.parties.map((p) => p.user)).toEqual(["ben", "cleo"]);
  });

  it("shows one sender, or one kind, upright where it is alone", () => {
    expect(flow({ ...usual, streams, samples: all, only: "cleo" }).series.map((s) => s.label)).toEqual(["cleo · video"]);
    const audio = flow({ ...usual, tab: "audio", streams, samples: all });
    expect(audio.series.map((s) => s.mirrored)).toEqual([false, false]);
    expect(audio.burrs.map((b) => b.below)).toEqual([false]);
  });
});

describe("what a user sent", () => {
  const streams = [stream(1, "video", "send", { rid: "q" }), stream(2, "video", "send", { rid: "f" }), stream(3, "audio", "send")];
  it("adds layers up and keeps each for the read-out", () => {
    const got = flow({ ...usual, side: "send", streams, samples: samplesOf(streams, row(1, { bitrate: flat(100) }), row(2, { bitrate: flat(900) }), row(3, { bitrate: flat(30) })) });
    expect(got.series.map((s) => [s.label, s.values[0], s.mirrored, s.parts?.map((p) => p.label)])).toEqual([["Video sent", 1000, false, ["layer q", "layer f"]], ["Audio sent", 30, true, undefined]]);
  });

  it("marks what the other end reports as lost, over the pauses of its reports", () => {
    const got = flow({ ...usual, side: "send", streams: streams.slice(0, 1), samples: samplesOf(streams, row(1, { bitrate: flat(100), loss: [0.01, 0.2, null, 0.08, 0], jitter: [5, 5, null, 5, 5] })) });
    expect(got.burrs.map((b) => [b.start, b.end])).toEqual([[1000, 4000]]);
    expect(got.burrs[0]?.label).toContain("20 % of packets lost");
  });

  it("knows jitter by its kind, and a bit rate held down", () => {
    const audio = flow({ ...usual, side: "send", streams: streams.slice(2), samples: samplesOf(streams, row(3, { bitrate: flat(30), jitter: [60, 10, 10, 10, 10] })) });
    expect(audio.burrs.map((b) => [b.start, b.end, b.below])).toEqual([[0, 1000, true]]);
    const held = flow({ ...usual, side: "send", streams: streams.slice(0, 1), samples: samplesOf(streams, row(1, { bitrate: flat(30), jitter: flat(60), limited_bandwidth: [0, 900, 1000, 0, 0] })) });
    expect(held.burrs.map((b) => [b.start, b.end])).toEqual([[1000, 3000]]);
    expect(held.burrs[0]?.label).toContain("held down by the network");
  });

  it("does not blame the network while an estimate that began low rises", () => {
    const held = (start: number) => flow({ ...usual, side: "send", streams: [{ ...streams[0], start: new Date(start).toISOString() } as Stream], samples: samplesOf(streams, row(1, { bitrate: flat(30), limited_bandwidth: [1000, 1000, 1000, 0, 1000] })) }).burrs.map((b) => [b.start, b.end]);
    expect(held(0)).toEqual([[4000, 5000]]);
    expect(held(-60_000)).toEqual([[0, 3000], [4000, 5000]]);
  });
});

it("tells away from not measured", () => {
  const series = [{ ...row(1, { bitrate: flat(1) }, "b1"), times: [10_000, 11_000], intervals: [10_000, 1000] }, { ...row(1, { bitrate: flat(1) }, "b2"), times: [60_000], intervals: [20_000] }] as unknown as Samples["series"];
  const { absent } = flow({ ...usual, who: ben, streams: [], samples: samplesOf([], ...series) });
  expect(absent).toEqual([{ start: 20_000, end: 40_000, label: "Not in the room" }, { start: 11_000, end: 20_000, label: "Not measured" }]);
});

it("names users apart who have one name, and those who told nothing of their own", () => {
  const twins = { people: [{ ...ada, user: "1", userName: "Kim" }, { ...ben, user: "2", userName: "Kim" }] } as CallDetail;
  expect(parties(twins, ["1", "2", "ghost", ""], "light").map((p) => p.name)).toEqual(["Kim (1)", "Kim (2)", "ghost", "Unknown sender"]);
});
