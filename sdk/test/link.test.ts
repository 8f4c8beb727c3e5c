// The link against a network that a test drives by hand: no real time passes.
import { beforeEach, expect, test } from "vitest";
import { type Doors, Link, type LinkOwner } from "../src/link";

class Socket {
  static all: Socket[] = [];
  readyState = 0;
  binaryType = "";
  sent: (string | Uint8Array)[] = [];
  onopen?: () => void;
  onmessage?: (e: { data: string }) => void;
  onclose?: (e: { code: number }) => void;
  onerror?: () => void;

  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(code = 1005): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    queueMicrotask(() => this.onclose?.({ code }));
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  die(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  /** Sequence numbers of the batches that were sent; one byte each here. */
  get batches(): number[] {
    return this.sent.filter((s) => typeof s !== "string").map((s) => (s as Uint8Array)[1]!);
  }
}

let timers: { at: number; f: () => void }[], now: number, posts: { body: string; answer: (m: object) => void; fail: () => void }[], renewed: number, refused: string[], link: Link;

function make(socket = true): Link {
  const doors: Doors = {
    WebSocket: socket ? (Socket as unknown as typeof WebSocket) : undefined,
    fetch: ((_: string, init: { body: Uint8Array }) =>
      new Promise((answer, fail) => posts.push({
        body: Buffer.from(init.body).toString("latin1"), answer: (m) => answer({ text: async () => JSON.stringify(m) }), fail: () => fail(new Error("no network")),
      }))) as unknown as typeof fetch,
    setTimeout(f, ms) {
      const timer = { at: now + ms, f };
      timers.push(timer);
      return timer as unknown as number;
    },
    clearTimeout(id) {
      timers = timers.filter((t) => t !== (id as unknown));
    },
    CompressionStream: undefined,
    random: () => 0,
  };
  const owner: LinkOwner = {
    hello: () => ({ key: "k", session: `session-${renewed}` }),
    settings: () => undefined,
    changed: () => undefined,
    renew: () => ({ time: ++renewed, body: new Uint8Array([0xff]) }),
    refused: (code) => (refused.push(code), false),
  };
  return new Link("https://host/ingest/native", owner, doors);
}

/** Lets time pass up to the next timer, and all that follows from it. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    await settle();
    const due = timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
    if (!due) break;
    timers = timers.filter((t) => t !== due);
    now = due.at;
    due.f();
  }
  now = end;
  await settle();
}

const settle = () => new Promise((done) => setImmediate(done));
const last = () => Socket.all.at(-1)!;
const push = (n: number) => {
  for (let i = 0; i < n; i++) link.push(1, new Uint8Array(10));
};

beforeEach(() => {
  Socket.all = [];
  timers = [];
  posts = [];
  refused = [];
  now = renewed = 0;
  link = make();
});

test("batches wait for the welcome, and for their acknowledgement", async () => {
  link.start();
  push(2);
  await settle();
  expect(last().url).toBe("wss://host/ingest/native");
  last().open();
  expect(last().sent).toHaveLength(1);
  expect(JSON.parse(last().sent[0] as string)).toMatchObject({ type: "hello", v: 1, session: "session-0", resume: false });
  last().say({ type: "welcome", last: 0 });
  expect(last().batches).toEqual([1, 2]);
  expect(link.waiting).toBe(20);
  last().say({ type: "ack", seq: 1 });
  expect(link.waiting).toBe(10);
  last().say({ type: "ack", seq: 2 });
  expect(link.waiting).toBe(0);
  expect(link.state).toBe("live");
});

test("after a loss only what is not stored is sent again", async () => {
  link.start();
  push(3);
  await settle();
  last().open();
  last().say({ type: "welcome", last: 0 });
  last().say({ type: "ack", seq: 1 });
  last().die();
  expect(link.state).toBe("offline");
  push(1);
  await pass(300);
  expect(Socket.all).toHaveLength(2);
  last().open();
  expect(JSON.parse(last().sent[0] as string).resume).toBe(true);
  last().say({ type: "welcome", last: 2 }); // batch 2 was stored, its word was lost
  expect(last().batches).toEqual([3, 4]);
});

test("a connection that does not acknowledge is given up", async () => {
  link.start();
  push(1);
  await settle();
  last().open();
  last().say({ type: "welcome", last: 0 });
  await pass(25_000);
  expect(Socket.all.length).toBeGreaterThan(1);
});

test("attempts become rarer, and the browser's word makes them at once", async () => {
  link.start();
  const at: number[] = [];
  for (let i = 0; i < 2; i++) {
    last().open();
    last().say({ type: "welcome", last: 0 }); // else it would turn to HTTP
    last().die();
    await pass(251);
  }
  for (let i = 0; i < 2; i++) {
    const n = Socket.all.length;
    const from = now;
    last().die();
    while (Socket.all.length === n) await pass(50);
    at.push(now - from);
  }
  expect(at[1]!).toBeGreaterThan(at[0]!);
  last().open();
  last().say({ type: "welcome", last: 0 });
  last().die();
  const n = Socket.all.length;
  link.nudge();
  expect(Socket.all).toHaveLength(n + 1);
});

test("a session that ended goes on under a new id with what is left", async () => {
  link.start();
  push(3);
  await settle();
  last().open();
  last().say({ type: "welcome", last: 0 });
  last().die();
  await pass(300);
  last().open();
  last().say({ type: "welcome", last: 2, ended: true });
  await pass(0);
  expect(renewed).toBe(1);
  last().open();
  expect(JSON.parse(last().sent[0] as string)).toMatchObject({ session: "session-1", resume: false });
  last().say({ type: "welcome", last: 0 });
  expect(last().batches).toEqual([1, 2]); // who we are, and the third
  expect((last().sent[1] as Uint8Array).at(-1)).toBe(0xff);
});

test("a server that lost its memory is met as one that ended the session", async () => {
  link.start();
  push(2);
  await settle();
  last().open();
  last().say({ type: "welcome", last: 0 });
  last().say({ type: "ack", seq: 2 });
  last().die();
  await pass(300);
  last().open();
  last().say({ type: "welcome", last: 0 });
  expect(renewed).toBe(1);
});

test("a server that ends every session is not stormed", async () => {
  link.start();
  for (let i = 0; i < 30 && now < 60_000; i++) {
    last().open();
    last().say({ type: "welcome", last: 0, ended: true });
    await pass(1000);
  }
  expect(Socket.all.length).toBeLessThan(20);
});

test("some refusals are final, others are not", async () => {
  for (const [code, again] of [[4401, false], [4403, false], [4411, false], [4413, false], [4408, true], [4409, true], [4429, true], [4503, true], [1006, true]] as const) {
    Socket.all = [];
    link = make();
    link.start();
    last().open();
    last().say({ type: "error", code: "x", message: "why", retry: again });
    last().die(code);
    await pass(60_000);
    expect(Socket.all.length > 1, String(code)).toBe(again);
    link.stop();
  }
});

test("the buffer is bounded", async () => {
  link.start();
  while (!link.full) link.push(1, new Uint8Array(100_000));
  expect(link.waiting).toBeLessThan(1.2 * (1 << 20));
  expect(link.strained).toBe(true);
});

test("HTTP takes over where WebSockets fail, and resumes", async () => {
  link.start();
  push(2);
  for (let i = 0; i < 3; i++) {
    last().die();
    await pass(5000);
  }
  expect(posts).toHaveLength(1);
  expect(posts[0]!.body.split("\n")[0]).toContain('"type":"hello"');
  posts[0]!.fail();
  await pass(60_000);
  expect(posts).toHaveLength(2);
  posts[1]!.answer({ type: "welcome", last: 2 });
  await settle();
  expect(link.waiting).toBe(0);
  push(1);
  await settle();
  expect(posts).toHaveLength(3);
  posts[2]!.answer({ type: "error", code: "unknown_key", message: "no", retry: false });
  await settle();
  expect(link.state).toBe("stopped");
  expect(refused).toEqual(["unknown_key"]);
});

test("a farewell carries all that waits in one body", async () => {
  link.start();
  push(3);
  let body = "";
  link.farewell((_, blob) => {
    void blob.text().then((t) => (body = t));
    return true;
  });
  await settle();
  await settle();
  const [hello, batches] = [body.slice(0, body.indexOf("\n")), body.slice(body.indexOf("\n") + 1)];
  expect(JSON.parse(hello)).toMatchObject({ type: "hello" });
  expect(batches).toHaveLength(3 * 14); // length, header of 3, body of 10
});

test("finish waits for the acknowledgement, but not for ever", async () => {
  link.start();
  push(1);
  await settle();
  last().open();
  last().say({ type: "welcome", last: 0 });
  let done = false;
  void link.finish(5000).then(() => (done = true));
  await settle();
  expect(done).toBe(false);
  last().say({ type: "ack", seq: 1 });
  await settle();
  expect(done).toBe(true);
  expect(last().readyState).toBe(3);

  link = make();
  link.start();
  push(1);
  done = false;
  void link.finish(5000).then(() => (done = true));
  await pass(5001);
  expect(done).toBe(true);
});
