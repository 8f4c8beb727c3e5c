// The filters of the call list live in the address, so that a list can be sent
// to a colleague. Relative ranges stay relative: "today" is today whenever the
// link is opened.

export const ranges = ["today", "yesterday", "6h", "7d", "all", "custom"] as const;
export type Range = (typeof ranges)[number];

export const rangeNames: Record<Range, string> = { today: "Today", yesterday: "Yesterday", "6h": "Last 6 hours", "7d": "Last 7 days", all: "All", custom: "Custom" };

export type Sort = "start" | "duration" | "users" | "room" | "status";

export interface Filters {
  range: Range;
  /** Unix ms; only for a custom range. */
  from?: number;
  to?: number;
  room: string;
  user: string;
  status: "" | "active" | "ended";
  sort: Sort;
  ascending: boolean;
  size: number;
}

export const sizes = [10, 20, 50, 100];

export function readFilters(p: URLSearchParams): Filters {
  const range = ranges.find((r) => r === p.get("range")) ?? "7d";
  const status = p.get("status");
  const sort = p.get("sort") ?? "";
  const bare = sort.replace(/^-/, "");
  const known = ["start", "duration", "users", "room", "status"].includes(bare);
  const instant = (name: string) => {
    const ms = Number(p.get(name));
    return p.get(name) && Number.isFinite(ms) ? ms : undefined;
  };
  return {
    range, from: instant("from"), to: instant("to"),
    room: p.get("room") ?? "", user: p.get("user") ?? "",
    status: status === "active" || status === "ended" ? status : "",
    sort: known ? (bare as Sort) : "start",
    ascending: known && !sort.startsWith("-"),
    size: sizes.find((s) => String(s) === p.get("size")) ?? 10,
  };
}

/** Writes filters over p; what is as it is without being said is left out. */
export function writeFilters(p: URLSearchParams, f: Filters): URLSearchParams {
  const out = new URLSearchParams(p);
  const put = (name: string, value: string, usual: string) => { if (value === usual) out.delete(name); else out.set(name, value); };
  put("range", f.range, "7d");
  put("from", f.range === "custom" && f.from ? String(f.from) : "", "");
  put("to", f.range === "custom" && f.to ? String(f.to) : "", "");
  put("room", f.room, "");
  put("user", f.user, "");
  put("status", f.status, "");
  put("sort", (f.ascending ? "" : "-") + f.sort, "-start");
  put("size", String(f.size), "10");
  return out;
}

/** The instants that a range means now, in the viewer's zone. */
export function instants(f: Filters, now: Date): { from?: Date; to?: Date } {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const before = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  switch (f.range) {
    case "today": return { from: midnight };
    case "yesterday": return { from: before(1), to: midnight };
    case "6h": return { from: new Date(Math.floor((now.getTime() - 6 * 3_600_000) / 60_000) * 60_000) };
    case "7d": return { from: before(7) };
    case "all": return {};
    case "custom": return { from: f.from ? new Date(f.from) : undefined, to: f.to ? new Date(f.to) : undefined };
  }
}
