// What the call page shows is in the address: the range, the user, the side,
// the tab and the open event, so that one link leads a colleague to a moment.

export interface View {
  session?: string;
  side: "receive" | "send";
  tab: "all" | "video" | "audio" | "screen";
  /** Unix ms; absent: the whole call. */
  range?: [number, number];
  event: string | null;
}

export function readView(p: URLSearchParams): View {
  const tab = p.get("tab");
  const from = Number(p.get("from"));
  const to = Number(p.get("to"));
  return {
    session: p.get("session") ?? undefined,
    side: p.get("side") === "send" ? "send" : "receive",
    tab: tab === "video" || tab === "audio" || tab === "screen" ? tab : "all",
    range: p.get("from") && p.get("to") && Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : undefined,
    event: p.get("event"),
  };
}

export function writeView(p: URLSearchParams, v: Partial<View>): URLSearchParams {
  const out = new URLSearchParams(p);
  const put = (name: string, value: string | null | undefined) => { if (value) out.set(name, value); else out.delete(name); };
  if ("session" in v) put("session", v.session);
  if ("side" in v) put("side", v.side === "send" ? "send" : "");
  if ("tab" in v) put("tab", v.tab === "all" ? "" : v.tab);
  if ("event" in v) put("event", v.event);
  if ("range" in v) {
    put("from", v.range ? String(Math.round(v.range[0])) : "");
    put("to", v.range ? String(Math.round(v.range[1])) : "");
  }
  return out;
}
