// What a stay survives, and what may leave the page: reloads, consent, masks
// and tokens, in a real browser against test/sink.
import { afterEach, expect, test } from "vitest";
import { act, counted, names, page, type Stay, state, stays, to, until, url } from "./harness";

// What test/pages/call.js and the SDK put into the page.
declare const peerglass: (typeof import("../src/index"))["peerglass"];
declare function call(streams?: number): Promise<{ a: RTCPeerConnection; b: RTCPeerConnection; media: MediaStream }>;
declare const errors: string[];
declare let c: Awaited<ReturnType<typeof call>>;
declare let told: unknown[];

const open = () => page.goto(`${url}/pages/call.html`);

/** A page with the SDK's module and without a key as yet. */
async function bare(): Promise<void> {
  await page.goto(`${url}/pages/empty.html`);
  await page.addScriptTag({ url: "/pages/call.js" });
  await page.addScriptTag({ type: "module", content: `import { peerglass } from "/index.mjs"; window.peerglass = peerglass;` });
  await page.waitForFunction(() => "peerglass" in window);
}

const joinAndCall = (user = "alice") =>
  page.evaluate(async (user) => {
    peerglass.join({ room: "blue", user });
    c = await call();
  }, user);

const count = (from: number, upTo: number) =>
  page.evaluate(
    async ([from, upTo]) => {
      for (let i = from; i <= upTo; i++) {
        peerglass.event("count", i);
        if (i % 5 === 0) await new Promise((done) => setTimeout(done, 150));
      }
    },
    [from, upTo] as const,
  );

const polled = (stay?: Stay) => until("polls", async () => (await stays()).find((s) => s.polls > (stay?.polls ?? 0) + 1));

afterEach(async () => {
  expect(await page.evaluate(() => (typeof errors === "undefined" ? [] : errors))).toEqual([]);
});

test("a page that goes says what it had to say", async () => {
  await open();
  await joinAndCall();
  await polled();
  await page.evaluate(() => peerglass.event("last words"));
  await page.goto("about:blank");
  const stay = await until("the last words", async () => (await stays()).find((s) => names(s).includes("last words")));
  // It may be a reload: the connections are closed, the stay is not over.
  expect(names(stay, "PC_0")).toContain("close");
  expect(names(stay, "PC_1")).toContain("close");
  expect(names(stay, "")).toContain("pagehide");
  expect(stay.records.some((r) => r.kind === "close")).toBe(false);
  expect(stay).toMatchObject({ gaps: 0, faults: null });
});

test("a page that goes in the midst of leaving has left", async () => {
  await open();
  await joinAndCall();
  await polled();
  await page.evaluate(() => void peerglass.leave());
  await page.goto("about:blank");
  const stay = await until("the goodbye", async () => (await stays()).find((s) => s.records.some((r) => r.kind === "close")));
  expect(stay.records.at(-1)!.payload).toEqual({ reason: "leave" });
});

test("a stay goes on over a reload", async () => {
  await open();
  await joinAndCall();
  await count(1, 10);
  await polled();
  await act("ack=off"); // what was stored is not acknowledged: it will come again
  await count(11, 20);
  await page.reload();
  await act("ack=on");
  await joinAndCall();
  await count(21, 30);
  await polled((await stays())[0]);
  await page.evaluate(() => peerglass.leave());
  const all = await stays();
  expect(all).toHaveLength(1);
  expect(counted(all)).toEqual(to(30));
  expect(all[0]).toMatchObject({ gaps: 0, skipped: 0, faults: null });
  const made = all[0]!.records.filter((r) => r.name === "create").map((r) => r.conn);
  expect(made).toEqual(["PC_0", "PC_1", "PC_2", "PC_3"]);
  expect(Object.keys(all[0]!.stats.PC_2!).length).toBeGreaterThan(3);
  const corrs = all[0]!.records.filter((r) => r.name === "createOffer").map((r) => r.corr);
  expect(new Set(corrs).size).toBe(2);
  expect(names(all[0]!)).toContain("reload");
  expect(all[0]!.records.at(-1)!.payload).toEqual({ reason: "leave" });
  expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
});

test("a stay goes on over two reloads without a network", async () => {
  await open();
  await joinAndCall();
  await count(1, 10);
  await polled();
  await act("away=on");
  await count(11, 20);
  await page.reload();
  await joinAndCall();
  await count(21, 30);
  await page.reload();
  await joinAndCall();
  await count(31, 40);
  await act("away=off");
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await until("all of it", async () => counted(await stays()).length >= 40);
  await page.evaluate(() => peerglass.leave());
  const all = await stays();
  expect(all).toHaveLength(1);
  expect(counted(all)).toEqual(to(40));
  expect(all[0]).toMatchObject({ gaps: 0, skipped: 0, faults: null });
});

test("a page that waits for consent goes on with a stay once it has it", async () => {
  await open();
  await joinAndCall();
  await polled();
  await act("away=on");
  await count(1, 5);
  await page.reload();
  await act("away=off");
  await page.evaluate(() => peerglass.init({ consent: false }));
  await joinAndCall();
  await page.evaluate(() => peerglass.consent(true));
  await count(6, 10);
  await until("all of it", async () => counted(await stays()).length >= 10);
  expect(await stays()).toHaveLength(1);
  expect(counted(await stays())).toEqual(to(10));
});

test("what another user's page left is sent, and that stay ends", async () => {
  await page.clock.install();
  await open();
  await joinAndCall();
  await count(1, 5);
  await page.clock.runFor(2000);
  await polled();
  await act("away=on");
  await page.evaluate(() => peerglass.event("count", 6));
  await page.reload();
  await act("away=off");
  await joinAndCall("bob");
  await page.clock.runFor(2000);
  expect(await page.evaluate(() => Object.keys(sessionStorage).length)).toBe(1);
  await page.clock.runFor(50_000);
  const alice = await until("alice's goodbye", async () => (await stays()).find((s) => s.records.some((r) => r.kind === "close")));
  expect(alice.records[0]!.payload.user).toBe("alice");
  expect(counted([alice])).toEqual(to(6));
  expect(alice.records.at(-1)!.payload).toEqual({ reason: "page closed" });
  expect(await stays()).toHaveLength(2);
});

test("where there is no storage a stay ends with its page", async () => {
  await page.goto(`${url}/pages/empty.html`);
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.src = "/pages/call.html";
    document.body.append(frame);
    return new Promise((done) => (frame.onload = done));
  });
  const frame = page.frames()[1]!;
  expect(
    await frame.evaluate(() => {
      peerglass.join({ room: "blue", user: "alice" });
      new RTCPeerConnection().createDataChannel("x");
      try {
        return typeof sessionStorage;
      } catch (e) {
        return (e as Error).name;
      }
    }),
  ).toBe("SecurityError");
  await until("the stay", async () => (await stays()).find((s) => names(s).includes("createDataChannelOnSuccess")));
  await page.evaluate(() => document.querySelector("iframe")!.remove());
  const stay = await until("the goodbye", async () => (await stays()).find((s) => s.records.some((r) => r.kind === "close")));
  expect(stay.records.at(-1)!.payload).toEqual({ reason: "page closed" });
});

test("without consent nothing is collected", async () => {
  await page.clock.install();
  await bare();
  await page.evaluate(() => {
    peerglass.init({ key: "pgk_test", endpoint: location.origin, consent: false });
    peerglass.event("before");
  });
  await joinAndCall();
  await page.clock.runFor(5000); // longer than a connection waits for a join
  expect(await state()).toEqual({});
  expect(await page.evaluate(() => peerglass.status())).toMatchObject({ state: "idle", polls: 0, bytesSent: 0 });

  await page.evaluate(() => peerglass.consent(true));
  const stay = await polled();
  expect(stay.records[0]!.payload).toMatchObject({ room: "blue", user: "alice" });
  expect(names(stay, "PC_0")).toEqual(expect.arrayContaining(["create", "onconnectionstatechange"]));
  expect(names(stay)).not.toContain("before");

  await act("ack=off");
  await page.evaluate(() => {
    peerglass.event("in the buffer");
    peerglass.consent(false);
    peerglass.event("after");
  });
  await page.clock.runFor(5000);
  expect(await page.evaluate(() => peerglass.status())).toMatchObject({ session: "", bytesWaiting: 0 });
  await act("ack=on");
  await page.evaluate(() => peerglass.consent(true));
  await until("another stay", async () => (await stays()).length === 2 && (await stays()).every((s) => s.polls > 1));
  const said = (await stays()).flatMap((s) => names(s));
  expect(said).not.toContain("in the buffer");
  expect(said).not.toContain("after");
});

test("of IP addresses only the family leaves the page", async () => {
  await bare();
  await page.evaluate(() => peerglass.init({ key: "pgk_test", endpoint: location.origin, maskIPs: true }));
  await joinAndCall();
  await until("polls with a path", async () => (await stays()).find((s) => s.polls > 4));
  await page.evaluate(() => peerglass.leave());
  const stay = (await stays())[0]!;
  const rest = JSON.stringify([stay.records.filter((r) => r.kind !== "open"), stay.stats]);
  expect(rest).toContain("x.x.x.x");
  expect(rest).not.toMatch(/\b\d{1,3}(\.\d{1,3}){3}\b/);
  expect(rest).toMatch(/a=fingerprint:sha-256 ([0-9A-F]{2}:){31}/);
  const local = Object.values(stay.stats.PC_0!).find((r) => r.type === "local-candidate")!;
  expect(local).toMatchObject({ candidateType: "host", address: expect.stringMatching(/^x/) });
  expect(await page.evaluate(() => c.a.localDescription!.sdp)).not.toContain("x.x.x.x");
});

test("no session description leaves the page that keeps them", async () => {
  await bare();
  await page.evaluate(() => peerglass.init({ key: "pgk_test", endpoint: location.origin, sendSDP: false }));
  await joinAndCall();
  const stay = await polled();
  expect(JSON.stringify(stay)).not.toContain("a=mid");
  expect(stay.records.find((r) => r.name === "createOfferOnSuccess")!.payload).toEqual({ type: "offer", sdp: "" });
});

test("beforeSend sees, changes and drops what would be sent", async () => {
  await bare();
  await page.evaluate(() => {
    told = [];
    peerglass.init({
      key: "pgk_test",
      endpoint: location.origin,
      beforeSend: (record) => {
        if (!told.includes(record.kind)) told.push(record.kind);
        if (record.name === "boom") throw new Error("the app's own");
        if (record.name === "secret") return null;
        if (record.kind === "log") return { ...record, payload: "cut" };
        if (record.kind === "open") delete (record.payload as Record<string, unknown>).userAgent;
        if (record.kind === "stats") for (const r of Object.values(record.payload as Record<string, Record<string, unknown>>)) delete r.packetsSent;
        return record;
      },
    });
  });
  await joinAndCall();
  await page.evaluate(() => {
    peerglass.event("secret");
    peerglass.event("boom");
    peerglass.log("info", "number 4711");
  });
  await polled();
  await page.evaluate(() => peerglass.leave());
  const stay = (await stays())[0]!;
  expect(names(stay)).not.toContain("secret");
  expect(names(stay)).not.toContain("boom");
  expect(stay.records.find((r) => r.kind === "log")!.payload).toBe("cut");
  expect(stay.records[0]!.payload).toMatchObject({ room: "blue" });
  expect(stay.records[0]!.payload.userAgent).toBeUndefined();
  expect(JSON.stringify(stay.stats)).toContain("bytesSent");
  expect(JSON.stringify(stay.stats)).not.toContain('"packetsSent"');
  expect(await page.evaluate(() => told)).toEqual(expect.arrayContaining(["open", "call", "state", "stats", "event", "log", "close"]));
  expect(await page.evaluate(() => peerglass.status()!.faults)).toBeGreaterThan(0);
});

test("a token is fetched anew at each connect", async () => {
  await act("token=t2");
  await bare();
  await page.evaluate(() => {
    told = [];
    let n = 0;
    peerglass.on("error", (e) => told.push(e.code));
    peerglass.init({ key: "pgk_test", endpoint: location.origin, token: () => Promise.resolve("t" + ++n) });
  });
  await joinAndCall();
  await polled();
  expect(await page.evaluate(() => told)).toEqual(["token_expired"]);
  await act("token=t3&drop"); // a later connection needs a later token
  await count(1, 5);
  await until("the events", async () => counted(await stays()).length === 5);
  expect(await stays()).toHaveLength(1);
});

test("a token that cannot be renewed is refused once", async () => {
  await act("token=good");
  await bare();
  const codes = await page.evaluate(async () => {
    told = [];
    peerglass.on("error", (e) => told.push(e));
    peerglass.init({ key: "pgk_test", endpoint: location.origin });
    peerglass.join({ room: "blue", token: "old" });
    while (peerglass.status()!.state !== "stopped") await new Promise((done) => setTimeout(done, 50));
    return told;
  });
  expect(codes).toEqual([{ code: "token_expired", message: "refused by the test" }]);
});

test("the app's default configuration is told, also to who asks late", async () => {
  await act("defaults");
  await bare();
  const configs = await page.evaluate(async () => {
    peerglass.init({ key: "pgk_test", endpoint: location.origin });
    peerglass.join({ room: "blue" });
    const first = await new Promise((done) => peerglass.on("defaultConfig", done));
    const late = await new Promise((done) => peerglass.on("defaultConfig", done));
    return [first, late];
  });
  const config = { peerConnection: { iceTransportPolicy: "relay" }, media: { audio: true } };
  expect(configs).toEqual([config, config]);
});
