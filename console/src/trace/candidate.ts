// Reads an ICE candidate (RFC 8839) as events and descriptions have it.

export type CandidateType = "host" | "srflx" | "prflx" | "relay";

export interface Candidate {
  foundation: string;
  component: number;
  /** udp or tcp; ssltcp is of Google's own. */
  protocol: string;
  priority: number;
  /** As the client told it, which may be masked: x.x.x.x, a name under .local, or nothing. */
  address: string;
  port: number;
  type: CandidateType | string;
  tcpType: string;
  relatedAddress: string;
  relatedPort: number | null;
  ufrag: string;
  /** The STUN or TURN server that gave it, where the browser tells it. */
  url: string;
  /** How a relay is reached: udp, tcp or tls; empty where not told. Priorities tell it too, but each browser and version in its own way. */
  relayProtocol: string;
  /** wifi, cellular …, by the network cost of Chromium; empty where not told. */
  network: string;
}

/** Undefined for what is no candidate: the end of them, or a text that is something else. */
export function parseCandidate(text: string): Candidate | undefined {
  const words = text.trim().replace(/^a=/, "").split(/\s+/);
  if (!words[0]?.startsWith("candidate:") || words.length < 8 || words[6] !== "typ") return undefined;
  const [foundation = "", component, protocol = "", priority, address = "", port, , type = ""] = words;
  const more = new Map<string, string>();
  for (let i = 8; i + 1 < words.length; i += 2) more.set(words[i] as string, words[i + 1] as string);
  const related = more.get("rport");
  return {
    foundation: foundation.slice("candidate:".length), component: Number(component), protocol: protocol.toLowerCase(), priority: Number(priority),
    address, port: Number(port), type, tcpType: more.get("tcptype") ?? "", relatedAddress: more.get("raddr") ?? "", relatedPort: related === undefined ? null : Number(related),
    ufrag: more.get("ufrag") ?? "", url: "", relayProtocol: "", network: networkOf(more.get("network-cost")),
  };
}

function networkOf(cost: string | undefined): string {
  switch (cost) {
    case "0": return "ethernet";
    case "10": return "wifi";
    case "250": case "500": case "900": case "910": case "980": return "cellular";
    default: return "";
  }
}

/** Two that differ in their m-line only are one: bundled media share their candidates. */
export const sameCandidate = (a: Candidate, b: Candidate): boolean =>
  a.component === b.component && a.protocol === b.protocol && a.address === b.address && a.port === b.port && a.type === b.type && a.tcpType === b.tcpType && a.relatedPort === b.relatedPort &&
  (a.ufrag === b.ufrag || !a.ufrag || !b.ufrag);

export const typeNames: Record<string, string> = {
  host: "an address of the machine itself",
  srflx: "the address that a STUN server saw",
  prflx: "an address that the other end saw during the checks",
  relay: "an address on a TURN relay",
};
