// The SDK in a real browser, with real connections, against a server that
// decodes with the real decoder (test/sink) and misbehaves when asked to.
import { expect, test } from "vitest";
import { IDLE } from "../src/encoder";
import { act, counted, names, page, stays, to, until, url } from "./harness";

// What test/pages/call.js and the SDK put into the page.
declare const peerglass: (typeof import("../src/index"))["peerglass"];
declare function call(streams?: number): Promise<{ a: RTCPeerConnection; b: RTCPeerConnection; media: MediaStream; received: MediaStreamTrack[] }>;
declare const errors: string[];
declare let c: Awaited<ReturnType<typeof call>>;
declare let last: Record<string, Record<string, Record<string, unknown>>>;

const open = (query = "") => page.goto(`${url}/pages/call.html${query}`);

test("a call is told in full, and the page sees nothing of it", async () => {
  await open();
  await page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice", userName: "Alice", keys: { team: "support" } });
    c = await call();
  });
  const stay = await until("ten polls", async () => (await stays()).find((s) => s.polls > 10));
  expect(stay.faults).toBeNull();
  expect(stay.skipped).toBe(0);
  expect(stay.records[0]).toMatchObject({ kind: "open", payload: { room: "blue", user: "alice", userName: "Alice", sdk: "@peerglass/browser", keys: { team: "support" } } });
  expect(stay.records[0]!.payload.userAgent).toContain("Chrome");
  const a = names(stay, "PC_0");
  for (const name of ["create", "addTrack", "addTrackOnSuccess", "createOffer", "createOfferOnSuccess", "setLocalDescription", "setLocalDescriptionOnSuccess",
    "setRemoteDescription", "setRemoteDescriptionOnSuccess", "addIceCandidate", "addIceCandidateOnSuccess", "onicecandidate", "onsignalingstatechange",
    "oniceconnectionstatechange", "onicegatheringstatechange", "onconnectionstatechange", "onnegotiationneeded"]) expect(a, name).toContain(name);
  expect(names(stay, "PC_1")).toEqual(expect.arrayContaining(["ontrack", "onaddstream", "createAnswerOnSuccess"]));
  expect(names(stay, "")).toEqual(expect.arrayContaining(["navigator.mediaDevices.getUserMedia", "navigator.mediaDevices.getUserMediaOnSuccess"]));
  const offer = stay.records.find((r) => r.name === "createOfferOnSuccess")!;
  expect(offer.corr).toBe(stay.records.find((r) => r.name === "createOffer")!.corr);
  expect(offer.payload.sdp).toMatch(/^v=0/);
  expect(JSON.stringify(stay)).not.toContain('"secret"');
  expect(offer.payload.sdp).toMatch(/a=ice-pwd:\*\*\*/);
  expect(await page.evaluate(() => errors)).toEqual([]);
  expect(await page.evaluate(() => c.a.localDescription!.sdp)).not.toContain("***");
});

test("a description that the browser is left to make is told with its outcome", async () => {
  await open();
  await page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice" });
    const pc = new RTCPeerConnection();
    pc.addTransceiver("audio");
    await pc.setLocalDescription();
    await pc.setLocalDescription({ type: "rollback" });
    pc.close();
  });
  const told = await until("both outcomes", async () => { const all = (await stays())[0]?.records.filter((r) => r.name === "setLocalDescriptionOnSuccess"); return all?.length === 2 ? all : undefined; });
  expect(told[0]!.payload).toMatchObject({ type: "offer", sdp: expect.stringMatching(/^v=0[^]*a=ice-pwd:\*\*\*/) });
  expect(told[1]!.payload).toBeNull();
});

test("a join after a preview is told apart from it", async () => {
  await open();
  await page.evaluate(async () => {
    (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks().forEach((t) => t.stop());
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
  });
  const stay = await until("a poll", async () => (await stays()).find((s) => s.polls > 0));
  const told = names(stay);
  expect(told.indexOf("join")).toBeGreaterThan(told.indexOf("navigator.mediaDevices.getUserMediaOnSuccess"));
  expect(told.indexOf("create")).toBeGreaterThan(told.indexOf("join"));
});

test("counters decode to what getStats said", async () => {
  await open();
  await page.evaluate(async () => {
    last = {};
    peerglass.on("stats", (({ connection, report }: { connection: string; report: Map<string, Record<string, unknown>> }) => {
      last[connection] = Object.fromEntries(JSON.parse(JSON.stringify([...report])));
    }) as never);
    peerglass.join({ room: "blue", user: "alice" });
    c = await call(2);
  });
  await until("ten polls", async () => (await stays()).find((s) => s.polls > 10));
  const [said] = await Promise.all([page.evaluate(async () => {
    await peerglass.leave();
    return last;
  })]);
  const stay = (await stays())[0]!;
  expect(Object.keys(stay.stats).sort()).toEqual(["PC_0", "PC_1"]);
  let members = 0;
  for (const [conn, reports] of Object.entries(said)) {
    const { "peerglass-client": own, ...theirs } = stay.stats[conn]!;
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(reports).sort());
    if (conn === "PC_0") expect(own!.loopLag, "how late the page's timers run").toBeGreaterThanOrEqual(0);
    else expect(own).toBeUndefined();
    for (const [id, report] of Object.entries(reports)) {
      const flat: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(report)) {
        if (name === "id" || name === "timestamp" || name === "googTimingFrameInfo" || value === null) continue;
        if (IDLE.has(name) && [undefined, report.type, report.kind].includes(IDLE.get(name))) continue; // told each fifth poll
        if (typeof value === "object" && !Array.isArray(value)) for (const [leaf, v] of Object.entries(value as object)) flat[`${name}.${leaf}`] = v;
        else flat[name] = value;
      }
      const got = stay.stats[conn]![id]!;
      expect(Object.keys(got).sort()).toEqual(expect.arrayContaining(Object.keys(flat).sort()));
      for (const [name, value] of Object.entries(flat)) {
        members++;
        if (typeof value !== "number") expect(got[name], `${id} ${name}`).toEqual(value);
        else if (Number.isInteger(value)) expect(got[name], `${id} ${name}`).toBe(value);
        else expect(Math.abs((got[name] as number) - value), `${id} ${name}: ${got[name]} for ${value}`).toBeLessThan(0.51 * (name.includes("imestamp") || name === "framesPerSecond" || name.startsWith("echo") ? 1e-3 : Math.abs(value) > 1000 ? 1 : 1e-6));
      }
    }
  }
  expect(members).toBeGreaterThan(300);
  expect(stay.records.at(-1)).toMatchObject({ kind: "close", payload: { reason: "leave" } });
});

test("mute, stop, screen, devices and the app's own words", async () => {
  await open();
  await page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
    const [audio] = c.media.getAudioTracks();
    audio!.enabled = false;
    audio!.enabled = false;
    audio!.enabled = true;
    const made = new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0]!;
    made.enabled = false; // it is nobody's yet
    made.enabled = true;
    c.a.addTrack(made);
    made.enabled = false;
    const sender = c.a.getSenders().find((s) => s.track?.kind === "video")!;
    await sender.replaceTrack(null);
    await navigator.mediaDevices.enumerateDevices();
    await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: "none" } } }).catch(() => undefined);
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: true }).catch(() => undefined);
    screen?.getTracks()[0]!.stop();
    peerglass.event("hand", { up: true });
    peerglass.log("warn", "x".repeat(30_000));
    peerglass.feedback({ overall: 4, comment: "fine" });
    peerglass.mapStream(c.received[0]!, "bob", "camera");
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    peerglass.event("circular", circular);
    peerglass.event("huge", "y".repeat(1 << 20));
    c.a.close();
  });
  const stay = await until("the close", async () => (await stays()).find((s) => s.records.some((r) => r.name === "close")));
  const of = (name: string) => stay.records.filter((r) => r.name === name).map((r) => r.payload);
  expect(of("mute")).toHaveLength(2);
  expect(of("mute")[0]).toMatchObject({ kind: "audio" });
  expect(of("unmute")).toHaveLength(1);
  expect(stay.records.find((r) => r.name === "replaceTrack")).toMatchObject({ conn: "PC_0", payload: { to: null } });
  expect(of("navigator.mediaDevices.enumerateDevicesOnSuccess")[0].length).toBeGreaterThan(1);
  expect(of("navigator.mediaDevices.getUserMediaOnFailure")[0]).toMatchObject({ name: "OverconstrainedError" });
  if (of("screenShare").length) expect(of("screenShare").map((p) => p.on)).toEqual([true, false]);
  expect(of("hand")).toEqual([{ up: true }]);
  expect(of("warn")[0]).toHaveLength(20 << 10);
  expect(of("feedback")).toEqual([{ overall: 4, comment: "fine" }]);
  expect(of("mapStream")[0]).toMatchObject({ user: "bob", label: "camera" });
  expect(of("circular")).toEqual([null]);
  expect(of("huge")).toEqual([{ truncated: (1 << 20) + 2 }]);
  expect(stay.faults).toBeNull();
  // The last poll came before the connection went.
  expect(Object.keys(stay.stats.PC_0!).length).toBeGreaterThan(3);
  expect(await page.evaluate(() => errors)).toEqual([]);
});

/** Sends numbered events while the network misbehaves. */
const count = (n: number, ms: number) =>
  page.evaluate(
    async ([n, ms]) => {
      for (let i = 0; i < n; i++) {
        const next = ((globalThis as { counted?: number }).counted = ((globalThis as { counted?: number }).counted ?? 0) + 1);
        peerglass.event("count", next);
        await new Promise((done) => setTimeout(done, ms));
      }
    },
    [n, ms] as const,
  );

test("a connection that is lost mid-call loses and doubles nothing", async () => {
  await open();
  await page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
  });
  await count(20, 50);
  await act("ack=off"); // what was stored is not acknowledged: it will come again
  await count(20, 50);
  await act("drop&ack=on");
  await count(20, 50);
  await act("drop");
  await count(20, 50);
  await page.evaluate(() => peerglass.leave());
  const all = await stays();
  expect(all).toHaveLength(1);
  expect(counted(all)).toEqual(to(80));
  expect(all[0]!.hellos).toBe(3);
  expect(all[0]).toMatchObject({ gaps: 0, skipped: 0, faults: null });
});

test("a session that the server ended goes on under a new id", async () => {
  await open();
  await page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
  });
  await count(10, 50);
  await until("all to be stored", async () => counted(await stays()).length === 10);
  await act("end&drop");
  await count(10, 50);
  await page.evaluate(() => peerglass.leave());
  const all = await stays();
  expect(all).toHaveLength(2);
  expect(counted(all).sort((x, y) => x - y)).toEqual(to(20));
  expect(all[1]!.records[0]).toMatchObject({ kind: "open", payload: { room: "blue", user: "alice" } });
  expect(all[1]!.polls).toBeGreaterThan(0);
  expect(all.map((s) => s.gaps)).toEqual([0, 0]);
});

test("where WebSockets do not pass, HTTP does", async () => {
  await act("ws=off");
  await open();
  await page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
  });
  await count(10, 50);
  await until("the first POST", async () => (await stays()).find((s) => s.posts > 0));
  await count(10, 50);
  await page.evaluate(() => peerglass.leave());
  const stay = (await stays())[0]!;
  expect(counted([stay])).toEqual(to(20));
  expect(stay).toMatchObject({ gaps: 0, skipped: 0, faults: null, hellos: 0 });
  expect(stay.posts).toBeGreaterThan(1);
});

test("a refused client leaves the page alone and stays silent", async () => {
  await act("refuse=unknown_key");
  await open();
  const told = await page.evaluate(async () => {
    const told: unknown[] = [];
    peerglass.on("error", ((e: unknown) => told.push(e)) as never);
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
    for (let i = 0; i < 100 && !told.length; i++) await new Promise((done) => setTimeout(done, 100));
    return { told, state: peerglass.status()!.state, up: c.a.connectionState, errors };
  });
  expect(told).toEqual({ told: [{ code: "unknown_key", message: "refused by the test" }], state: "stopped", up: "connected", errors: [] });
});

test("without a join a connection is collected all the same; a join later, here in rtcstats' words, begins its own stay", async () => {
  await open();
  await page.evaluate(async () => {
    c = await call();
  });
  const anonymous = await until("the anonymous stay", async () => (await stays()).find((s) => s.polls > 1));
  expect(anonymous.records[0]!.payload.room).toBeUndefined();
  expect(names(anonymous)).toEqual(expect.arrayContaining(["create", "ontrack"]));
  await page.evaluate(() => peerglass.trace("identity", null, { conference: "blue", user: "alice" }));
  const joined = await until("the stay in the room", async () => (await stays()).find((s) => s.records[0]?.payload.room === "blue" && s.polls > 1));
  expect(names(joined, "PC_0")).toEqual(expect.arrayContaining(["create", "onconnectionstatechange"]));
  expect(joined.skipped).toBe(0);
  const first = await until("the anonymous goodbye", async () => (await stays()).find((s) => s.records.some((r) => r.kind === "close")));
  expect(first.records.at(-1)!.payload).toEqual({ reason: "join" });
});

