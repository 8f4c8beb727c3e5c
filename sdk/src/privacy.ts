import { Kind } from "./encoder";
import type { Config, Outgoing } from "./types";

const KINDS = ["", "open", "call", "state", "stats", "event", "feedback", "log", "close"] as const;
const V4 = /\b\d{1,3}(\.\d{1,3}){3}\b/g;
// No longer row of hex groups, such as a fingerprint, is taken for an address.
const V6 = /(^|[^\w:.])(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}(?![\w:.])/gi;

/** IP addresses in a text, reduced to their family. */
export function maskAddresses(text: string): string {
  return text.replace(V4, "x.x.x.x").replace(V6, "$1x:x:x:x:x:x:x:x");
}

/** The name and JSON of a record that may leave the page; undefined: none of it may. */
export function screen(config: Config, kind: Kind, name: string, connection: number, body: string): [name: string, body: string] | undefined {
  const told = kind === Kind.Call || kind === Kind.State;
  if (told && config.sendSDP === false) body = body.replace(/"sdp":"(?:[^"\\]|\\.)*"/g, '"sdp":""');
  if (told && config.maskIPs) body = maskAddresses(body);
  if (!config.beforeSend) return [name, body];
  const out = ask(config, kind, name, connection, body && JSON.parse(body));
  if (out) return [String(out.name), out.payload === undefined || out.payload === "" ? "" : JSON.stringify(out.payload)];
  // A session cannot do without its first and last word.
  return kind === Kind.Open ? [name, "{}"] : kind === Kind.Close ? [name, ""] : undefined;
}

/** The same for a result of getStats. */
export function screenStats(config: Config, connection: number, result: RTCStatsReport): RTCStatsReport | undefined {
  if (!config.maskIPs && !config.beforeSend) return result;
  const reports: Record<string, Record<string, unknown>> = {};
  result.forEach((s: RTCStats) => {
    const report: Record<string, unknown> = (reports[s.id] = { ...s });
    if (config.maskIPs) {
      for (const member of ["address", "ip", "relatedAddress", "url"]) {
        const value = report[member];
        if (typeof value === "string") report[member] = maskAddresses(value);
      }
    }
  });
  const out = config.beforeSend ? ask(config, Kind.Stats, "getstats", connection, reports)?.payload : reports;
  return out ? ({ forEach: (f: (s: unknown) => void) => Object.values(out).forEach((s) => f(s)) } as unknown as RTCStatsReport) : undefined;
}

function ask(config: Config, kind: Kind, name: string, connection: number, payload: unknown): Outgoing | null | undefined {
  return config.beforeSend!({ kind: KINDS[kind] as Outgoing["kind"], name, connection: connection ? "PC_" + (connection - 1) : "", payload });
}
