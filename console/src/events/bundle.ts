// Where rows lie on the time line: dots that would lie upon each other are one.

/** Something at an instant. */
export interface At {
  time: number;
}

/** Rows that are shown as one dot. */
export interface Bundle<T extends At> {
  /** Pixels from the left, of its middle. */
  x: number;
  items: T[];
}

/** Gathers rows, by time, whose dots would stand closer than so many pixels. */
export function bundle<T extends At>(rows: T[], range: [number, number], width: number, least: number): Bundle<T>[] {
  const [from, to] = range;
  const scale = width / Math.max(to - from, 1);
  const out: (Bundle<T> & { first: number })[] = [];
  for (const row of rows) {
    if (row.time < from || row.time > to) continue;
    const x = (row.time - from) * scale;
    const last = out.at(-1);
    // Measured from the bundle's first: a dense row must not become one dot from end to end.
    if (last && x - last.first < least) {
      last.items.push(row);
      last.x = (last.first + x) / 2;
    } else out.push({ x, first: x, items: [row] });
  }
  return out.map(({ x, items }) => ({ x, items }));
}

/** Round instants for an axis, in the viewer's zone, at most so many. */
export function instants([from, to]: [number, number], most: number): number[] {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].map((s) => s * 1000);
  const step = steps.find((s) => (to - from) / s <= most) ?? 14_400_000;
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const out: number[] = [];
  for (let t = Math.ceil((from - offset) / step) * step + offset; t <= to; t += step) out.push(t);
  return out;
}

/** A time in which something held: muted, hidden, interrupted. */
export interface Held {
  from: number;
  /** Absent: it goes on. */
  to?: number;
  lane: string;
  label: string;
}

const pairs: Record<string, { over: string[]; label: string }> = {
  audio_disabled: { over: ["audio_opened", "exited"], label: "Audio off" },
  video_disabled: { over: ["video_opened", "exited"], label: "Video off" },
  screen_opened: { over: ["screen_disabled", "exited"], label: "Shares a screen" },
  page_hidden: { over: ["page_shown", "page_left", "exited"], label: "Page hidden" },
  device_muted: { over: ["device_unmuted", "device_closed", "device_lost", "exited"], label: "Muted by the system" },
  connection_interrupted: { over: ["connection_recovered", "connection_failed", "connection_closed", "exited"], label: "Interrupted" },
  network_offline: { over: ["network_online", "exited"], label: "Offline" },
  signaling_disconnected: { over: ["signaling_connected", "exited"], label: "Without signaling" },
  entered_room: { over: ["exited"], label: "In the room" },
};

/** The times in which something held, of rows by time; each begins with a row and ends with what is over it. */
export function held(rows: { time: number; session: string; type: string; lane: string; kind: string | null; connection: number }[]): Held[] {
  const out: Held[] = [];
  const open = new Map<string, Held & { type: string }>();
  for (const r of rows) {
    for (const [key, h] of open) {
      const [session, , kind, connection] = key.split("|") as [string, string, string, string];
      if (session !== r.session || !pairs[h.type]?.over.includes(r.type)) continue;
      if (r.type !== "exited" && (kind !== (r.kind ?? "") || (h.lane === "connection" && connection !== String(r.connection)))) continue;
      h.to = r.time;
      open.delete(key);
    }
    const p = pairs[r.type];
    const key = `${r.session}|${r.type}|${r.kind ?? ""}|${r.connection}`;
    if (!p || open.has(key)) continue;
    const h = { from: r.time, lane: r.lane, label: p.label, type: r.type };
    open.set(key, h);
    out.push(h);
  }
  return out;
}
