// Reads a session description (RFC 8866 with the attributes of RFC 8829) into
// what an engineer looks for in it. Nothing is refused: what is not understood
// stays in the lines, what was cut off is simply not there.
import { type Candidate, parseCandidate } from "./candidate";

export interface Codec {
  payload: number;
  /** Encoding name: "opus", "VP8", "rtx"; empty for a static payload type that is not mapped. */
  name: string;
  clock: number;
  channels: number;
  /** Format parameters as they stand: "minptime=10;useinbandfec=1". */
  parameters: string;
  /** RTCP feedback: "nack pli", "transport-cc". */
  feedback: string[];
  /** Of rtx and red: the payload types that it repeats. */
  repeats: number[];
}

export interface Source {
  ssrc: number;
  cname: string;
  msid: string;
}

export interface Encoding {
  rid: string;
  direction: string;
  parameters: string;
}

export interface Media {
  /** Place in the description, from 0. */
  index: number;
  /** audio, video or application. */
  kind: string;
  mid: string;
  port: number;
  protocol: string;
  direction: string;
  /** Refused by a port of zero, unless it is only bundled. */
  rejected: boolean;
  codecs: Codec[];
  extensions: { id: number; uri: string; direction: string }[];
  msid: string;
  sources: Source[];
  /** Sources that belong together: FID is media and its retransmissions, SIM simulcast. */
  groups: { semantics: string; ssrcs: number[] }[];
  encodings: Encoding[];
  /** As offered: "send 1;2;3". */
  simulcast: string;
  ufrag: string;
  /** DTLS role: actpass, active or passive. */
  setup: string;
  fingerprint: string;
  candidates: Candidate[];
  endOfCandidates: boolean;
  /** Kilobit per second that b= allows; null where it says nothing. */
  bandwidth: number | null;
  /** Its lines as they stand, "m=" first. */
  lines: string[];
}

export interface Description {
  /** Version of the session in o=; rises with each new description. */
  version: string;
  /** mids of each BUNDLE group. */
  bundles: string[][];
  /** ICE of the whole session: lite, trickle, renomination. */
  ice: string[];
  fingerprint: string;
  /** Lines before the first m=. */
  lines: string[];
  media: Media[];
}

/** Lines of a text, whatever ends them; escaped ones as some dumps have them too. */
export function linesOf(sdp: string): string[] {
  return sdp.replaceAll("\\r\\n", "\n").split(/\r\n|\n|\r/).map((l) => l.trimEnd()).filter(Boolean);
}

const directions = ["sendrecv", "sendonly", "recvonly", "inactive"];

export function parseSdp(sdp: string): Description {
  const head: string[] = [];
  const parts: string[][] = [];
  for (const line of linesOf(sdp)) {
    if (line.startsWith("m=")) parts.push([line]);
    else (parts.at(-1) ?? head).push(line);
  }
  const whole = attributes(head);
  const origin = head.find((l) => l.startsWith("o="))?.slice(2).split(" ") ?? [];
  return {
    version: origin[2] ?? "",
    bundles: all(whole, "group").filter((g) => g.startsWith("BUNDLE")).map((g) => g.split(" ").slice(1)),
    ice: [...(whole.some((a) => a.name === "ice-lite") ? ["lite"] : []), ...all(whole, "ice-options").flatMap((o) => o.split(" "))],
    fingerprint: first(whole, "fingerprint"),
    lines: head,
    media: parts.map((lines, index) => mediaOf(lines, index, whole)),
  };
}

interface Attribute { name: string; value: string }

function attributes(lines: string[]): Attribute[] {
  return lines.filter((l) => l.startsWith("a=")).map((l) => {
    const at = l.indexOf(":");
    return at < 0 ? { name: l.slice(2), value: "" } : { name: l.slice(2, at), value: l.slice(at + 1).trim() };
  });
}

const all = (of: Attribute[], name: string) => of.filter((a) => a.name === name).map((a) => a.value);
const first = (of: Attribute[], name: string) => of.find((a) => a.name === name)?.value ?? "";

/** "96 rest of it" in two. */
function headed(value: string): [number, string] {
  const at = value.indexOf(" ");
  return at < 0 ? [Number(value), ""] : [Number(value.slice(0, at)), value.slice(at + 1).trim()];
}

function mediaOf(lines: string[], index: number, session: Attribute[]): Media {
  const own = attributes(lines);
  // What stands before the first m= holds for each that says nothing itself.
  const either = (name: string) => first(own, name) || first(session, name);
  const [kind = "", portText = "", protocol = "", ...formats] = (lines[0] ?? "").slice(2).split(" ");
  const port = Number.parseInt(portText, 10);
  const stated = own.find((a) => directions.includes(a.name)) ?? session.find((a) => directions.includes(a.name));
  const bandwidth = lines.find((l) => l.startsWith("b="))?.slice(2).split(":");
  return {
    index, kind, protocol, mid: first(own, "mid"), port: Number.isNaN(port) ? 0 : port,
    direction: stated?.name ?? (kind === "application" ? "" : "sendrecv"),
    rejected: port === 0 && !own.some((a) => a.name === "bundle-only"),
    codecs: kind === "application" ? [] : codecsOf(formats, own),
    extensions: all(own, "extmap").map((v) => {
      const [, id = "", direction = "", uri = ""] = /^(\d+)(?:\/(\w+))?\s+(\S+)/.exec(v) ?? [];
      return { id: Number(id), direction, uri };
    }),
    msid: first(own, "msid"),
    sources: sourcesOf(all(own, "ssrc")),
    groups: all(own, "ssrc-group").map((v) => { const [semantics = "", ...ssrcs] = v.split(" "); return { semantics, ssrcs: ssrcs.map(Number) }; }),
    encodings: all(own, "rid").map((v) => { const [rid = "", direction = "", ...rest] = v.split(" "); return { rid, direction, parameters: rest.join(" ") }; }),
    simulcast: first(own, "simulcast"),
    ufrag: either("ice-ufrag"), setup: either("setup"), fingerprint: either("fingerprint"),
    candidates: all(own, "candidate").map((c) => parseCandidate(`candidate:${c}`)).filter((c) => c !== undefined),
    endOfCandidates: own.some((a) => a.name === "end-of-candidates"),
    bandwidth: bandwidth?.[0] === "AS" ? Number(bandwidth[1]) : bandwidth?.[0] === "TIAS" ? Number(bandwidth[1]) / 1000 : null,
    lines,
  };
}

/** Payload types that need no a=rtpmap (RFC 3551) and are still offered. */
const fixed: Record<number, [string, number]> = { 0: ["PCMU", 8000], 8: ["PCMA", 8000], 9: ["G722", 8000], 13: ["CN", 8000] };

function codecsOf(formats: string[], own: Attribute[]): Codec[] {
  const maps = new Map(all(own, "rtpmap").map(headed));
  const parameters = new Map(all(own, "fmtp").map(headed));
  const feedback = all(own, "rtcp-fb").map((v) => { const at = v.indexOf(" "); return [v.slice(0, at), v.slice(at + 1)] as const; });
  return formats.map((f) => {
    const payload = Number(f);
    const [name = "", clock = "", channels = ""] = maps.get(payload)?.split("/") ?? [fixed[payload]?.[0] ?? "", String(fixed[payload]?.[1] ?? 0)];
    const told = parameters.get(payload) ?? "";
    const apt = /(?:^|;)\s*apt=(\d+)/.exec(told)?.[1];
    return {
      payload, name, clock: Number(clock), channels: Number(channels) || 1, parameters: told,
      feedback: feedback.filter(([of]) => of === f || of === "*").map(([, what]) => what),
      repeats: apt ? [Number(apt)] : /^red$/i.test(name) ? [...new Set(told.split("/").map(Number).filter((n) => n > 0))] : [],
    };
  });
}

function sourcesOf(told: string[]): Source[] {
  const out = new Map<number, Source>();
  for (const t of told) {
    const [ssrc, rest] = headed(t);
    const source = out.get(ssrc) ?? { ssrc, cname: "", msid: "" };
    out.set(ssrc, source);
    if (rest.startsWith("cname:")) source.cname = rest.slice(6);
    if (rest.startsWith("msid:")) source.msid = rest.slice(5);
  }
  return [...out.values()];
}

/** What people call an m-line. */
export const mediaName = (m: Pick<Media, "kind" | "mid" | "index">): string => `${m.kind === "application" ? "data" : m.kind}, ${m.mid === "" ? `m-line ${m.index + 1}` : `mid ${m.mid}`}`;

/** "opus 48000/2", "VP8"; the payload type where it has no name. */
export const codecName = (c: Codec): string => (c.name ? `${c.name}${c.channels > 1 || /^(opus|telephone-event|cn)$/i.test(c.name) ? ` ${c.clock}${c.channels > 1 ? `/${c.channels}` : ""}` : ""}` : `payload type ${c.payload}`);

/** The last part of an extension's address says what it is. */
export const extensionName = (uri: string): string => uri.replace(/^urn:ietf:params:rtp-hdrext:/, "").replace(/^http:\/\/www\.webrtc\.org\/experiments\/rtp-hdrext\//, "").replace(/^http:\/\/www\.ietf\.org\/id\//, "");
