import type { Mapped } from "./conference";
import { qualityRating } from "./names";

/** One stream in the payload of the stats callback. What was not measured is null. */
export interface Track {
  ssrc: number;
  statsType: "inbound-rtp" | "outbound-rtp" | "remote-inbound-rtp" | "remote-outbound-rtp";
  /** Of the older form. */
  reportType: "inbound" | "outbound";
  mediaType: string;
  remoteUserID: string;
  /** kbit/s. */
  bitrate: number | null;
  /** Packets a second. */
  packetRate: number | null;
  /** 0 to 1. */
  fractionLoss: number | null;
  packetLossPercentage: number | null;
  /** s. */
  jitter: number | null;
  averageJitter: number | null;
  /** ms. */
  rtt: number | null;
  averageRTT: number | null;
  quality: "excellent" | "fair" | "bad" | "unknown";
  cname?: string;
  msid?: string;
  usageLabel?: string;
  associatedVideoTag?: string;
  /** 0 to 1. */
  audioLevel?: number | null;
  audioInputLevel?: number | null;
  audioOutputLevel?: number | null;
}

/** The payload of the stats callback. */
export interface Stats {
  connectionState: "online" | "offline";
  fabricState: "initialising" | "established" | "disrupted";
  conferenceURL: string | null;
  mediaStreamTracks: Track[];
  /** The older form: sent and received streams by their SSRC. */
  streams: Record<string, Track>;
}

type Report = RTCStats & Record<string, unknown>;

interface Mean {
  sum: number;
  count: number;
}

/** Turns polls of one connection into what the stats callback tells. */
export class Figures {
  private _base: Map<string, Report> | undefined; // at the last payload, first at the first poll
  private _jitter = new Map<string, Mean>();
  private _rtt = new Map<string, Mean>();
  private _last: RTCStatsReport | undefined;
  private _since: number;

  constructor(now: number) {
    this._since = now;
  }

  /** Takes a poll in. */
  see(result: RTCStatsReport): void {
    this._last = result;
    this._base ??= byId(result);
    result.forEach((r: Report) => {
      mean(this._jitter, r.id, number(r.jitter));
      mean(this._rtt, r.id, number(r.roundTripTime));
    });
  }

  /** ms since the last payload. */
  age(now: number): number {
    return now - this._since;
  }

  /** The streams since the last payload. */
  take(now: number, remote: string, mapped: Map<number, Mapped>, sdp: string): Track[] {
    this._since = now;
    const reports = byId(this._last);
    const tracks: Track[] = [];
    for (const r of reports.values()) {
      if (/^(remote-)?(inbound|outbound)-rtp$/.test(r.type as string)) tracks.push(this._track(r, reports, remote, mapped, sdp));
    }
    this._base = reports;
    return tracks;
  }

  private _track(r: Report, all: Map<string, Report>, remote: string, mapped: Map<number, Mapped>, sdp: string): Track {
    const inbound = r.type === "inbound-rtp";
    const audio = r.kind === "audio";
    const was = this._base?.get(r.id);
    // What the other end says of a stream that we send stands in a report of its own.
    const other = r.type === "outbound-rtp" ? [...all.values()].find((o) => (o.type as string) === "remote-inbound-rtp" && o.localId === r.id) : undefined;
    const about = other ?? r;
    const per = (member: string): number | null => rate(r, was, member);
    const bytes = per(inbound ? "bytesReceived" : "bytesSent");
    const packets = per(inbound ? "packetsReceived" : "packetsSent");
    const lost = inbound ? difference(r, was, "packetsLost") : null;
    const came = inbound ? difference(r, was, "packetsReceived") : null;
    let loss = number(about.fractionLost);
    if (lost !== null && came !== null) loss = came + lost > 0 ? Math.max(0, lost) / (came + Math.max(0, lost)) : null;
    const seconds = number(about.roundTripTime);
    const source = typeof r.mediaSourceId === "string" ? all.get(r.mediaSourceId) : undefined;
    const ssrc = number(r.ssrc) ?? 0;
    const m = mapped.get(ssrc);
    const expected = inbound ? per("framesReceived") : number(source?.framesPerSecond);
    const shown = per(inbound ? "framesDecoded" : "framesEncoded");
    const rtt = seconds === null ? null : seconds * 1000;
    const bitrate = bytes === null ? null : (bytes * 8) / 1000;
    const track: Track = {
      ssrc,
      statsType: r.type as unknown as Track["statsType"],
      reportType: /inbound/.test(r.type as string) ? "inbound" : "outbound",
      mediaType: String(r.kind),
      remoteUserID: m?.user ?? remote,
      bitrate,
      packetRate: packets,
      fractionLoss: loss,
      packetLossPercentage: loss === null ? null : loss * 100,
      jitter: number(about.jitter),
      averageJitter: average(this._jitter.get(about.id)),
      rtt,
      averageRTT: scaled(average(this._rtt.get(about.id)), 1000),
      quality: quality(audio, bitrate, loss, rtt, !audio && expected && shown !== null ? shown / expected : null),
    };
    const line = (name: string): string | undefined => new RegExp(`^a=ssrc:${ssrc} ${name}:(.*?)\\r?$`, "m").exec(sdp)?.[1];
    const cname = line("cname");
    const msid = line("msid");
    if (cname !== undefined) track.cname = cname;
    if (msid !== undefined) track.msid = msid;
    if (m?.label) track.usageLabel = m.label;
    if (m?.tag) track.associatedVideoTag = m.tag;
    if (audio && inbound) track.audioLevel = track.audioOutputLevel = number(r.audioLevel);
    if (audio && source) track.audioLevel = track.audioInputLevel = number(source.audioLevel);
    return track;
  }
}

/** Quality of an interval by the published thresholds: each figure that there
 * is counts 5, 3 or 1, and their mean is rounded down to one of these. */
export function quality(audio: boolean, bitrate: number | null, loss: number | null, rtt: number | null, frames: number | null): Track["quality"] {
  const { excellent, fair, bad } = qualityRating;
  const ratings: number[] = [];
  const below = (value: number | null, good: number, fairly: number): void => {
    if (value !== null) ratings.push(value <= good ? excellent : value <= fairly ? fair : bad);
  };
  const above = (value: number | null, good: number, fairly: number): void => {
    if (value !== null) ratings.push(value >= good ? excellent : value >= fairly ? fair : bad);
  };
  if (!bitrate) return "unknown"; // a stream that rests is neither good nor bad
  if (audio) {
    above(bitrate, 30, 8); // kbit/s
    below(loss, 0.15, 0.3);
    below(rtt === null ? null : rtt + 40, 240, 400); // ms, with what devices and coding take
  } else {
    above(bitrate, 1024, 256);
    below(loss, 0.1, 0.5);
    below(rtt, 400, 1000);
    above(frames, 0.8, 0.3);
  }
  const mean = ratings.reduce((a, b) => a + b, 0) / ratings.length;
  return mean >= excellent ? "excellent" : mean >= fair ? "fair" : "bad";
}

function byId(result: RTCStatsReport | undefined): Map<string, Report> {
  const reports = new Map<string, Report>();
  result?.forEach((r: Report) => reports.set(r.id, r));
  return reports;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function difference(now: Report, was: Report | undefined, member: string): number | null {
  const a = number(was?.[member]);
  const b = number(now[member]);
  return a === null || b === null ? null : b - a;
}

function rate(now: Report, was: Report | undefined, member: string): number | null {
  const d = difference(now, was, member);
  const s = was ? (now.timestamp - was.timestamp) / 1000 : 0;
  return d === null || s <= 0 || d < 0 ? null : d / s;
}

function mean(means: Map<string, Mean>, id: string, value: number | null): void {
  if (value === null) return;
  const m = means.get(id) ?? { sum: 0, count: 0 };
  m.sum += value;
  m.count++;
  means.set(id, m);
}

function average(m: Mean | undefined): number | null {
  return m ? m.sum / m.count : null;
}

function scaled(value: number | null, by: number): number | null {
  return value === null ? null : value * by;
}
