// What a trace tells of ICE: the candidates of both ends, the servers they were
// asked of, and the states over time.
import type { Connection, Event, Samples } from "../api/client";
import { type Candidate, parseCandidate, sameCandidate } from "./candidate";
import type { SetDescription, Side } from "./descriptions";
import { callOf, failed, outcomes } from "./pairs";

export interface Gathered extends Candidate {
  side: Side;
  /** Unix ms: when it was first told. */
  time: number;
  /** m-lines that it was told for. */
  mids: string[];
  /** Told one by one, or within a description. */
  by: "trickle" | "description";
  /** The browser refused to take it: why. */
  refused: string;
}

export interface GatheringError { time: number; url: string; code: number | null; text: string }

export interface IceServer { urls: string[]; credential: boolean }

/** A state and how long it held. */
export interface StateRun { from: number; to: number; value: string }

export interface StateLine { name: string; runs: StateRun[] }

export interface Ice {
  connection: number;
  local: Gathered[];
  remote: Gathered[];
  errors: GatheringError[];
  servers: IceServer[];
  /** all or relay; empty where not told. */
  policy: string;
  states: StateLine[];
  /** How long each gathering took, ms: there is one more after an ICE restart. */
  gathered: number[];
  /** Gathering went on at the end, or its end was not told. */
  gathering: boolean;
}

/** In the order in which a connection comes up. */
const stateNames: [event: string, name: string][] = [
  ["onsignalingstatechange", "Signalling"], ["onicegatheringstatechange", "Gathering"], ["oniceconnectionstatechange", "ICE"], ["ondtlsstatechange", "DTLS"], ["onconnectionstatechange", "Connection"],
];

/** The candidate within a value: an object as browsers have it, its text, or nothing at the end of all. */
export function candidateIn(value: unknown): { text: string; mid: string; line: number | null; ufrag: string; url: string; relayProtocol: string } | undefined {
  if (typeof value === "string") return value.includes("candidate:") ? { text: value.slice(value.indexOf("candidate:")), mid: "", line: null, ufrag: "", url: "", relayProtocol: "" } : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  const v = value as Record<string, unknown>;
  const inner = v.candidate;
  if (typeof inner === "object" && inner !== null) return candidateIn(inner);
  if (typeof inner !== "string" || !inner) return undefined;
  const text = (x: unknown) => (typeof x === "string" ? x : "");
  return { text: inner, mid: text(v.sdpMid), line: typeof v.sdpMLineIndex === "number" ? v.sdpMLineIndex : null, ufrag: text(v.usernameFragment), url: text(v.url), relayProtocol: text(v.relayProtocol) };
}

const stateOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What the events tell of each connection's ICE; end is until when the last states hold. */
export function iceOf(events: Event[], descriptions: SetDescription[], end: number): Ice[] {
  const by = new Map<number, Ice>();
  const of = (connection: number): Ice => {
    const known = by.get(connection);
    if (known) return known;
    const fresh: Ice = { connection, local: [], remote: [], errors: [], servers: [], policy: "", states: [], gathered: [], gathering: false };
    by.set(connection, fresh);
    return fresh;
  };
  const came = outcomes(events);
  const closed = new Map<number, number>();
  for (const e of events) {
    if (e.connection === 0) continue;
    const time = Date.parse(e.time);
    switch (e.name) {
      case "create":
      case "setConfiguration": Object.assign(of(e.connection), configurationIn(e.value)); break;
      case "onicecandidate": {
        const ice = of(e.connection);
        const found = candidateIn(e.value);
        if (found) add(ice.local, found, "local", time, "trickle", "");
        break;
      }
      case "addIceCandidate": {
        const found = candidateIn(e.value);
        const outcome = came.get(e.index);
        if (found) add(of(e.connection).remote, found, "remote", time, "trickle", outcome && failed(outcome) ? reasonIn(outcome.value) : "");
        break;
      }
      case "onicecandidateerror": {
        const v = (e.value ?? {}) as Record<string, unknown>;
        of(e.connection).errors.push({ time, url: String(v.url ?? ""), code: typeof v.errorCode === "number" ? v.errorCode : null, text: String(v.errorText ?? "") });
        break;
      }
      case "close": if (!closed.has(e.connection)) closed.set(e.connection, time); break;
    }
    if (callOf(e.name) === undefined && e.kind === "state") {
      const line = stateNames.find(([n]) => n === e.name);
      const value = stateOf(e.value);
      if (line && value) state(of(e.connection), line[1], time, value);
    }
  }
  for (const d of descriptions) {
    if (d.connection === 0) continue;
    for (const m of d.parsed.media) {
      for (const c of m.candidates) {
        addCandidate(d.side === "local" ? of(d.connection).local : of(d.connection).remote, { ...c, ufrag: c.ufrag || m.ufrag }, d.side, d.time, m.mid || String(m.index), "description", "");
      }
    }
  }
  for (const ice of by.values()) {
    const until = Math.min(closed.get(ice.connection) ?? end, Math.max(end, 0)) || end;
    for (const line of ice.states) line.runs.forEach((r, i) => { r.to = line.runs[i + 1]?.from ?? Math.max(until, r.from); });
    ice.states.sort((a, b) => order(a) - order(b));
    // Where all relays it was given are reached in one way, so is each.
    const ways = new Set(ice.servers.flatMap((s) => s.urls.flatMap((u) => wayTo(u) ?? [])));
    if (ways.size === 1) for (const c of ice.local) if (c.type === "relay") c.relayProtocol ||= [...ways][0] as string;
    const runs = ice.states.find((s) => s.name === "Gathering")?.runs ?? [];
    for (const [i, r] of runs.entries()) if (r.value === "gathering" && runs[i + 1]) ice.gathered.push(r.to - r.from);
    ice.gathering = runs.at(-1)?.value === "gathering";
  }
  return [...by.values()].sort((a, b) => a.connection - b.connection);
}

/** How the relay of an address is reached; undefined of what is none. */
function wayTo(url: string): string | undefined {
  if (url.startsWith("turns:")) return "tls";
  if (!url.startsWith("turn:")) return undefined;
  return /[?&]transport=tcp/i.test(url) ? "tcp" : "udp";
}

const order = (line: StateLine) => stateNames.findIndex(([, n]) => n === line.name);

function state(ice: Ice, name: string, time: number, value: string): void {
  let line = ice.states.find((s) => s.name === name);
  if (!line) { line = { name, runs: [] }; ice.states.push(line); }
  if (line.runs.at(-1)?.value !== value) line.runs.push({ from: time, to: time, value });
}

function add(to: Gathered[], found: NonNullable<ReturnType<typeof candidateIn>>, side: Side, time: number, by: Gathered["by"], refused: string): void {
  const c = parseCandidate(found.text);
  if (!c) return;
  addCandidate(to, { ...c, ufrag: c.ufrag || found.ufrag, url: found.url, relayProtocol: found.relayProtocol || c.relayProtocol }, side, time, found.mid || (found.line === null ? "" : String(found.line)), by, refused);
}

function addCandidate(to: Gathered[], c: Candidate, side: Side, time: number, mid: string, by: Gathered["by"], refused: string): void {
  const known = to.find((o) => sameCandidate(o, c) && o.by === by) ?? to.find((o) => sameCandidate(o, c));
  if (!known) { to.push({ ...c, side, time, mids: mid ? [mid] : [], by, refused }); return; }
  if (mid && !known.mids.includes(mid)) known.mids.push(mid);
  known.url ||= c.url;
  known.refused ||= refused;
}

function reasonIn(value: unknown): string {
  if (typeof value === "string") return value;
  const v = (value ?? {}) as { name?: unknown; message?: unknown };
  return [v.name, v.message].filter((x) => typeof x === "string" && x).join(": ") || "refused";
}

function configurationIn(value: unknown): Partial<Pick<Ice, "servers" | "policy">> {
  if (typeof value !== "object" || value === null) return {};
  const v = value as { iceServers?: unknown; iceTransportPolicy?: unknown };
  const out: Partial<Pick<Ice, "servers" | "policy">> = {};
  if (Array.isArray(v.iceServers)) {
    out.servers = v.iceServers.map((s: { urls?: unknown; url?: unknown; username?: unknown }) => ({
      urls: [s?.urls ?? s?.url].flat().filter((u): u is string => typeof u === "string"), credential: Boolean(s?.username),
    })).filter((s) => s.urls.length > 0);
  }
  if (typeof v.iceTransportPolicy === "string") out.policy = v.iceTransportPolicy;
  return out;
}

export interface PairRun { from: number; to: number; pair: string; rtt: number | null; sent: number | null; received: number | null; requests: number | null; responses: number | null }

/** The pairs that media took, each with what was measured on it. */
export function pairRuns(samples: Samples | undefined, streams: number[], connection: Connection | undefined, bounds: [number, number]): PairRun[] {
  const out: PairRun[] = [];
  for (const s of samples?.series ?? []) {
    if (!streams.includes(s.stream)) continue;
    const end = Math.min(connection?.end ? Date.parse(connection.end) : bounds[1], s.times.at(-1) ?? bounds[1]);
    s.pair.forEach((run, i) => {
      if (!run.value) return;
      const to = s.pair[i + 1]?.from ?? Math.max(end, run.from);
      const points = s.times.flatMap((t, n) => (t >= run.from && (t < to || i === s.pair.length - 1) ? [n] : []));
      const of = (metric: string) => points.flatMap((n) => { const v = s.values[metric]?.[n]; return v === null || v === undefined ? [] : [v]; });
      const mean = (v: number[]) => (v.length ? v.reduce((a, b) => a + b, 0) / v.length : null);
      const sum = (v: number[]) => (v.length ? v.reduce((a, b) => a + b, 0) : null);
      out.push({ from: run.from, to, pair: run.value, rtt: mean(of("rtt")), sent: mean(of("bitrate_sent")), received: mean(of("bitrate")), requests: sum(of("ice_requests")), responses: sum(of("ice_responses")) });
    });
  }
  return out.sort((a, b) => a.from - b.from);
}
