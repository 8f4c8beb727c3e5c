import { header } from "./encoder";
import { guard, native } from "./native";
import { Writer } from "./writer";

/** What the server asks of a client. */
export interface Settings {
  pollMs?: number;
  fastMs?: number;
  flushMs?: number;
  disabled?: boolean;
}

/** The state of a connection to the server. */
export type LinkState = "idle" | "connecting" | "live" | "offline" | "stopped";

/** A message of the server: which members it has depends on its type. */
interface Message {
  type: string;
  last: number;
  ended?: boolean;
  settings?: Settings;
  seq: number;
  code: string;
  message: string;
  retry?: boolean;
}

interface Batch {
  seq: number;
  time: number;
  body: Uint8Array<ArrayBuffer>;
  deflated: boolean;
  ready: boolean;
}

/** What a link needs of its owner. */
export interface LinkOwner {
  /** The hello's members beside type, v and resume. */
  hello(): Record<string, unknown>;
  settings(s: Settings): void;
  changed(state: LinkState): void;
  /** The server ended the session: take a new id and return the body of a
   * batch that says who we are. */
  renew(): { time: number; body: Uint8Array<ArrayBuffer> };
  refused(code: string, message: string): void;
}

/** The doors to the network, replaced in tests. */
export interface Doors {
  WebSocket: typeof WebSocket | undefined;
  fetch: typeof fetch | undefined;
  setTimeout(f: () => void, ms: number): number;
  clearTimeout(id: number | undefined): void;
  CompressionStream: typeof CompressionStream | undefined;
  random?(): number;
}

const BUFFER = 1 << 20; // bytes that wait at most; some 20 minutes of a small call
const POST = 256 << 10; // bytes of one POST
const BEACON = 60 << 10; // browsers refuse a beacon of more than 64 KiB
const ACK_WAIT = 20_000; // without an acknowledgement for so long the connection is dead
const KEEPALIVE = 20_000;
const MAX_DELAY = 30_000;

/** Carries batches to the server, in order, each kept until the server has
 * stored it. */
export class Link {
  private queue: Batch[] = [];
  private seq = 0;
  private sent = 0; // highest number sent on this connection
  private socket: WebSocket | undefined;
  private welcomed = false;
  private posting = false;
  private chain: Promise<void> = Promise.resolve();
  private attempts = 0; // since the last welcome
  private failures = 0; // WebSockets in a row that never came to a welcome
  private overHTTP = false;
  private retry: number | undefined;
  private alive: number | undefined;
  private ackTimer: number | undefined;
  private done: (() => void)[] = [];
  state: LinkState = "idle";
  /** Bytes that wait to be stored. */
  waiting = 0;
  /** Bytes and batches that went out, for status(). */
  bytes = 0;
  acked = 0;

  /** url is that of /ingest/native, with http or https. */
  constructor(
    private readonly url: string,
    private readonly owner: LinkOwner,
    private readonly doors: Doors = native,
  ) {}

  /** Whether no more fits. What cannot be pushed must be counted, not lost in silence. */
  get full(): boolean {
    return this.waiting >= BUFFER;
  }

  /** Whether polls should become rarer to spare the buffer. */
  get strained(): boolean {
    return this.waiting >= BUFFER / 2;
  }

  start(): void {
    if (this.state === "idle") this.connect();
  }

  /** Takes the body of a batch. */
  push(time: number, body: Uint8Array<ArrayBuffer>): void {
    if (this.state === "stopped") return;
    const batch: Batch = { seq: ++this.seq, time, body, deflated: false, ready: false };
    this.queue.push(batch);
    this.waiting += body.length;
    this.chain = this.chain.then(() => this.compress(batch)).then(() => guard(() => this.pump()));
  }

  private async compress(batch: Batch): Promise<void> {
    const Compression = this.doors.CompressionStream;
    try {
      if (Compression && batch.body.length > 64) {
        const stream = new Compression("deflate-raw");
        const writer = stream.writable.getWriter();
        writer.write(batch.body).catch(() => undefined);
        writer.close().catch(() => undefined);
        const small = new Uint8Array(await new Response(stream.readable).arrayBuffer());
        if (small.length < batch.body.length && !batch.ready) {
          this.waiting -= batch.body.length - small.length;
          batch.body = small;
          batch.deflated = true;
        }
      }
    } catch {
      // It goes as it is.
    }
    batch.ready = true;
  }

  private frame(batch: Batch): Uint8Array<ArrayBuffer> {
    const w = new Writer();
    header(w, batch.deflated, batch.seq, batch.time);
    w.raw(batch.body);
    return w.copy();
  }

  private to(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    guard(() => this.owner.changed(state));
  }

  private hello(): string {
    return JSON.stringify({ type: "hello", v: 1, resume: this.acked > 0 || this.sent > 0, ...this.owner.hello() });
  }

  private connect(): void {
    if (this.state === "stopped") return;
    this.doors.clearTimeout(this.retry);
    this.retry = undefined;
    this.to("connecting");
    const Socket = this.doors.WebSocket;
    if (!Socket || this.overHTTP) {
      this.overHTTP = true;
      this.post(true);
      return;
    }
    let socket: WebSocket;
    try {
      socket = new Socket(this.url.replace(/^http/, "ws"), "peerglass.1");
    } catch {
      this.overHTTP = true; // a Content-Security-Policy, for example
      this.post(true);
      return;
    }
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.welcomed = false;
    const patience = this.doors.setTimeout(() => {
      if (this.socket === socket && !this.welcomed) this.lost(socket);
    }, 10_000);
    socket.onopen = () => guard(() => socket.send(this.hello()));
    socket.onmessage = (e) => guard(() => this.socket === socket && typeof e.data === "string" && this.message(e.data, socket));
    socket.onclose = (e) => {
      this.doors.clearTimeout(patience);
      guard(() => this.socket === socket && this.closed(e.code));
    };
    socket.onerror = () => undefined; // close follows
  }

  private message(text: string, socket: WebSocket): void {
    const m = JSON.parse(text) as Message;
    if (m.type === "welcome") {
      if (this.welcome(m)) {
        this.welcomed = true;
        this.failures = 0;
        this.keepAlive();
        this.pump();
      } else {
        this.lost(socket, 0);
      }
    } else if (m.type === "ack") this.ack(m.seq);
    else if (m.type === "settings" && m.settings) this.owner.settings(m.settings);
    else if (m.type === "error") this.refuse(m);
  }

  /** Takes a welcome in; returns false where the session must begin anew. */
  private welcome(m: Message): boolean {
    const forgot = m.last < this.acked;
    this.drop(m.last);
    if (m.ended || forgot) {
      this.renew();
      return false;
    }
    this.acked = m.last;
    this.sent = m.last;
    this.attempts = 0;
    if (m.settings) this.owner.settings(m.settings);
    if (m.settings?.disabled) this.stop();
    else this.to("live");
    return true;
  }

  /** Goes on under a new session id with what the server does not have. */
  private renew(): void {
    const open = this.owner.renew();
    this.queue.unshift({ seq: 0, time: open.time, body: open.body, deflated: false, ready: true });
    this.waiting += open.body.length;
    this.queue.forEach((b, i) => (b.seq = i + 1));
    this.seq = this.queue.length;
    this.acked = this.sent = 0;
  }

  private drop(upTo: number): void {
    while (this.queue[0] && this.queue[0].seq <= upTo) this.waiting -= this.queue.shift()!.body.length;
  }

  private ack(seq: number): void {
    if (!(seq > this.acked)) return;
    this.acked = seq;
    this.drop(seq);
    this.doors.clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    if (this.queue.length) this.awaitAck();
    else this.settle();
  }

  private settle(): void {
    for (const f of this.done.splice(0)) f();
  }

  private awaitAck(): void {
    if (this.ackTimer !== undefined || !this.socket) return;
    const socket = this.socket;
    this.ackTimer = this.doors.setTimeout(() => {
      this.ackTimer = undefined;
      if (this.socket === socket && this.queue[0] && this.queue[0].seq <= this.sent) this.lost(socket);
    }, ACK_WAIT);
  }

  /** Sends what is ready and was not sent on this connection. */
  private pump(): void {
    if (this.overHTTP) return this.post(false);
    if (!this.welcomed || this.socket?.readyState !== 1) return;
    for (const batch of this.queue) {
      if (batch.seq <= this.sent) continue;
      if (!batch.ready) break;
      const frame = this.frame(batch);
      this.socket.send(frame);
      this.bytes += frame.length;
      this.sent = batch.seq;
      this.awaitAck();
    }
  }

  private keepAlive(): void {
    this.doors.clearTimeout(this.alive);
    this.alive = this.doors.setTimeout(() => {
      guard(() => {
        if (this.overHTTP) this.post(true);
        else if (this.socket?.readyState === 1) this.socket.send('{"type":"ping"}');
      });
      this.keepAlive();
    }, KEEPALIVE);
  }

  /** Gives a connection up. */
  private lost(socket: WebSocket, code = 1006): void {
    guard(() => socket.close());
    if (this.socket === socket) this.closed(code);
  }

  private closed(code: number): void {
    if (!this.welcomed && code !== 0) this.failures++;
    this.socket = undefined;
    this.welcomed = false;
    this.sent = this.acked;
    this.doors.clearTimeout(this.alive);
    this.doors.clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    if (this.state === "stopped") return;
    // 44xx names a fault of ours that repeating does not mend, except these.
    if (code >= 4400 && code < 4500 && ![4408, 4409, 4410, 4429].includes(code)) return this.stop();
    if (code === 4410) this.renew();
    if (this.failures >= 3) this.overHTTP = true; // a proxy that does not let WebSockets through
    // A renewed session need not wait, unless the server ends that one too.
    this.again((code === 0 || code === 4410) && this.attempts++ < 3 ? 0 : undefined);
  }

  private again(delay?: number): void {
    this.to("offline");
    const random = (this.doors.random ?? Math.random)();
    const ms = delay ?? Math.min(500 * 2 ** this.attempts++, MAX_DELAY) * (0.5 + random / 2);
    this.doors.clearTimeout(this.retry);
    this.retry = this.doors.setTimeout(() => guard(() => this.connect()), ms);
  }

  /** Tries again at once: the browser says that the network is back. */
  nudge(): void {
    if (this.state !== "offline") return;
    this.attempts = 0;
    this.connect();
  }

  private refuse(m: Message): void {
    guard(() => this.owner.refused(m.code, m.message));
    if (!m.retry) this.stop();
  }

  /** The body of a POST: the hello's line, then batches up to a size. */
  private postBody(limit: number, all: boolean): { body: Uint8Array<ArrayBuffer>; count: number } {
    const w = new Writer();
    w.raw(new TextEncoder().encode(this.hello() + "\n"));
    let count = 0;
    for (const batch of this.queue) {
      if (!batch.ready && !all) break;
      const frame = this.frame(batch);
      if (count > 0 && w.length + frame.length > limit) break;
      w.uvarint(frame.length);
      w.raw(frame);
      count++;
    }
    return { body: w.copy(), count };
  }

  private post(evenEmpty: boolean): void {
    if (this.posting || this.state === "stopped" || !this.doors.fetch || this.retry !== undefined) return;
    const { body, count } = this.postBody(POST, false);
    if (!count && !evenEmpty) return;
    this.posting = true;
    this.bytes += body.length;
    this.sent = this.queue[count - 1]?.seq ?? this.sent;
    // text/plain needs no preflight.
    this.doors
      .fetch(this.url, { method: "POST", body, headers: { "Content-Type": "text/plain" }, credentials: "omit", cache: "no-store" })
      .then(async (answer) => {
        const m = JSON.parse(await answer.text()) as Message;
        this.posting = false;
        if (m.type === "welcome") {
          if (!this.welcome(m)) return this.post(true);
          if (!this.queue.length) this.settle();
          this.keepAlive();
          return this.post(false);
        }
        if (m.type === "error") this.refuse(m);
        throw new Error("refused");
      })
      .catch(() => {
        this.posting = false;
        this.sent = this.acked;
        if (this.state !== "stopped") guard(() => this.again());
      });
  }

  /** Sends all that waits in one shot that outlives the page. */
  farewell(beacon: ((url: string, body: Blob) => boolean) | undefined): void {
    if (!this.queue.length || this.state === "stopped") return;
    for (const batch of this.queue) batch.ready = true; // no time to compress
    const { body } = this.postBody(BEACON, true);
    const blob = new Blob([body], { type: "text/plain" });
    if (beacon && guard(() => beacon(this.url, blob))) return;
    guard(() => {
      this.doors.fetch?.(this.url, { method: "POST", body, headers: { "Content-Type": "text/plain" }, credentials: "omit", keepalive: true }).catch(() => undefined);
    });
  }

  /** Resolves when all that was pushed is stored, or after ms; then closes. */
  finish(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const end = (): void => {
        this.doors.clearTimeout(timer);
        this.stop();
        resolve();
      };
      const timer = this.doors.setTimeout(end, ms);
      if (this.queue.length && this.state !== "stopped") this.done.push(end);
      else end();
    });
  }

  stop(): void {
    this.to("stopped");
    this.doors.clearTimeout(this.retry);
    this.doors.clearTimeout(this.alive);
    this.doors.clearTimeout(this.ackTimer);
    const socket = this.socket;
    this.socket = undefined;
    guard(() => socket?.close(1000));
    this.settle();
  }
}
