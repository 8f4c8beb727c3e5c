// The page of one user: a camera whose frames are numbered, a microphone whose
// tone rises and falls, a connection to each other user through the rig's relay, and the
// record of what was shown and heard. What it says to Peerglass is what any
// page would say. The driver moves signalling between pages and commands faults.
import { readNumber } from "./code";
import type { Mode } from "./source";

declare const peerglass: {
  init(c: { key: string; endpoint: string; pollInterval: number; audioGaps: boolean }): void;
  join(i: { room: string; user: string }): void;
  leave(): Promise<void>;
  mapStream(track: MediaStreamTrack, user: string): void;
  watchVideo(element: HTMLVideoElement, user: string): void;
  status(): { state: string; polls: number; faults: number; lost: number };
};
declare class MediaStreamTrackGenerator extends MediaStreamTrack {
  constructor(init: { kind: "video" });
  readonly writable: WritableStream<VideoFrame>;
}
declare class MediaStreamTrackProcessor {
  constructor(init: { track: MediaStreamTrack; maxBufferSize: number });
  readonly readable: ReadableStream<VideoFrame>;
}
/** Set by the driver: passes a message to another user's page. */
declare function signal(to: string, message: unknown): Promise<void>;

export interface Config {
  user: string;
  room: string;
  key: string;
  endpoint: string;
  pollMs: number;
  turn: string; // URL
  width: number;
  height: number;
  fps: number;
  /** Where devices come from: drawn ones, or the browser's own, which may refuse. */
  devices: "drawn" | "native";
}

/** What one user saw and heard of another. */
export interface Seen {
  user: string;
  /** Frames shown: number (−1: unreadable), Unix ms, and how many the browser
   * has presented by then, those for which a busy page was not called among them. */
  frames: [number, number, number][];
  audio: { at: number; level: number[]; hertz: number[] }[];
  /** Unix ms at which the decoder gave a picture, be it shown or not. */
  decoded: number[];
}

/** What a page knows of the truth. */
export interface PageTruth {
  user: string;
  joined: number;
  devices: string; // "ok" or the name of the error
  made: [number, number][]; // frames of the camera: number and Unix ms
  toneStart: number; // Unix ms at which the tone stood at its lowest first
  tonePeriod: number; // ms from one such moment to the next
  seen: Seen[];
  connected: Record<string, number>;
  srtp: Record<string, string>;
  sdk: unknown;
}

export interface Fault {
  kind: "mode" | "silence" | "sound" | "enabled" | "stop" | "unplug" | "null" | "back" | "block" | "restart" | "close";
  media?: "audio" | "video";
  mode?: Mode;
  on?: boolean;
  ms?: number;
}

// The tone: from LOW to HIGH hertz and back in PERIOD seconds, again and again.
// It changes so fast that a sound of 20 ms is told from what is made up out of
// the one before, and nowhere leaps, which would be neither.
export const LOW = 600;
export const HIGH = 2600;
export const PERIOD = 4;

let config: Config;
let local: MediaStream | undefined;
let camera: Worker | undefined;
let volume: GainNode | undefined;
let context: AudioContext;
const peers = new Map<string, Peer>();
const truth: PageTruth = { user: "", joined: 0, devices: "", made: [], toneStart: 0, tonePeriod: 1000 * PERIOD, seen: [], connected: {}, srtp: {}, sdk: undefined };
const unixNow = (): number => Math.round(performance.timeOrigin + performance.now());

/** A camera and a microphone of ours, in the place of the browser's: the page asks for them as for any. */
function drawnDevices(c: Config): void {
  navigator.mediaDevices.getUserMedia = async (): Promise<MediaStream> => {
    const video = new MediaStreamTrackGenerator({ kind: "video" });
    camera = new Worker("source.js");
    camera.onmessage = ({ data }) => truth.made.push(...data);
    camera.postMessage({ writable: video.writable, width: c.width, height: c.height, fps: c.fps }, [video.writable as unknown as Transferable]);

    const tone = new OscillatorNode(context);
    const start = context.currentTime + 0.1;
    tone.frequency.setValueAtTime(LOW, start);
    for (let t = 0; t < 120; t += PERIOD) {
      tone.frequency.linearRampToValueAtTime(HIGH, start + t + PERIOD / 2);
      tone.frequency.linearRampToValueAtTime(LOW, start + t + PERIOD);
    }
    tone.start(start);
    volume = new GainNode(context, { gain: 0.3 });
    const out = context.createMediaStreamDestination();
    tone.connect(volume).connect(out);
    truth.toneStart = Math.round(Date.now() + 1000 * (start - context.currentTime));
    return new MediaStream([video, ...out.stream.getAudioTracks()]);
  };
}

class Peer {
  readonly pc: RTCPeerConnection;
  private readonly stream = new MediaStream();
  private readonly video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, playsInline: true });
  private readonly seen: Seen;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(readonly user: string, private readonly offers: boolean) {
    this.seen = { user, frames: [], audio: [], decoded: [] };
    truth.seen.push(this.seen);
    this.pc = new RTCPeerConnection({
      iceServers: [{ urls: config.turn, username: config.user, credential: "rig" }],
      iceTransportPolicy: "relay",
      bundlePolicy: "max-bundle",
    });
    this.pc.onicecandidate = ({ candidate }) => void signal(user, { candidate: candidate?.toJSON() ?? null });
    this.pc.onnegotiationneeded = () => void (this.offers && this.offer());
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === "connected") truth.connected[user] ??= unixNow();
    };
    this.pc.ontrack = ({ track }) => this.receive(track);
    document.body.append(this.video);
    if (!offers) return;
    this.send();
    if (!local) for (const kind of ["audio", "video"]) this.pc.addTransceiver(kind, { direction: "recvonly" });
  }

  private send(): void {
    for (const track of local?.getTracks() ?? []) this.pc.addTrack(track, local!);
  }

  private async offer(): Promise<void> {
    await this.pc.setLocalDescription();
    await signal(this.user, { description: this.pc.localDescription!.toJSON() });
  }

  hear(m: { description?: RTCSessionDescriptionInit; candidate?: RTCIceCandidateInit | null }): Promise<unknown> {
    this.queue = this.queue.then(async () => {
      if (m.description) {
        await this.pc.setRemoteDescription(m.description);
        if (m.description.type !== "offer") return;
        if (!this.pc.getSenders().some((s) => s.track)) this.send();
        await this.pc.setLocalDescription();
        await signal(this.user, { description: this.pc.localDescription!.toJSON() });
      } else await this.pc.addIceCandidate(m.candidate ?? undefined);
    });
    return this.queue;
  }

  private receive(track: MediaStreamTrack): void {
    this.stream.addTrack(track);
    this.video.srcObject = this.stream;
    this.video.play().catch(() => undefined);
    if (track.kind === "video") {
      peerglass.watchVideo(this.video, this.user);
      this.watch();
      this.count(track);
    } else {
      peerglass.mapStream(track, this.user);
      this.listen(track);
    }
  }

  private watch(): void {
    const shown = (_: number, m: VideoFrameCallbackMetadata): void => {
      this.seen.frames.push([readNumber(this.video) ?? -1, Math.round(performance.timeOrigin + m.presentationTime), m.presentedFrames]);
      this.video.requestVideoFrameCallback(shown);
    };
    this.video.requestVideoFrameCallback(shown);
  }

  /** Counts what comes out of the decoder, in a worker: the page may be busy. */
  private count(track: MediaStreamTrack): void {
    const { readable } = new MediaStreamTrackProcessor({ track: track.clone(), maxBufferSize: 100 });
    const counter = new Worker("counter.js");
    counter.onmessage = ({ data }) => this.seen.decoded.push(...data);
    counter.postMessage(readable, [readable as unknown as Transferable]);
  }

  private listen(track: MediaStreamTrack): void {
    // Sound from afar runs only where an element plays it, too: the muted video does.
    const meter = new AudioWorkletNode(context, "meter", { numberOfOutputs: 0 });
    meter.port.onmessage = ({ data }) => this.seen.audio.push(data);
    context.createMediaStreamSource(new MediaStream([track])).connect(meter);
  }
}

const rig = {
  async begin(c: Config): Promise<string> {
    config = c;
    truth.user = c.user;
    context = new AudioContext({ sampleRate: 48000 });
    await context.resume();
    await context.audioWorklet.addModule("meter.js");
    if (c.devices === "drawn") drawnDevices(c);
    await new Promise<void>((done, fail) => {
      const script = document.createElement("script");
      script.src = `${c.endpoint}/sdk.js`;
      script.onload = () => done();
      script.onerror = () => fail(new Error(`no SDK at ${script.src}`));
      document.head.append(script);
    });
    peerglass.init({ key: c.key, endpoint: c.endpoint, pollInterval: c.pollMs, audioGaps: true });
    peerglass.join({ room: c.room, user: c.user });
    truth.joined = unixNow();
    try {
      local = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      truth.devices = "ok";
    } catch (error) {
      truth.devices = (error as Error).name;
    }
    return truth.devices;
  },

  connect(user: string, offers: boolean): void {
    peers.set(user, new Peer(user, offers));
  },

  hear(from: string, message: object): Promise<unknown> {
    return peers.get(from)!.hear(message);
  },

  /** Names of the users from whom both picture and sound have come. */
  ready(): string[] {
    return truth.seen.filter((s) => s.frames.some(([n]) => n >= 0) && s.audio.some((a) => a.level.some((l) => l < 60))).map((s) => s.user);
  },

  async fault(f: Fault): Promise<void> {
    const track = local?.getTracks().find((t) => t.kind === f.media);
    const senders = [...peers.values()].flatMap((p) => p.pc.getSenders()).filter((s) => s.track?.kind === f.media || (f.kind === "back" && !s.track));
    switch (f.kind) {
      case "mode": return camera!.postMessage({ mode: f.mode });
      case "silence": return void (volume!.gain.value = 0);
      case "sound": return void (volume!.gain.value = 0.3);
      case "enabled": return void (track!.enabled = f.on === true);
      case "stop": return track!.stop();
      case "unplug": return camera!.postMessage({ end: true });
      case "null": return void (await Promise.all(senders.map((s) => s.replaceTrack(null))));
      case "back": return void (await Promise.all(senders.map((s) => s.replaceTrack(track!))));
      case "restart": return [...peers.values()].forEach((p) => p.pc.restartIce());
      case "close": return [...peers.values()].forEach((p) => p.pc.close());
      case "block":
        for (const end = performance.now() + f.ms!; performance.now() < end; );
    }
  },

  async truth(): Promise<PageTruth> {
    for (const p of peers.values()) {
      for (const s of (await p.pc.getStats()).values()) if (s.type === "transport" && s.srtpCipher) truth.srtp[p.user] = s.srtpCipher;
    }
    truth.sdk = peerglass.status();
    return truth;
  },

  async leave(): Promise<void> {
    await peerglass.leave();
    for (const p of peers.values()) p.pc.close();
    camera?.terminate();
    await context.close();
  },
};

export type Rig = typeof rig;
Object.assign(window, { rig });
