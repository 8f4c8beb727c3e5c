// The session descriptions of a trace: each that was set, and what differs from
// the one before it on the same side of the same connection.
import { diffArrays, diffWordsWithSpace } from "diff";
import type { Event } from "../api/client";
import { callOf, failed, idOf, outcomes } from "./pairs";
import { codecName, type Description, extensionName, linesOf, type Media, mediaName, parseSdp } from "./sdp";

/** A description's type and text, as far as the trace has it. */
export interface Told {
  type: string;
  sdp: string;
  /** Its whole length where it was too long for the trace and only its beginning is there. */
  cutFrom: number | null;
}

/** Reads the description out of an event's value, in the forms that clients and dumps have; undefined where there is none. */
export function told(value: unknown): Told | undefined {
  if (Array.isArray(value)) return value.map(told).find(Boolean);
  if (typeof value === "string") {
    if (!/^v=0/m.test(value) && !value.includes("sdp: v=0")) return undefined;
    const [, type = "", sdp = value] = /^type: (\w+), sdp: ([\s\S]*)$/.exec(value) ?? [];
    return { type, sdp: value.endsWith("…") ? whole(sdp) : sdp, cutFrom: value.endsWith("…") ? value.length : null };
  }
  if (typeof value !== "object" || value === null) return undefined;
  const v = value as { type?: unknown; sdp?: unknown; truncated?: unknown; bytes?: unknown; begins?: unknown };
  if (typeof v.sdp === "string" && v.sdp) return { type: typeof v.type === "string" ? v.type : "", sdp: v.sdp, cutFrom: null };
  if (v.truncated === true && typeof v.begins === "string") {
    const sdp = /"sdp":"((?:[^"\\]|\\.)*)/.exec(v.begins)?.[1];
    if (sdp === undefined) return undefined;
    return { type: /"type":"(\w+)"/.exec(v.begins)?.[1] ?? "", sdp: whole(unescape(sdp)), cutFrom: typeof v.bytes === "number" ? v.bytes : v.begins.length };
  }
  return undefined;
}

/** Without the line that was cut in two. */
const whole = (text: string): string => text.slice(0, Math.max(text.lastIndexOf("\n") + 1, 0)) || text;

const unescape = (text: string): string => text.replace(/\\(u[\da-fA-F]{4}|.)/g, (_, e: string) => (e.startsWith("u") ? String.fromCharCode(Number.parseInt(e.slice(1), 16)) : ({ n: "\n", r: "\r", t: "\t" }[e] ?? e)));

export type Side = "local" | "remote";

/** One description that was set. */
export interface SetDescription {
  id: string;
  event: Event;
  time: number;
  connection: number;
  side: Side;
  /** offer, answer, pranswer or rollback; empty where not told. */
  type: string;
  sdp: string;
  cutFrom: number | null;
  parsed: Description;
  /** What the browser had made with createOffer or createAnswer just before, where it is another text: the page changed it. */
  made?: string;
  /** What was set on the same side of the connection before. */
  before?: SetDescription;
  /** Of an answer: the offer that it answers. */
  offer?: SetDescription;
  refused: boolean;
}

/** The descriptions that a page set, in their order. */
export function descriptionsOf(events: Event[]): SetDescription[] {
  const came = outcomes(events);
  const last = new Map<string, SetDescription>();
  const made = new Map<number, Told>();
  const offers = new Map<number, SetDescription>();
  /** Connections with a remote offer that was not answered yet. */
  const waiting = new Set<number>();
  const out: SetDescription[] = [];
  for (const event of events) {
    if (event.kind !== "call") continue;
    const created = callOf(event.name);
    if ((created === "createOffer" || created === "createAnswer") && !failed(event)) {
      const t = told(event.value);
      if (t) made.set(event.connection, t);
    }
    if (event.name !== "setLocalDescription" && event.name !== "setRemoteDescription") continue;
    const outcome = came.get(event.index);
    // A page may leave it to the browser what to set: then the outcome tells it.
    const t = told(event.value) ?? (outcome && told(outcome.value));
    const side: Side = event.name === "setLocalDescription" ? "local" : "remote";
    const key = `${event.connection}/${side}`;
    const by = side === "local" ? made.get(event.connection) : undefined;
    const sdp = t?.sdp ?? "";
    // What the browser makes by itself is an answer where an offer waits for one.
    const implied = side === "local" && event.value === null ? (waiting.has(event.connection) ? "answer" : "offer") : "";
    const typeOnly = (event.value as { type?: unknown } | null)?.type;
    const set: SetDescription = {
      id: idOf(event), event, time: Date.parse(event.time), connection: event.connection, side, type: t?.type || (typeof typeOnly === "string" ? typeOnly : implied), sdp, cutFrom: t?.cutFrom ?? null,
      parsed: parseSdp(sdp), before: last.get(key), refused: outcome !== undefined && failed(outcome),
    };
    if (by?.sdp && t?.cutFrom === null && by.cutFrom === null && (!by.type || !set.type || by.type === set.type) && linesOf(by.sdp).join("\n") !== linesOf(sdp).join("\n")) set.made = by.sdp;
    if (side === "local") made.delete(event.connection);
    if (set.type === "offer") offers.set(event.connection, set);
    else if (set.type === "answer" || set.type === "pranswer") set.offer = offers.get(event.connection);
    if (!set.refused && side === "remote" && set.type === "offer") waiting.add(event.connection);
    else if (!set.refused) waiting.delete(event.connection);
    out.push(set);
    if (!set.refused && sdp) last.set(key, set);
  }
  return out;
}

export type Change = "same" | "changed" | "added" | "removed";

/** A piece of a line; changed pieces are marked. */
export interface Piece { text: string; changed: boolean }

/** One line of a comparison: what was and what is, either can be missing. */
export interface Line { change: Change; before?: Piece[]; after?: Piece[] }

/** A part of a description: what stands before the first m-line, or an m-line. */
export interface Section {
  key: string;
  title: string;
  change: Change;
  /** What changed, in words. */
  words: string[];
  lines: Line[];
}

/** Compares two descriptions, m-line by m-line as their mids say. */
export function compare(before: string, after: string): Section[] {
  const [a, b] = [parseSdp(before), parseSdp(after)];
  const key = (m: Media) => (m.mid === "" ? `#${m.index}` : m.mid);
  const was = new Map(a.media.map((m) => [key(m), m]));
  const sections: Section[] = [sectionOf("session", "Session", a.lines, b.lines, sessionWords(a, b))];
  for (const m of b.media) {
    const old = was.get(key(m));
    was.delete(key(m));
    sections.push(sectionOf(key(m), mediaName(m), old?.lines ?? [], m.lines, old ? mediaWords(old, m) : [`new: ${directionName(m)}`]));
  }
  for (const m of was.values()) sections.push(sectionOf(key(m), mediaName(m), m.lines, [], ["gone"]));
  return sections;
}

function sectionOf(key: string, title: string, before: string[], after: string[], words: string[]): Section {
  const lines = diffLines(before, after);
  const change = before.length === 0 ? "added" : after.length === 0 ? "removed" : lines.some((l) => l.change !== "same") ? "changed" : "same";
  return { key, title, change, words, lines };
}

const plain = (text: string): Piece[] => [{ text, changed: false }];

/** Lines that differ stand beside each other, with the words that do marked. */
export function diffLines(before: string[], after: string[]): Line[] {
  const out: Line[] = [];
  let gone: string[] = [];
  const flush = (came: string[]) => {
    // Of those that went and came, lines of one attribute belong together.
    const left = [...gone];
    gone = [];
    for (const line of came) {
      const i = left.findIndex((l) => attribute(l) === attribute(line));
      if (i < 0) { out.push({ change: "added", after: plain(line) }); continue; }
      for (const l of left.splice(0, i)) out.push({ change: "removed", before: plain(l) });
      const old = left.shift() as string;
      const parts = diffWordsWithSpace(old, line);
      out.push({
        change: "changed",
        before: parts.filter((p) => !p.added).map((p) => ({ text: p.value, changed: p.removed })),
        after: parts.filter((p) => !p.removed).map((p) => ({ text: p.value, changed: p.added })),
      });
    }
    for (const l of left) out.push({ change: "removed", before: plain(l) });
  };
  for (const part of diffArrays(before, after)) {
    if (part.removed) gone.push(...part.value);
    else if (part.added) flush(part.value);
    else {
      flush([]);
      for (const l of part.value) out.push({ change: "same", before: plain(l), after: plain(l) });
    }
  }
  flush([]);
  return out;
}

/** What a line is about: "a=fmtp:111", "m", "a=sendrecv". */
function attribute(line: string): string {
  if (/^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line)) return "direction";
  const [, head = line] = /^(a=[\w-]+(?::\d+(?= ))?)/.exec(line) ?? [];
  return line.startsWith("a=") ? head : line.slice(0, 2);
}

const directionName = (m: Media): string => (m.rejected ? "refused" : m.direction || m.kind);

function listed(word: string, of: string[]): string {
  return `${of.length > 1 ? `${of.length} ${word}s` : word} ${of.slice(0, 4).join(", ")}${of.length > 4 ? " …" : ""}`;
}

/** Says in words what came and went of two lists; nothing where they are alike. */
function lists(word: string, a: string[], b: string[]): string[] {
  const came = b.filter((x) => !a.includes(x));
  const went = a.filter((x) => !b.includes(x));
  return [...(went.length ? [`without ${listed(word, went)}`] : []), ...(came.length ? [`with ${listed(word, came)}`] : [])];
}

/** What changed of an m-line, as one would say it. */
export function mediaWords(a: Media, b: Media): string[] {
  const out: string[] = [];
  if (a.rejected !== b.rejected) out.push(b.rejected ? "refused now (port 0)" : "no longer refused");
  if (a.direction !== b.direction) out.push(`${a.direction} → ${b.direction}`);
  if (a.ufrag && b.ufrag && a.ufrag !== b.ufrag) out.push("ICE restart (new ufrag)");
  if (a.setup !== b.setup && a.setup && b.setup) out.push(`DTLS ${a.setup} → ${b.setup}`);
  if (a.fingerprint && b.fingerprint && a.fingerprint !== b.fingerprint) out.push("another fingerprint");
  const codecs = (m: Media) => m.codecs.map((c) => `${codecName(c)}${c.parameters ? ` (${c.parameters})` : ""}`);
  const [was, is] = [codecs(a), codecs(b)];
  const came = lists("codec", [...new Set(was)], [...new Set(is)]);
  out.push(...came);
  if (came.length === 0 && was.join() !== is.join()) out.push(`codecs in another order: ${codecName(b.codecs[0] as (typeof b.codecs)[number])} first`);
  out.push(...lists("extension", a.extensions.map((e) => extensionName(e.uri)), b.extensions.map((e) => extensionName(e.uri))));
  out.push(...lists("ssrc", a.sources.map((s) => String(s.ssrc)), b.sources.map((s) => String(s.ssrc))));
  out.push(...lists("encoding", a.encodings.map((e) => e.rid), b.encodings.map((e) => e.rid)));
  if (a.simulcast !== b.simulcast) out.push(b.simulcast ? `simulcast ${b.simulcast}` : "no simulcast any more");
  if (a.msid !== b.msid) out.push(b.msid ? (a.msid ? "another msid" : "an msid") : "no msid any more");
  if (a.bandwidth !== b.bandwidth) out.push(b.bandwidth === null ? "no limit of bandwidth any more" : `at most ${b.bandwidth} kbit/s`);
  if (b.candidates.length !== a.candidates.length) out.push(`${b.candidates.length} candidates (${a.candidates.length} before)`);
  return out;
}

function sessionWords(a: Description, b: Description): string[] {
  const out: string[] = [];
  if (a.version !== b.version) out.push(`version ${a.version || "?"} → ${b.version || "?"}`);
  if (a.bundles.join(";") !== b.bundles.join(";")) out.push(`BUNDLE ${b.bundles.map((g) => g.join(" ")).join("; ") || "none"}`);
  if (a.fingerprint !== b.fingerprint && a.fingerprint && b.fingerprint) out.push("another fingerprint");
  return out;
}

/** What changed from one description to the next, short enough for a line of a list. */
export function summary(a: Description, b: Description): string {
  const key = (m: Media) => (m.mid === "" ? `#${m.index}` : m.mid);
  const was = new Map(a.media.map((m) => [key(m), m]));
  const is = new Map(b.media.map((m) => [key(m), m]));
  const named = (ms: Media[]) => ms.map((m) => mediaName(m)).slice(0, 3).join("; ") + (ms.length > 3 ? " …" : "");
  const came = b.media.filter((m) => !was.has(key(m)));
  const went = a.media.filter((m) => !is.has(key(m)));
  const parts = [...(came.length ? [`${came.length} m-line${came.length > 1 ? "s" : ""} more (${named(came)})`] : []), ...(went.length ? [`${went.length} m-line${went.length > 1 ? "s" : ""} less (${named(went)})`] : [])];
  for (const m of b.media) {
    const old = was.get(key(m));
    const changed = old ? mediaWords(old, m) : [];
    if (changed.length) parts.push(`${mediaName(m)}: ${changed.join("; ")}`);
  }
  if (parts.length) return parts.join(" · ");
  return a.media.every((m, i) => m.lines.join("\n") === b.media[i]?.lines.join("\n")) ? "nothing changed" : "small differences";
}

/** Unchanged lines around a change that are shown. */
const around = 2;

/** Folds runs of unchanged lines: lines, or how many are hidden. */
export function folded(lines: Line[], context = around): (Line | number)[] {
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - context), i + context + 1).some((l) => l.change !== "same"));
  const out: (Line | number)[] = [];
  lines.forEach((l, i) => {
    if (near[i]) out.push(l);
    else if (typeof out.at(-1) === "number") out[out.length - 1] = (out.at(-1) as number) + 1;
    else out.push(1);
  });
  return out;
}
