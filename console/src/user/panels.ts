// Which figures stand together in one chart, for whom. Labels, units and help
// come from the API's catalogue of metrics; here is only the arrangement.

export type Kind = "audio" | "video" | "screen" | "transport";
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
}

/** Audio receivers report about every 5 s. */
export const bridge = 12_000;

const picture: Kind[] = ["video", "screen"];

export const panels: Panel[] = [
  { id: "bitrate", title: "Bit rate", metrics: ["bitrate", "target_bitrate"], kinds: ["audio", "video", "screen"], directions: ["send", "receive"] },
  { id: "loss", title: "Packet loss", metrics: ["loss"], kinds: ["audio", "video", "screen"], directions: ["send", "receive"], atLeast: 0.05 },
  { id: "fps-receive", title: "Frame rate", metrics: ["fps_decoded", "fps_received", "fps_rendered"], kinds: picture, directions: ["receive"], atLeast: 30 },
  { id: "fps-send", title: "Frame rate", metrics: ["fps_sent", "fps_captured", "fps_encoded"], kinds: picture, directions: ["send"], atLeast: 30 },
  { id: "freeze", title: "Stutter", metrics: ["video_stutter_time", "freeze_time"], kinds: picture, directions: ["receive"], atLeast: 200 },
  { id: "resolution", title: "Frame height", metrics: ["height"], kinds: picture, directions: ["send", "receive"], stepped: true, atLeast: 360 },
  { id: "concealment", title: "Concealed audio", metrics: ["concealment"], kinds: ["audio"], directions: ["receive"], atLeast: 0.05 },
  { id: "audio-stutter", title: "Stutter", metrics: ["audio_stutter_time"], kinds: ["audio"], directions: ["receive"], atLeast: 200 },
  { id: "delay", title: "Delay, end to end", metrics: ["delay"], kinds: ["audio", "video", "screen"], directions: ["receive"], atLeast: 400 },
  { id: "mos-audio", title: "MOS (estimate)", metrics: ["audio_mos"], kinds: ["audio"], directions: ["receive"], atLeast: 5 },
  { id: "mos-video", title: "MOS (estimate)", metrics: ["video_mos"], kinds: picture, directions: ["receive"], atLeast: 5 },
  { id: "audio-level", title: "Audio level", metrics: ["audio_level"], kinds: ["audio"], directions: ["send", "receive"], atLeast: 0.1 },
  { sparse: true, id: "rtt", title: "Round-trip time", metrics: ["rtt"], kinds: ["audio", "video", "screen"], directions: ["send"], atLeast: 100 },
  { id: "jitter", title: "Jitter", metrics: ["jitter"], kinds: ["audio", "video", "screen"], directions: ["send", "receive"], atLeast: 30 },
  { id: "buffer", title: "Jitter buffer", metrics: ["jitter_buffer_delay"], kinds: ["audio", "video", "screen"], directions: ["receive"], atLeast: 100 },
  { id: "frame-time", title: "Time per frame", metrics: ["frame_time"], kinds: picture, directions: ["send", "receive"], atLeast: 10 },
  { id: "nack", title: "NACK and PLI", metrics: ["nack", "pli"], kinds: picture, directions: ["send", "receive"], atLeast: 5 },
  { id: "bandwidth", title: "Available bandwidth", metrics: ["available_outgoing", "available_incoming"], kinds: ["transport"], directions: ["both", "send", "receive"] },
  { sparse: true, id: "path-rtt", title: "Round-trip time of the path", metrics: ["rtt"], kinds: ["transport"], directions: ["both", "send", "receive"], atLeast: 100 },
];

/** Metrics that are judged together with a drawn one. */
export const kin: Record<string, string> = { fps_decoded: "video_stutter_time", concealment: "audio_stutter_time", bitrate: "target_bitrate" };

export interface StreamLike { kind: string; direction: string }

/** The streams of a panel among those given. */
export function streamsOf<S extends StreamLike>(panel: Panel, streams: S[]): S[] {
  return streams.filter((s) => (panel.kinds as string[]).includes(s.kind) && (panel.directions as string[]).includes(s.direction));
}

/** Every metric that the panels draw: what to ask the API for. */
export const drawn: string[] = [...new Set(panels.flatMap((p) => p.metrics))];
