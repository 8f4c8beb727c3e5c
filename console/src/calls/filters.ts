// The filters of the call list live in the address, so that a list can be sent
// to a colleague. Relative ranges stay relative: "today" is today whenever the
// link is opened.

export const ranges = ["today", "yesterday", "6h", "7d", "14d", "all", "custom"] as const;
export type Range = (typeof ranges)[number];

export const rangeNames: Record<Range, string> = { today: "Today", yesterday: "Yesterday", "6h": "Last 6 hours", "7d": "Last 7 days", "14d": "Last 14 days", all: "All", custom: "Custom" };

export const sorts = ["start", "duration", "users", "room", "status", "score"] as const;
export type Sort = (typeof sorts)[number];

export const severities = ["none", "low", "medium", "high"] as const;
export type Severity = "" | (typeof severities)[number];

export const severityNames: Record<Exclude<Severity, "">, string> = { none: "No issue found", low: "Any issue", medium: "Medium or worse", high: "High" };

export interface Filters {
  range: Range;
  /** Unix ms; only for a custom range. */
  from?: number;
  to?: number;
  room: string;
  user: string;
  call: string;
  /** "key=value", or a key alone. */
  key: string;
  status: "" | "active" | "ended";
  issues: string[];
  severity: Severity;
  minScore: number;
  maxScore: number;
  regions: string[];
  browsers: string[];
  systems: string[];
  sort: Sort;
  ascending: boolean;
  size: number;
}

export const sizes = [10, 20, 50, 100];

/** What narrows nothing: every member but the range, the order and the size. */
export const unfiltered = {
  room: "", user: "", call: "", key: "", status: "", issues: [] as string[], severity: "", minScore: 0, maxScore: 10,
  regions: [] as string[], browsers: [] as string[], systems: [] as string[],
} as const satisfies Partial<Filters>;

const one = <T extends string>(all: readonly T[], value: string | null): T | undefined => all.find((v) => v === value);

export function readFilters(p: URLSearchParams): Filters {
  const sort = p.get("sort") ?? "";
  const known = one(sorts, sort.replace(/^-/, ""));
  const number = (name: string) => {
    const n = Number(p.get(name));
    return p.get(name) && Number.isFinite(n) ? n : undefined;
  };
  const score = (name: string, usual: number) => Math.min(10, Math.max(0, number(name) ?? usual));
  return {
    range: one(ranges, p.get("range")) ?? "7d", from: number("from"), to: number("to"),
    room: p.get("room") ?? "", user: p.get("user") ?? "", call: p.get("call") ?? "", key: p.get("key") ?? "",
    status: one(["active", "ended"] as const, p.get("status")) ?? "",
    issues: p.getAll("issue"), severity: one(severities, p.get("severity")) ?? "",
    minScore: score("minScore", 0), maxScore: score("maxScore", 10),
    regions: p.getAll("region"), browsers: p.getAll("browser"), systems: p.getAll("os"),
    sort: known ?? "start",
    ascending: known !== undefined && !sort.startsWith("-"),
    size: sizes.find((s) => String(s) === p.get("size")) ?? 10,
  };
}

/** Writes filters over p; what is as it is without being said is left out. */
export function writeFilters(p: URLSearchParams, f: Filters): URLSearchParams {
  const out = new URLSearchParams(p);
  const put = (name: string, value: string, usual = "") => { if (value === usual) out.delete(name); else out.set(name, value); };
  const putAll = (name: string, values: string[]) => { out.delete(name); for (const v of values) out.append(name, v); };
  put("range", f.range, "7d");
  put("from", f.range === "custom" && f.from ? String(f.from) : "");
  put("to", f.range === "custom" && f.to ? String(f.to) : "");
  put("room", f.room);
  put("user", f.user);
  put("call", f.call);
  put("key", f.key);
  put("status", f.status);
  putAll("issue", f.issues);
  put("severity", f.severity);
  put("minScore", String(f.minScore), "0");
  put("maxScore", String(f.maxScore), "10");
  putAll("region", f.regions);
  putAll("browser", f.browsers);
  putAll("os", f.systems);
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
    case "14d": return { from: before(14) };
    case "all": return {};
    case "custom": return { from: f.from ? new Date(f.from) : undefined, to: f.to ? new Date(f.to) : undefined };
  }
}

/** A filter that narrows the list, as a chip shows it, and what takes it away. */
export interface Chip {
  name: string;
  value: string;
  without: Partial<Filters>;
}

/** The filters that narrow the list. labelOf names a type of issue. */
export function chips(f: Filters, labelOf: (type: string) => string): Chip[] {
  const all: Chip[] = [];
  const text = (name: string, key: "room" | "user" | "call" | "key") => { if (f[key]) all.push({ name, value: f[key], without: { [key]: "" } }); };
  const list = (name: string, key: "issues" | "regions" | "browsers" | "systems", shown = (v: string) => v) => {
    for (const v of f[key]) all.push({ name, value: shown(v), without: { [key]: f[key].filter((x) => x !== v) } });
  };
  text("Room", "room");
  text("User", "user");
  if (f.status) all.push({ name: "Status", value: f.status === "active" ? "In progress" : "Ended", without: { status: "" } });
  text("Call", "call");
  text("Key", "key");
  list("Issue", "issues", labelOf);
  if (f.severity) all.push({ name: "Severity", value: severityNames[f.severity], without: { severity: "" } });
  if (f.minScore > 0 || f.maxScore < 10) all.push({ name: "Score", value: `${f.minScore} to ${f.maxScore}`, without: { minScore: 0, maxScore: 10 } });
  list("Region", "regions");
  list("Browser", "browsers");
  list("OS", "systems");
  return all;
}
