import { Encoder, Kind } from "./encoder";
import { forget, keep, kept, type Kept, ROOM, WAIT } from "./keep";
import { Link, type Settings } from "./link";
import { enrich, type Module } from "./module";
import { faults, guard, native, randomId } from "./native";
import { Pace } from "./pace";
import { screen, screenStats } from "./privacy";
import type { Config, DefaultConfig, Feedback, Identity, Status } from "./types";

export { MACHINE, type Module, type Poll } from "./module";

declare const __VERSION__: string;

type Listener = (value: never) => void;

/** A connection that is watched. */
interface Tracked {
  number: number;
  ref: { deref(): RTCPeerConnection | undefined };
  configuration: string;
  constraints: string;
  told: unknown; // the session that knows of it
  poll: Promise<void> | undefined; // under way; it stays when it was the last
}

/** One stay in a call: its own id, coding state and link. */
interface Session {
  id: string;
  encoder: Encoder;
  link: Link;
  identity: Identity | undefined;
  keys?: Record<string, string>; // that came after it
  token: string | undefined;
  offlineSince: number;
  over: boolean; // its goodbye is written
  left?: number; // when it ended, where its goodbye comes later
}

type Early = [Kind, number, number, string, string, string];

const HOLD = 2000; // a connection waits so long for join before it counts as anonymous
const MAX_PAYLOAD = 256 << 10;
const MAX_LOG = 20 << 10;
const MAX_EARLY = 500;
const EARLY = {}; // stands for the session that is to come

/** The SDK without the browser: what the captures tell goes to the server. */
export class Client {
  private _config: Config = {};
  private _session: Session | undefined;
  private _early: Early[] = [];
  private _tracked = new Map<number, Tracked>();
  private _numbers = new WeakMap<object, number>();
  private _lastNumber = 0;
  private _lastCorr = 0;
  private _holding: number | undefined;
  private _flushTimer: number | undefined;
  private _pace = new Pace(() => this._poll());
  private _flushMs = 500;
  private _listeners = new Map<string, Set<Listener>>();
  private _modules: Module[] = [];
  private _polls = 0;
  private _lost = 0;
  private _lostTold = 0;
  private _left = false;
  private _stopped = false;
  private _ready = false;
  private _consent = true;
  private _wanted: Identity | undefined; // who joins as soon as that is allowed
  private _ending = new Set<Session>();
  private _defaults: DefaultConfig | undefined;
  /** Set by the capture: the browser's own getStats. */
  getStats: ((pc: RTCPeerConnection) => Promise<RTCStatsReport>) | undefined;
  /** Set by the page capture: what to say of the page. */
  page: () => Record<string, unknown> = () => ({});

  init(config: Config): void {
    this._config = { ...this._config, ...config };
    if (config.consent === false) this.consent(false, false);
    if (config.pollInterval && config.pollInterval >= 250) this._pace.steady = config.pollInterval;
    if (!this._config.key && !this._config.token) return this._warn("no key: nothing is collected");
    if (!this._config.endpoint) return this._warn("no endpoint: nothing is collected");
    this._ready = true;
    for (const k of kept(this._to())) {
      this._lastNumber = Math.max(this._lastNumber, k.connections);
      this._lastCorr = Math.max(this._lastCorr, k.calls);
      native.setTimeout(() => guard(() => this._bury(k)), k.at + WAIT - native.now());
    }
    if (this._tracked.size) this._hold();
  }

  /** Allows to collect, or forbids it; what a page before this one left was
   * collected with consent, and goes only when that is withdrawn. */
  consent(given: boolean, withdrawn = true): void {
    if (given === this._consent) return;
    this._consent = given;
    const open = this._session;
    if (given) {
      if (this._wanted) this.join(this._wanted);
      else if (this._tracked.size) this._hold();
      return;
    }
    this._wanted = open?.identity;
    this._cancelHold();
    for (const s of [...this._ending, open]) s?.link.stop();
    for (const t of this._tracked.values()) t.told = undefined;
    this._session = undefined;
    this._early.length = 0;
    if (withdrawn) for (const k of kept(this._to())) forget(k.id);
  }

  join(identity: Identity): void {
    if (identity.token) this._config.token = identity.token;
    const { token: _, ...rest } = identity;
    if (!this._ready) return this._warn("join before init: call init first");
    if (!this._consent) {
      this._wanted = identity;
      return;
    }
    const open = this._session;
    if (open?.identity && open.identity.room === rest.room && open.identity.user === rest.user) {
      open.identity = rest;
      this._write(open, Kind.Open, 0, "", this._whoAmI(open));
      return this._flushSoon();
    }
    if (open) void this._end(open, open.identity ? "switch" : "join");
    this._begin(rest);
  }

  /** Ends the stay; at says when it ended, if that was before now. */
  async leave(at?: number): Promise<void> {
    const open = this._session;
    if (open) open.left = at;
    this._left = true;
    this._wanted = undefined;
    this._cancelHold();
    this._early.length = 0;
    if (open) await this._end(open, "leave");
  }

  /** Takes a module in; one that comes late is told what it missed. */
  use(module: Module): void {
    this._modules.push(module);
    for (const pc of this.connections()) guard(() => module.connection?.(pc));
    if (this._session) guard(() => module.session?.());
  }

  /** A part of the SDK did not load. */
  missing = (reason: unknown): void => this._warn("sdk-watch.mjs did not load beside the SDK: " + String(reason));

  // --- what the captures tell -------------------------------------------

  /** Takes a connection under watch. */
  connection(pc: RTCPeerConnection, configuration: unknown, constraints?: unknown): void {
    const number = ++this._lastNumber;
    this._numbers.set(pc, number);
    const t: Tracked = {
      number,
      ref: typeof WeakRef === "function" ? new WeakRef(pc) : { deref: () => pc },
      configuration: text(configuration ?? {}),
      constraints: constraints === undefined ? "" : text(constraints),
      told: undefined,
      poll: undefined,
    };
    this._tracked.set(number, t);
    this._left = false;
    this._tell(t);
    for (const m of this._modules) guard(() => m.connection?.(pc));
    this._hold();
    this.stir();
  }

  /** Whether a connection is under watch. */
  knows(pc: object): boolean {
    return this._numbers.has(pc);
  }

  /** The connections under watch. */
  connections(): RTCPeerConnection[] {
    return [...this._tracked.values()].map((t) => t.ref.deref()).filter((pc): pc is RTCPeerConnection => pc !== undefined);
  }

  /** The last word of a connection: a poll before it goes, if it can be had. */
  closing(pc: RTCPeerConnection): void {
    const number = this._numbers.get(pc);
    const t = number && this._tracked.get(number);
    if (!t) return;
    const open = this._session;
    const done = (): void => {
      this._tracked.delete(number);
      if (!open || open.over) return;
      this._write(open, Kind.Call, number, "close", "");
      open.encoder.forget(number);
      this._flushSoon();
    };
    if (!open || !this.getStats || t.told !== open) {
      this.add(Kind.Call, "close", pc);
      this._tracked.delete(number);
      return;
    }
    // Asked for before the browser closes the connection, answered after.
    const result = this.getStats(pc);
    t.poll = Promise.race([result, new Promise<void>((r) => native.setTimeout(r, 500))]).then(
      (last) => {
        guard(() => last && !open.over && this._took(open, number, last));
        guard(done);
      },
      () => void guard(done),
    );
  }

  corr(): string {
    return (++this._lastCorr).toString(36);
  }

  /** Adds a record. pc ties it to a connection; payload becomes JSON. */
  add(kind: Kind, name: string, pc?: object | null, payload?: unknown, corr = "", time = native.now()): void {
    if (!this._consent || this._stopped) return;
    this._raw(kind, pc ? (this._numbers.get(pc) ?? 0) : 0, name, payload === undefined ? "" : text(payload), corr, time);
    const open = this._session;
    if (!open) return;
    if (open.encoder.size > 64 << 10) this._flush(open);
    else this._flushSoon();
  }

  /** Something happens: look closely for a while. */
  stir(): void {
    this._pace.stir(!!this._session && this._tracked.size > 0);
  }

  // --- what the app tells ------------------------------------------------

  event(name: string, data?: unknown): void {
    this.add(Kind.Event, String(name), null, data);
  }

  log(level: string, message: unknown): void {
    const line = typeof message === "string" ? message : text(message);
    this.add(Kind.Log, String(level), null, line.slice(0, MAX_LOG));
    if (line.length > MAX_LOG) this.add(Kind.Event, "logTruncated", null, { bytes: line.length, kept: MAX_LOG });
  }

  /** Adds to what the session is found by. */
  keys(more: Record<string, unknown>): void {
    const keys = Object.fromEntries(Object.entries(more).map(([k, v]) => [k, String(v)]));
    const open = this._session;
    if (open) open.keys = { ...open.keys, ...keys };
    this.add(Kind.Open, "", null, { keys });
  }

  feedback(f: Feedback): void {
    this.add(Kind.Feedback, "feedback", null, f);
  }

  on(name: string, listener: Listener): () => void {
    let set = this._listeners.get(name);
    if (!set) this._listeners.set(name, (set = new Set()));
    set.add(listener);
    if (name === "defaultConfig" && this._defaults) listener(this._defaults as never);
    return () => set.delete(listener);
  }

  status(): Status {
    const open = this._session;
    return {
      state: this._stopped ? "stopped" : (open?.link.state ?? "idle"),
      session: open?.id ?? "",
      room: open?.identity?.room ?? "",
      user: open?.identity?.user ?? "",
      acknowledged: open?.link.acked ?? 0,
      bytesSent: open?.link.bytes ?? 0,
      bytesWaiting: open?.link.waiting ?? 0,
      polls: this._polls,
      lost: this._lost,
      faults: faults.count,
    };
  }

  // --- the page ----------------------------------------------------------

  /** The network is back. */
  online(): void {
    this._session?.link.nudge();
  }

  /** The page is hidden: nothing may wait. */
  hidden(): void {
    if (this._session) this._flush(this._session);
  }

  /** The page goes, and may be loaded anew. A stay in a room is kept for the
   * page that follows; where that cannot be, it ends here. */
  going(beacon: ((url: string, body: Blob) => boolean) | undefined): void {
    for (const s of this._ending) {
      this._goodbye(s, "leave");
      s.link.farewell(beacon);
    }
    const open = this._session;
    if (!open) return;
    for (const t of this._tracked.values()) {
      if (t.told === open) this._write(open, Kind.Call, t.number, "close", "");
      t.told = undefined;
    }
    this._write(open, Kind.Event, 0, "pagehide", "");
    this._flush(open, true);
    const { room, user } = open.identity ?? {};
    const stays =
      room !== undefined &&
      open.link.state !== "stopped" &&
      keep({ to: this._to(), id: open.id, room, user, at: native.now(), connections: this._lastNumber, calls: this._lastCorr, link: open.link.pack(ROOM) });
    if (!stays) this._goodbye(open, "page closed");
    open.link.farewell(beacon);
    this._wanted = open.identity;
    this._session = undefined;
    open.link.stop();
  }

  /** The page is back, out of the browser's cache. */
  back(): void {
    if (this._wanted && !this._session) this.join(this._wanted);
  }

  // --- sessions ----------------------------------------------------------

  /** Waits for a join; without one the connections are anonymous. */
  private _hold(): void {
    if (this._session || this._holding !== undefined || !this._ready || this._stopped) return;
    this._holding = native.setTimeout(() => {
      this._holding = undefined;
      guard(() => {
        if (!this._session && this._tracked.size) this._begin(undefined);
      });
    }, HOLD);
  }

  private _cancelHold(): void {
    native.clearTimeout(this._holding);
    this._holding = undefined;
  }

  private _begin(identity: Identity | undefined): void {
    if (this._stopped || !this._consent) return;
    this._cancelHold();
    this._left = false;
    this._wanted = identity;
    const before = identity && this._revive(identity);
    const session = before ?? this._make(randomId(), identity);
    this._session = session;
    this._write(session, Kind.Open, 0, "", this._whoAmI(session), "", this._early[0]?.[1]);
    if (before) this._write(session, Kind.Event, 0, "reload", "");
    for (const t of this._tracked.values()) {
      if (t.told === EARLY) t.told = session;
      else this._tell(t);
    }
    const early = this._early.splice(0);
    for (const [kind, time, number, name, corr, body] of early) this._write(session, kind, number, name, body, corr, time);
    for (const m of this._modules) guard(() => m.session?.());
    // What the page did before was a preview: it is no part of the join.
    if (identity && early.length) this._write(session, Kind.Event, 0, "join", "");
    this._flush(session);
    session.link.start();
    this.stir();
  }

  /** The same stay in the page before this one. */
  private _revive(identity: Identity): Session | undefined {
    const k = kept(this._to()).find((k) => k.room === identity.room && k.user === identity.user);
    if (!k || !forget(k.id)) return undefined;
    const session = this._make(k.id, identity);
    session.link.unpack(k.link);
    return session;
  }

  /** Ends a stay with which no page goes on. */
  private _bury(k: Kept): void {
    if (!this._consent || !forget(k.id)) return;
    const session = this._make(k.id, { room: k.room, user: k.user });
    session.link.unpack(k.link);
    session.link.start();
    void this._end(session, "page closed");
  }

  private _to(): string {
    const { endpoint = "", key = "", app = "" } = this._config;
    return [endpoint, key, app].join(" ");
  }

  private _make(id: string, identity: Identity | undefined): Session {
    const endpoint = this._config.endpoint ?? "";
    const url = endpoint.includes("/ingest/") ? endpoint : endpoint.replace(/\/+$/, "") + "/ingest/native";
    const session: Session = {
      id,
      encoder: new Encoder(),
      identity,
      token: undefined,
      offlineSince: 0,
      over: false,
      link: new Link(url, {
        ready: () => {
          const { token } = this._config;
          if (typeof token !== "function") session.token = token;
          else return Promise.resolve(token()).then((t) => void (session.token = t));
        },
        hello: () => ({
          key: this._config.key,
          app: this._config.app,
          token: session.token,
          session: session.id,
          sdk: "@peerglass/browser/" + __VERSION__,
        }),
        settings: (s) => this._apply(s),
        defaults: (d) => this._emit("defaultConfig", (this._defaults = d)),
        changed: (state) => {
          if (state === "live") session.offlineSince = 0;
          else if (state === "offline" && !session.offlineSince) session.offlineSince = native.now();
          this._emit("status", this.status());
        },
        renew: () => {
          session.id = randomId();
          session.encoder.restart();
          const first = new Encoder();
          const [, body] = screen(this._config, Kind.Open, "", 0, this._whoAmI(session)) ?? [];
          first.add(Kind.Open, native.now(), 0, "", "", body ?? "{}");
          for (const m of this._modules) guard(() => m.session?.());
          return { time: first.base, body: first.take() };
        },
        refused: (code, message) => {
          this._warn(message);
          this._emit("error", { code, message });
          return typeof this._config.token === "function" && code.startsWith("token_");
        },
      }),
    };
    return session;
  }

  /** Ends a session: a last poll, goodbye, and all of it stored. */
  private async _end(session: Session, reason: string): Promise<void> {
    if (this._session === session) this._session = undefined;
    this._ending.add(session);
    const rest: Promise<void>[] = [];
    for (const t of this._tracked.values()) {
      if (t.told !== session) continue;
      t.told = undefined;
      rest.push(this._pollOne(session, t));
    }
    if (rest.length) await Promise.race([Promise.all(rest), new Promise<void>((r) => native.setTimeout(r, 500))]);
    guard(() => this._goodbye(session, reason));
    await session.link.finish(5000);
    this._ending.delete(session);
    this._emit("status", this.status());
  }

  private _goodbye(session: Session, reason: string): void {
    if (session.over) return;
    session.over = true;
    this._write(session, Kind.Close, 0, "", JSON.stringify({ reason }), "", session.left);
    this._flush(session, true);
  }

  private _whoAmI(session: Session): string {
    return text({
      ...session.identity,
      keys: { ...session.identity?.keys, ...session.keys },
      clientSession: session.id,
      sdk: "@peerglass/browser",
      sdkVersion: __VERSION__,
      ...guard(this.page),
    });
  }

  /** Tells the session of a connection that it does not know. */
  private _tell(t: Tracked): void {
    const to = this._session ?? EARLY;
    if (t.told === to || !this._consent) return;
    t.told = to;
    const pc = t.ref.deref();
    if (!pc) return;
    this._raw(Kind.Call, t.number, "create", t.configuration);
    if (t.constraints) this._raw(Kind.Call, t.number, "constraints", t.constraints);
    const states: [string, string][] = [
      ["onsignalingstatechange", pc.signalingState],
      ["oniceconnectionstatechange", pc.iceConnectionState],
      ["onconnectionstatechange", pc.connectionState],
    ];
    for (const [name, state] of states) {
      if (state && state !== "new" && state !== "stable") this._raw(Kind.State, t.number, name, JSON.stringify(state));
    }
  }

  /** Writes a record, or keeps it for the session that is to come. */
  private _raw(kind: Kind, number: number, name: string, body: string, corr = "", time = native.now()): void {
    const open = this._session;
    if (open) {
      if (open.link.full) this._lost++;
      else if (open.link.state !== "stopped") this._write(open, kind, number, name, body, corr, time);
    } else if (!this._left) {
      if (this._early.length < MAX_EARLY) this._early.push([kind, time, number, name, corr, body]);
      else this._lost++;
    }
  }

  /** Writes what of a record may leave the page. */
  private _write(to: Session, kind: Kind, number: number, name: string, body: string, corr = "", time = native.now()): void {
    const rest = guard(() => screen(this._config, kind, name, number, body));
    if (rest) to.encoder.add(kind, time, number, rest[0], corr, rest[1]);
  }

  private _apply(s: Settings): void {
    if (s.pollMs && s.pollMs >= 250) this._pace.steady = s.pollMs;
    if (s.fastMs && s.fastMs >= 250) this._pace.close = s.fastMs;
    if (s.flushMs && s.flushMs >= 50) this._flushMs = s.flushMs;
    if (s.disabled) {
      this._stopped = true;
      this._session = undefined;
      this._early.length = 0;
    }
  }

  // --- sending -----------------------------------------------------------

  private _flushSoon(): void {
    if (this._flushTimer !== undefined) return;
    this._flushTimer = native.setTimeout(() => {
      this._flushTimer = undefined;
      guard(() => this._session && this._flush(this._session));
    }, this._flushMs);
  }

  private _flush(session: Session, now = false): void {
    const { encoder, link } = session;
    if (this._lost > this._lostTold && !link.full) {
      this._write(session, Kind.Log, 0, "warn", JSON.stringify(`${this._lost - this._lostTold} records did not fit the SDK's buffer`));
      this._lostTold = this._lost;
    }
    if (!encoder.records) return;
    const away = session.offlineSince ? native.now() - session.offlineSince : 0;
    // While the network is away, few large batches are better than many.
    if (!now && away && encoder.size < 32 << 10 && native.now() - encoder.base < 30_000) return;
    link.push(encoder.base, encoder.take());
    // Should the server end the session meanwhile, later batches must stand
    // on their own.
    if (away > 20_000) encoder.restart();
  }

  private _poll(): void {
    const session = this._session;
    if (!session || session.link.state === "stopped") return;
    for (const t of this._tracked.values()) if (!t.ref.deref()) this._tracked.delete(t.number);
    if (!this._tracked.size) return;
    this._pace.next(session.link.strained);
    const all = [...this._tracked.values()].map((t) => this._pollOne(session, t));
    void Promise.all(all).then(() => guard(() => this._session === session && this._flush(session)));
  }

  private _pollOne(session: Session, t: Tracked): Promise<void> {
    const pc = t.ref.deref();
    if (t.poll) return t.poll;
    if (!pc || !this.getStats) return Promise.resolve();
    const poll = this.getStats(pc).then(
      (result) => {
        // It may have been closed while we waited; its last poll is on the way.
        if (t.poll !== poll) return;
        t.poll = undefined;
        if (!session.over && !session.link.full) guard(() => this._took(session, t.number, result));
      },
      () => {
        if (t.poll === poll) t.poll = undefined; // the browser refuses: there is nothing to tell
      },
    );
    t.poll = poll;
    return poll;
  }

  private _took(session: Session, number: number, result: RTCStatsReport): void {
    const from = native.now();
    const pc = this._tracked.get(number)?.ref.deref();
    const first = number === this._tracked.keys().next().value; // its polls carry what is of no connection
    const report = guard(() => screenStats(this._config, number, enrich(this._modules, pc, first, this._pace.lag, result)));
    if (report) session.encoder.stats(from, number, report);
    this._pace.spent(native.now() - from);
    this._polls++;
    if (this._session === session) this._flushSoon(); // if another connection keeps us waiting
    this._emit("stats", { connection: "PC_" + (number - 1), report: result });
  }

  private _emit(name: string, value: unknown): void {
    for (const f of this._listeners.get(name) ?? []) guard(() => f(value as never));
  }

  private _warn(message: string): void {
    if (this._config.debug) native.warn("Peerglass: " + message);
  }
}

/** JSON of a value, within a bound; never throws. */
function text(value: unknown): string {
  const json = guard(() => JSON.stringify(value)) ?? "null";
  return json.length > MAX_PAYLOAD ? JSON.stringify({ truncated: json.length }) : json;
}
