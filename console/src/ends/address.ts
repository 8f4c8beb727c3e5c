// What this page keeps in the address beside the words that all pages of a
// call share (call/range.ts): the two ends, and which dots are hidden.

export interface Ends {
  /** The stay that receives. */
  receiver?: string;
  /** The stay that sends. */
  sender?: string;
  /** A sender without a stay of its own: the user that the receiver's streams name … */
  user?: string;
  /** … or one of the streams, where nobody is named. */
  stream?: number;
  /** Types of events whose dots are hidden. */
  hidden: ReadonlySet<string>;
}

/** Dots of client events beside the guide's are shown when they are asked for. */
const usual = "client";

export function readEnds(p: URLSearchParams): Ends {
  const stream = Number(p.get("stream"));
  return {
    receiver: p.get("receiver") || undefined,
    sender: p.get("sender") || undefined,
    user: p.get("remote") || undefined,
    stream: Number.isInteger(stream) && stream > 0 ? stream : undefined,
    hidden: new Set((p.get("hide") ?? usual).split(",").filter(Boolean)),
  };
}

export function writeEnds(p: URLSearchParams, e: Partial<Ends>): URLSearchParams {
  const out = new URLSearchParams(p);
  const put = (name: string, value: string | undefined) => { if (value) out.set(name, value); else out.delete(name); };
  if ("receiver" in e) put("receiver", e.receiver);
  if ("sender" in e) put("sender", e.sender);
  if ("user" in e) put("remote", e.user);
  if ("stream" in e) put("stream", e.stream ? String(e.stream) : undefined);
  if (e.hidden) {
    const value = [...e.hidden].sort().join(",");
    if (value === usual) out.delete("hide"); else out.set("hide", value);
  }
  return out;
}

/** The two ends the other way round; only where both are stays of the call. */
export const swapped = (e: Ends): Partial<Ends> | undefined =>
  e.receiver && e.sender ? { receiver: e.sender, sender: e.receiver, user: undefined, stream: undefined } : undefined;
