import { guard, native } from "../src/native";

/** What a pre-call test found; null where it was not measured. */
export interface PrecallResults {
  /** Whether media can be sent through the relays. */
  mediaConnectivity: boolean | null;
  /** To the relay and back, ms. */
  rtt: number | null;
  /** 0 to 1, of one crossing of the relay. */
  fractionalLoss: number | null;
  /** kbit/s. */
  throughput: number | null;
}

const CONNECT_WITHIN = 8000; // ms
const PINGS = 100;
const PING_EVERY = 20; // ms
const BURST_FOR = 2000; // ms
const CHUNK = new Uint8Array(1100); // fits one packet
const HIGH_WATER = 256 << 10;

export const nothing: PrecallResults = { mediaConnectivity: null, rtt: null, fractionalLoss: null, throughput: null };

// The browser's own, before anybody put theirs in front: the test is no call.
const Plain = globalThis.RTCPeerConnection as typeof RTCPeerConnection | undefined;

/** Those of the servers that relay. */
export function relays(servers: unknown): RTCIceServer[] {
  if (!Array.isArray(servers)) return [];
  return (servers as (RTCIceServer & { url?: string })[]).filter((s) => [s?.urls ?? s?.url].flat().some((u) => /^turns?:/.test(String(u))));
}

/** Measures the way through relays: two ends in this page, both behind the
 * relay, send to each other what may get lost. */
export class Precall {
  private _ends: RTCPeerConnection[] = [];
  private _stopped = false;
  private _stop: () => void = () => undefined;

  /** Ends the test; what was measured so far is its result. */
  stop(): void {
    this._stopped = true;
    this._stop();
  }

  /** Runs the test; it never fails. */
  async run(iceServers: RTCIceServer[]): Promise<PrecallResults> {
    const results = { ...nothing };
    if (!Plain || !iceServers.length) return results;
    const stopped = new Promise<void>((done) => (this._stop = done));
    try {
      const channels = await Promise.race([this._connect(iceServers), stopped, wait(CONNECT_WITHIN)]);
      if (!channels) {
        if (!this._stopped) results.mediaConnectivity = false;
        return results;
      }
      results.mediaConnectivity = true;
      await Promise.race([this._ping(channels, results), stopped]);
      if (!this._stopped) await Promise.race([this._burst(channels, results), stopped]);
    } catch {
      results.mediaConnectivity ??= false;
    } finally {
      for (const pc of this._ends) guard(() => pc.close());
    }
    return results;
  }

  private async _connect(iceServers: RTCIceServer[]): Promise<[RTCDataChannel, RTCDataChannel]> {
    const configuration: RTCConfiguration = { iceServers, iceTransportPolicy: "relay" };
    const a = new Plain!(configuration);
    const b = new Plain!(configuration);
    this._ends = [a, b];
    for (const [from, to] of [[a, b], [b, a]] as const) {
      from.onicecandidate = (e) => void to.addIceCandidate(e.candidate ?? undefined).catch(() => undefined);
    }
    const options: RTCDataChannelInit = { ordered: false, maxRetransmits: 0, negotiated: true, id: 1 };
    const channels: [RTCDataChannel, RTCDataChannel] = [a.createDataChannel("precall", options), b.createDataChannel("precall", options)];
    await a.setLocalDescription(await a.createOffer());
    await b.setRemoteDescription(a.localDescription!);
    await b.setLocalDescription(await b.createAnswer());
    await a.setRemoteDescription(b.localDescription!);
    await Promise.all(channels.map((c) => (c.readyState === "open" ? undefined : new Promise((done) => c.addEventListener("open", done, { once: true })))));
    return channels;
  }

  /** Sends numbers that the other end sends back; what is lost is not repeated. */
  private async _ping([near, far]: [RTCDataChannel, RTCDataChannel], results: PrecallResults): Promise<void> {
    const sent: number[] = [];
    const took: number[] = [];
    let came = 0;
    far.onmessage = (e) => {
      came++;
      guard(() => far.send(e.data as string));
    };
    near.onmessage = (e) => void took.push(performance.now() - sent[Number(e.data)]!);
    for (let i = 0; i < PINGS && !this._stopped; i++) {
      sent.push(performance.now());
      near.send(String(i));
      await wait(PING_EVERY);
    }
    await wait(500); // for the last ones
    took.sort((x, y) => x - y);
    // There and back is through two relayed ends: twice to the relay and back.
    if (took.length) results.rtt = took[took.length >> 1]! / 2;
    if (sent.length) results.fractionalLoss = Math.max(0, 1 - came / sent.length);
  }

  /** Sends as much as goes through. */
  private async _burst([near, far]: [RTCDataChannel, RTCDataChannel], results: PrecallResults): Promise<void> {
    let bytes = 0;
    far.onmessage = (e) => void (bytes += (e.data as ArrayBuffer).byteLength ?? 0);
    far.binaryType = "arraybuffer";
    near.onmessage = null;
    const begin = performance.now();
    while (performance.now() - begin < BURST_FOR && !this._stopped) {
      while (near.bufferedAmount < HIGH_WATER) near.send(CHUNK);
      await wait(5);
    }
    const ms = performance.now() - begin;
    if (bytes > 0) results.throughput = (bytes * 8) / ms; // bits in a ms are kbit/s
  }
}

function wait(ms: number): Promise<undefined> {
  return new Promise((done) => native.setTimeout(() => done(undefined), ms));
}
