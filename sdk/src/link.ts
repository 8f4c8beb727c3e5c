import { header } from "./encoder";
import { guard, native } from "./native";
import type { DefaultConfig, LinkState } from "./types";
import { Writer } from "./writer";

/** What the server asks of a client. */
export interface Settings {
  pollMs?: number;
  fastMs?: number;
  flushMs?: number;
  disabled?: boolean;
}

/** A message of the server: which members it has depends on its type. */
interface Message {
  type: string;
  last: number;
  ended?: boolean;
  settings?: Settings;
  defaultConfig?: DefaultConfig;
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

/** A link that stood still: what a later page needs to go on. */
export interface Packed {
  seq: number;
  acked: number;
  /** What is not acknowledged: number, time, whether it is deflated, base64. */
  batches: [seq: number, time: number, deflated: boolean, body: string][];
}

/** What a link needs of its owner. */
export interface LinkOwner {
  /** Before each connect: a token may have to be fetched. */
  ready?(): Promise<void> | undefined;
  /** The hello's members beside type, v and resume. */
  hello(): Record<string, unknown>;
  settings(s: Settings): void;
  defaults?(d: DefaultConfig): void;
  changed(state: LinkState): void;
  /** The server ended the session: take a new id and return the body of a
   * batch that says who we are. */
  renew(): { time: number; body: Uint8Array<ArrayBuffer> };
  /** Returns whether what was refused will be another next time. */
  refused(code: string, message: string): boolean;
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

/** What a link waits for. */
const enum Wait {
  Welcome,
  Retry,
  Alive,
  Ack,
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
  private _queue: Batch[] = [];
  private _seq = 0;
  private _sent = 0; // highest number sent on this connection
  private _socket: WebSocket | undefined;
  private _welcomed = false;
  private _posting = false;
  private _chain: Promise<void> = Promise.resolve();
  private _attempts = 0; // since the last welcome
  private _failures = 0; // WebSockets in a row that never came to a welcome
  private _overHTTP = false;
  private _timers: (number | undefined)[] = []; // one for each Wait
  private _done: (() => void)[] = [];
  private _forgiven = false; // the last refusal need not be the last word
  private _revived = false; // it began in a page before this one
  state: LinkState = "idle";
  /** Bytes that wait to be stored. */
  waiting = 0;
  /** Bytes and batches that went out, for status(). */
  bytes = 0;
  acked = 0;

  /** url is that of /ingest/native, with http or https. */
  constructor(
    private readonly _url: string,
    private readonly _owner: LinkOwner,
    private readonly _doors: Doors = native,
  ) {}

  /** Whether no more fits. What cannot be pushed must be counted, not lost in silence. */
  get full(): boolean {
    return this.waiting >= BUFFER;
  }

  /** Whether polls should become rarer to spare the buffer. */
  get strained(): boolean {
    return this.waiting >= BUFFER / 2;
  }

  /** Waits with one timer for each reason; without f no longer. */
  private _wait(why: Wait, ms = 0, f?: () => void): void {
    this._doors.clearTimeout(this._timers[why]);
    this._timers[why] =
      f &&
      this._doors.setTimeout(() => {
        this._timers[why] = undefined;
        guard(f);
      }, ms);
  }

  start(): void {
    if (this.state === "idle") this._connect();
  }

  /** Takes the body of a batch. */
  push(time: number, body: Uint8Array<ArrayBuffer>): void {
    if (this.state === "stopped") return;
    const batch: Batch = { seq: ++this._seq, time, body, deflated: false, ready: false };
    this._queue.push(batch);
    this.waiting += body.length;
    this._chain = this._chain.then(() => this._compress(batch)).then(() => guard(() => this._pump()));
  }

  private async _compress(batch: Batch): Promise<void> {
    const Compression = this._doors.CompressionStream;
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

  private _frame(batch: Batch): Uint8Array<ArrayBuffer> {
    const w = new Writer();
    header(w, batch.deflated, batch.seq, batch.time);
    w.raw(batch.body);
    return w.copy();
  }

  private _to(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    guard(() => this._owner.changed(state));
  }

  private _hello(): string {
    return JSON.stringify({ type: "hello", v: 1, resume: this._revived || this.acked > 0 || this._sent > 0, ...this._owner.hello() });
  }

  private _connect(): void {
    if (this.state === "stopped") return;
    this._wait(Wait.Retry);
    this._to("connecting");
    this._forgiven = false;
    const ready = this._owner.ready?.();
    if (!ready) return this._open();
    ready.then(
      () => guard(() => this._open()),
      () => {
        this._owner.refused("token", "the page's token function failed");
        guard(() => this._again());
      },
    );
  }

  private _open(): void {
    if (this.state !== "connecting") return;
    const Socket = this._doors.WebSocket;
    // A Content-Security-Policy may not let us have one.
    const socket = this._overHTTP || !Socket ? undefined : guard(() => new Socket(this._url.replace(/^http/, "ws"), "peerglass.1"));
    if (!socket) {
      this._overHTTP = true;
      return this._post(true);
    }
    socket.binaryType = "arraybuffer";
    this._socket = socket;
    this._welcomed = false;
    this._wait(Wait.Welcome, 10_000, () => this._lost(socket));
    socket.onopen = () => guard(() => socket.send(this._hello()));
    socket.onmessage = (e) => guard(() => this._socket === socket && typeof e.data === "string" && this._message(e.data, socket));
    socket.onclose = (e) => guard(() => this._socket === socket && this._closed(e.code));
    socket.onerror = () => undefined; // close follows
  }

  private _message(text: string, socket: WebSocket): void {
    const m = JSON.parse(text) as Message;
    if (m.type === "welcome") {
      this._wait(Wait.Welcome);
      if (this._welcome(m)) {
        this._welcomed = true;
        this._failures = 0;
        this._keepAlive();
        this._pump();
      } else {
        this._lost(socket, 0);
      }
    } else if (m.type === "ack") this._ack(m.seq);
    else if (m.type === "settings" && m.settings) this._owner.settings(m.settings);
    else if (m.type === "error") this._refuse(m);
  }

  /** Takes a welcome in; returns false where the session must begin anew. */
  private _welcome(m: Message): boolean {
    const forgot = m.last < this.acked;
    this._drop(m.last);
    if (m.ended || forgot) {
      this._renew();
      return false;
    }
    this.acked = m.last;
    this._sent = m.last;
    this._attempts = 0;
    if (m.settings) this._owner.settings(m.settings);
    if (m.defaultConfig) this._owner.defaults?.(m.defaultConfig);
    if (m.settings?.disabled) this.stop();
    else this._to("live");
    return true;
  }

  /** Goes on under a new session id with what the server does not have. */
  private _renew(): void {
    const open = this._owner.renew();
    this._queue.unshift({ seq: 0, time: open.time, body: open.body, deflated: false, ready: true });
    this.waiting += open.body.length;
    this._queue.forEach((b, i) => (b.seq = i + 1));
    this._seq = this._queue.length;
    this.acked = this._sent = 0;
  }

  private _drop(upTo: number): void {
    while (this._queue[0] && this._queue[0].seq <= upTo) this.waiting -= this._queue.shift()!.body.length;
  }

  private _ack(seq: number): void {
    if (!(seq > this.acked)) return;
    this.acked = seq;
    this._drop(seq);
    this._wait(Wait.Ack);
    if (this._queue.length) this._awaitAck();
    else this._settle();
  }

  private _settle(): void {
    for (const f of this._done.splice(0)) f();
  }

  private _awaitAck(): void {
    const socket = this._socket;
    if (!socket || this._timers[Wait.Ack] !== undefined) return;
    this._wait(Wait.Ack, ACK_WAIT, () => {
      if (this._queue[0] && this._queue[0].seq <= this._sent) this._lost(socket);
    });
  }

  /** Sends what is ready and was not sent on this connection. */
  private _pump(): void {
    if (this._overHTTP) return this._post(false);
    if (!this._welcomed || this._socket?.readyState !== 1) return;
    for (const batch of this._queue) {
      if (batch.seq <= this._sent) continue;
      if (!batch.ready) break;
      const frame = this._frame(batch);
      this._socket.send(frame);
      this.bytes += frame.length;
      this._sent = batch.seq;
      this._awaitAck();
    }
  }

  private _keepAlive(): void {
    this._wait(Wait.Alive, KEEPALIVE, () => {
      this._keepAlive();
      if (this._overHTTP) this._post(true);
      else if (this._socket?.readyState === 1) this._socket.send('{"type":"ping"}');
    });
  }

  /** Gives a connection up. */
  private _lost(socket: WebSocket, code = 1006): void {
    guard(() => socket.close());
    if (this._socket === socket) this._closed(code);
  }

  private _closed(code: number): void {
    if (!this._welcomed && code !== 0) this._failures++;
    this._socket = undefined;
    this._welcomed = false;
    this._sent = this.acked;
    for (const why of [Wait.Welcome, Wait.Alive, Wait.Ack]) this._wait(why);
    if (this.state === "stopped") return;
    // 44xx names a fault of ours that repeating does not mend, except these.
    // A late beacon of the page before takes the session over for a moment.
    const late = code === 4411 && this._revived;
    if (code >= 4400 && code < 4500 && ![4408, 4409, 4410, 4429].includes(code) && !this._forgiven && !late) return this.stop();
    if (late) this._revived = false;
    if (code === 4410) this._renew();
    if (this._failures >= 3) this._overHTTP = true; // a proxy that does not let WebSockets through
    // A renewed session need not wait, unless the server ends that one too.
    this._again((code === 0 || code === 4410) && this._attempts++ < 3 ? 0 : undefined);
  }

  private _again(delay?: number): void {
    this._to("offline");
    const random = (this._doors.random ?? Math.random)();
    const ms = delay ?? Math.min(500 * 2 ** this._attempts++, MAX_DELAY) * (0.5 + random / 2);
    this._wait(Wait.Retry, ms, () => this._connect());
  }

  /** Tries again at once: the browser says that the network is back. */
  nudge(): void {
    if (this.state !== "offline") return;
    this._attempts = 0;
    this._connect();
  }

  private _refuse(m: Message): void {
    this._forgiven = guard(() => this._owner.refused(m.code, m.message)) === true && this._attempts < 5;
    if (!m.retry && !this._forgiven && m.code !== "replaced") this.stop();
  }

  /** The body of a POST: the hello's line, then batches up to a size. */
  private _postBody(limit: number, all: boolean): { body: Uint8Array<ArrayBuffer>; count: number } {
    const w = new Writer();
    w.raw(new TextEncoder().encode(this._hello() + "\n"));
    let count = 0;
    for (const batch of this._queue) {
      if (!batch.ready && !all) break;
      const frame = this._frame(batch);
      if (count > 0 && w.length + frame.length > limit) break;
      w.uvarint(frame.length);
      w.raw(frame);
      count++;
    }
    return { body: w.copy(), count };
  }

  private _post(evenEmpty: boolean): void {
    if (this._posting || this.state === "stopped" || !this._doors.fetch || this._timers[Wait.Retry] !== undefined) return;
    const { body, count } = this._postBody(POST, false);
    if (!count && !evenEmpty) return;
    this._posting = true;
    this.bytes += body.length;
    this._sent = this._queue[count - 1]?.seq ?? this._sent;
    this._fetch(body, { cache: "no-store" })!
      .then(async (answer) => {
        const m = JSON.parse(await answer.text()) as Message;
        this._posting = false;
        if (m.type === "welcome") {
          if (!this._welcome(m)) return this._post(true);
          if (!this._queue.length) this._settle();
          this._keepAlive();
          return this._post(false);
        }
        if (m.type === "error") this._refuse(m);
        throw new Error("refused");
      })
      .catch(() => {
        this._posting = false;
        this._sent = this.acked;
        if (this.state !== "stopped") guard(() => this._again());
      });
  }

  /** Sends all that waits in one shot that outlives the page. */
  farewell(beacon: ((url: string, body: Blob) => boolean) | undefined): void {
    if (!this._queue.length || this.state === "stopped") return;
    for (const batch of this._queue) batch.ready = true; // no time to compress
    const { body } = this._postBody(BEACON, true);
    const blob = new Blob([body], { type: "text/plain" });
    if (beacon && guard(() => beacon(this._url, blob))) return;
    guard(() => this._fetch(body, { keepalive: true })?.catch(() => undefined));
  }

  private _fetch(body: BodyInit, more: RequestInit): Promise<Response> | undefined {
    // text/plain needs no preflight.
    return this._doors.fetch?.(this._url, { method: "POST", body, headers: { "Content-Type": "text/plain" }, credentials: "omit", ...more });
  }

  /** What a later page needs to go on, in so many characters at most. */
  pack(room: number): Packed {
    const batches: Packed["batches"] = [];
    for (const { seq, time, deflated, body } of this._queue) {
      let bytes = "";
      for (const b of body) bytes += String.fromCharCode(b);
      const coded = btoa(bytes);
      if ((room -= coded.length) < 0) break; // there must be no gap
      batches.push([seq, time, deflated, coded]);
    }
    return { seq: this.acked + batches.length, acked: this.acked, batches };
  }

  /** Goes on where a page before this one stood. */
  unpack(p: Packed): void {
    this._revived = true;
    this.acked = this._sent = p.acked;
    this._seq = p.seq;
    for (const [seq, time, deflated, body] of p.batches) {
      const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
      this._queue.push({ seq, time, body: bytes, deflated, ready: true });
      this.waiting += bytes.length;
    }
  }

  /** Resolves when all that was pushed is stored, or after ms; then closes. */
  finish(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const end = (): void => {
        this._doors.clearTimeout(timer);
        this.stop();
        resolve();
      };
      const timer = this._doors.setTimeout(end, ms);
      if (this._queue.length && this.state !== "stopped") this._done.push(end);
      else end();
    });
  }

  stop(): void {
    this._to("stopped");
    for (const why of [Wait.Welcome, Wait.Retry, Wait.Alive, Wait.Ack]) this._wait(why);
    const socket = this._socket;
    this._socket = undefined;
    guard(() => socket?.close(1000));
    this._settle();
  }
}
