// Which figures stand together in one chart, for whom. Labels, units and help
// come from the API's catalogue of metrics; here is only the arrangement.
import type { Limit, Zone } from "../chart/Chart";

export type Kind = "audio" | "video" | "screen" | "transport" | "client";
export type Direction = "send" | "receive" | "both";

export interface Panel {
  id: string;
  title: string;
  /** Metrics drawn in it. More than one is drawn only where there is one stream, else the first: lines of several streams and metrics cannot be told apart. */
  metrics: string[];
  kinds: Kind[];
  directions: Direction[];
  /** The axis reaches at least to this value. */
  atLeast?: number;
  stepped?: boolean;
  /** Told by the other end, or by checks of the path, every few seconds only. */
  sparse?: boolean;
  /** Past it lines are red; of kinds that it is not named for, not. */
  limit?: Limit & { kinds?: Kind[] };
  zones?: Zone[];
}

/** Audio receivers report about every 5 s. */
export const bridge = 12_000;

const picture: Kind[] = ["video", "screen"];
const media: Kind[] = ["audio", "video", "screen"];
const path: Direction[] = ["both", "send", "receive"];

// What is past a limit is as the reference's "Priority Metrics" say: loss above
// 10 % is serious congestion, below 10 frames a second people see stutter, a
// system at 85 % stops responding, a task of 60 ms is a busy processor. Lag
// begins at 400 ms.
export const panels: Panel[] = [
  { id: "bitrate", title: "Bit rate", metrics: ["bitrate", "target_bitrate"], kinds: media, directions: ["send", "receive"] },
  { id: "fps-receive", title: "Frame rate", metrics: ["fps_decoded", "fps_received", "fps_rendered"], kinds: picture, directions: ["receive"], atLeast: 30, limit: { at: 10, worse: "below", kinds: ["video"] } },
  { id: "fps-send", title: "Frame rate", metrics: ["fps_sent", "fps_captured", "fps_encoded"], kinds: picture, directions: ["send"], atLeast: 30, limit: { at: 10, worse: "below", kinds: ["video"] } },
  { id: "loss", title: "Packet loss", metrics: ["loss"], kinds: media, directions: ["send", "receive"], atLeast: 0.05, limit: { at: 0.1, worse: "above" } },
  { id: "freeze", title: "Freezes", metrics: ["video_stutter_time", "freeze_time"], kinds: picture, directions: ["receive"], atLeast: 200 },
  { id: "audio-stutter", title: "Freezes", metrics: ["audio_stutter_time"], kinds: ["audio"], directions: ["receive"], atLeast: 200 },
  { id: "resolution", title: "Resolution", metrics: ["height", "width"], kinds: picture, directions: ["send", "receive"], stepped: true, atLeast: 360 },
  { id: "jitter", title: "Jitter", metrics: ["jitter"], kinds: media, directions: ["send", "receive"], atLeast: 30 },
  { id: "delay", title: "Latency, end to end", metrics: ["delay"], kinds: media, directions: ["receive"], atLeast: 400, limit: { at: 400, worse: "above" } },
  { sparse: true, id: "rtt", title: "Round-trip time", metrics: ["rtt"], kinds: media, directions: ["send"], atLeast: 100 },
  { id: "limited", title: "Encoder held back", metrics: ["limited_bandwidth", "limited_cpu"], kinds: picture, directions: ["send"], atLeast: 1000 },
  { id: "concealment", title: "Concealed audio", metrics: ["concealment"], kinds: ["audio"], directions: ["receive"], atLeast: 0.05 },
  { id: "mos-audio", title: "MOS (estimate)", metrics: ["audio_mos"], kinds: ["audio"], directions: ["receive"], atLeast: 5 },
  { id: "mos-video", title: "MOS (estimate)", metrics: ["video_mos"], kinds: picture, directions: ["receive"], atLeast: 5 },
  { id: "audio-level", title: "Audio level", metrics: ["audio_level"], kinds: ["audio"], directions: ["send", "receive"], atLeast: 0.1 },
  { id: "buffer", title: "Jitter buffer", metrics: ["jitter_buffer_delay"], kinds: media, directions: ["receive"], atLeast: 100 },
  { id: "frame-time", title: "Time per frame", metrics: ["frame_time"], kinds: picture, directions: ["send", "receive"], atLeast: 10 },
  { id: "nack", title: "NACK and PLI", metrics: ["nack", "pli"], kinds: picture, directions: ["send", "receive"], atLeast: 5 },
  { id: "bandwidth", title: "Available bandwidth", metrics: ["available_outgoing", "available_incoming"], kinds: ["transport"], directions: path },
  { sparse: true, id: "path-rtt", title: "Round-trip time of the path", metrics: ["rtt"], kinds: ["transport"], directions: path, atLeast: 100 },
  { id: "cpu", title: "CPU", metrics: ["cpu_app", "cpu_system"], kinds: ["client"], directions: path, atLeast: 1, limit: { at: 0.85, worse: "above" } },
  { id: "pressure", title: "CPU pressure (0 nominal to 3 critical)", metrics: ["cpu_pressure"], kinds: ["client"], directions: path, atLeast: 3, stepped: true, limit: { at: 2, worse: "above" } },
  { id: "loop", title: "Event loop lag", metrics: ["loop_lag"], kinds: ["client"], directions: path, atLeast: 60, limit: { at: 60, worse: "above" } },
  { id: "memory", title: "Memory", metrics: ["memory_used"], kinds: ["client"], directions: path },
  { id: "battery", title: "Battery", metrics: ["battery"], kinds: ["client"], directions: path, atLeast: 1, stepped: true },
];

/** What the guide lists for the tab of a kind, and what explains it; the rest is under all figures. */
export const tabPanels: Record<"video" | "audio" | "screen", string[]> = {
  video: ["bitrate", "fps-receive", "fps-send", "loss", "freeze", "resolution", "delay", "rtt", "limited", "jitter"],
  audio: ["bitrate", "loss", "audio-stutter", "delay", "rtt", "jitter", "audio-level", "concealment"],
  screen: ["bitrate", "fps-receive", "fps-send", "freeze", "loss", "resolution", "jitter", "delay", "rtt", "limited"],
};

/** Metrics that are judged together with a drawn one. */
export const kin: Record<string, string> = { fps_decoded: "video_stutter_time", concealment: "audio_stutter_time", bitrate: "target_bitrate" };

export interface StreamLike { kind: string; direction: string }

/** The streams of a panel among those given. */
export function streamsOf<S extends StreamLike>(panel: Panel, streams: S[]): S[] {
  return streams.filter((s) => (panel.kinds as string[]).includes(s.kind) && (panel.directions as string[]).includes(s.direction));
}

/** The panels of a tab, in its order; all of them where none is named. */
export const panelsOf = (ids?: string[]): Panel[] => (ids ? ids.flatMap((id) => panels.find((p) => p.id === id) ?? []) : panels);

/** Every metric that panels draw: what to ask the API for. */
export const metricsOf = (of: Panel[]): string[] => [...new Set(of.flatMap((p) => p.metrics))];

/** Every metric that is drawn of everything. */
export const drawn: string[] = metricsOf(panels);
