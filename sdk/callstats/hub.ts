import { captureMedia } from "../src/capture/media";
import { capturePage } from "../src/capture/page";
import { capturePeerConnections, watch } from "../src/capture/peerconnection";
import { Client, type Module } from "../src/client";
import { Kind } from "../src/encoder";
import { guard, native } from "../src/native";
import { machine } from "../src/watch/machine";
import { VideoWatch } from "../src/watch/video";

/** A record that waits for its conference. */
interface Waiting {
  kind: Kind;
  name: string;
  payload: unknown;
  corr: string;
  time: number;
}

/** A connection that the page has made, whether or not it lets us watch it. */
interface Known {
  configuration: unknown;
  constraints: unknown;
  waiting: Waiting[];
  clients: Client[];
}

/** What the hub tells a conference. */
interface Watching {
  /** The page closed a connection. */
  closed(pc: RTCPeerConnection): void;
  /** The page goes. */
  going(): void;
}

const MAX_WAITING = 200;
const FRESH = 60_000; // ms: what happened longer ago is no part of the call

/** Stands between the captures, of which a page has one set, and the
 * conferences, each of which has a client of its own. What happens on a
 * connection goes to the conference that it was added to and, until it was
 * added, nowhere: callstats.js watches no connection unasked. */
class Hub extends Client {
  private _known = new WeakMap<object, Known>();
  private _open = new Map<Client, Watching>();
  private _waiting: Waiting[] = []; // what happened in the page before there was a conference
  private _shared: Module[] = [];
  private _videos: VideoWatch | undefined;

  /** Makes a client for a conference. */
  enlist(conference: Watching): Client {
    const client = new Client();
    client.getStats = (pc) => (this.getStats ? this.getStats(pc) : pc.getStats());
    client.page = () => ({ ...this.page(), sdk: "@peerglass/browser/callstats" });
    for (const m of this._shared) client.use(m);
    replay(this._waiting, client, null);
    this._open.set(client, conference);
    return client;
  }

  /** The conference is over. */
  dismiss(client: Client): void {
    this._open.delete(client);
  }

  /** Lets a conference watch a connection. */
  adopt(client: Client, pc: RTCPeerConnection): void {
    if (!this._known.has(pc)) guard(() => watch(this, pc, pc.getConfiguration?.()));
    const known = this._known.get(pc);
    if (!known || known.clients.includes(client)) return;
    client.connection(pc, known.configuration, known.constraints);
    known.clients.push(client);
    replay(known.waiting, client, pc);
  }

  /** Ends that, with a last poll. */
  release(client: Client, pc: RTCPeerConnection): void {
    const known = this._known.get(pc);
    const at = known ? known.clients.indexOf(client) : -1;
    if (at < 0) return;
    known!.clients.splice(at, 1);
    client.closing(pc);
  }

  /** Measures what an element shows. */
  watchVideo(element: HTMLVideoElement, user: string, label: string): void {
    if (!this._videos) this.use((this._videos = new VideoWatch(this)));
    this._videos.watch(element, user, label);
  }

  override use(module: Module): void {
    this._shared.push(module);
    for (const c of this._open.keys()) c.use(module);
  }

  override connection(pc: RTCPeerConnection, configuration: unknown, constraints?: unknown): void {
    this._known.set(pc, { configuration, constraints, waiting: [], clients: [] });
  }

  override knows(pc: object): boolean {
    return this._known.has(pc);
  }

  override connections(): RTCPeerConnection[] {
    return [...this._open.keys()].flatMap((c) => c.connections());
  }

  override closing(pc: RTCPeerConnection): void {
    for (const c of this._known.get(pc)?.clients.splice(0) ?? []) {
      c.closing(pc);
      guard(() => this._open.get(c)?.closed(pc));
    }
  }

  override add(kind: Kind, name: string, pc?: object | null, payload?: unknown, corr = "", time = native.now()): void {
    const known = pc ? this._known.get(pc) : undefined;
    if (pc && !known) return;
    const clients = known ? known.clients : [...this._open.keys()];
    for (const c of clients) c.add(kind, name, pc, payload, corr, time);
    if (clients.length) return;
    const waiting = known ? known.waiting : this._waiting;
    if (waiting.push({ kind, name, payload, corr, time }) > MAX_WAITING) waiting.shift();
  }

  override event(name: string, data?: unknown): void {
    this.add(Kind.Event, name, null, data);
  }

  override stir(): void {
    for (const c of this._open.keys()) c.stir();
  }

  override online(): void {
    for (const c of this._open.keys()) c.online();
  }

  override hidden(): void {
    for (const c of this._open.keys()) c.hidden();
  }

  override going(beacon: ((url: string, body: Blob) => boolean) | undefined): void {
    for (const [c, conference] of this._open) {
      guard(() => conference.going());
      c.going(beacon);
    }
  }

  override back(): void {
    for (const c of this._open.keys()) c.back();
  }
}

function replay(waiting: Waiting[], client: Client, pc: RTCPeerConnection | null): void {
  for (const w of waiting.splice(0)) if (w.time > native.now() - FRESH) client.add(w.kind, w.name, pc, w.payload, w.corr, w.time);
}

let hub: Hub | undefined;

/** The one hub of the page, made at the first call. */
export function the(): Hub {
  if (!hub) {
    const h = (hub = new Hub());
    guard(() => typeof window === "object" && capturePage(h, window));
    guard(() => captureMedia(h, globalThis));
    guard(() => capturePeerConnections(h, globalThis));
    guard(() => h.use(machine(h)));
  }
  return hub;
}

export type { Hub };
