// Which of the events of a stay each view offers as dots: the guide's list for
// each, and the client events that it says to pay attention to.
import type { Mark } from "../chart/Chart";
import type { Happening, Kind } from "./told";

export type Half = "send" | "receive";

export interface EventType {
  type: string;
  label: string;
  color: { light: string; dark: string };
  shape: NonNullable<Mark["shape"]>;
}

// Colours and shapes are those that GET /happening-types names for each, so
// that an event looks alike on every page. Together they name a type: it takes
// no colour vision.
const blue = { light: "#0072b2", dark: "#56b4e9" };
const sky = { light: "#2b8fc4", dark: "#8fd0f5" };
const green = { light: "#00805f", dark: "#2dc79a" };
const orange = { light: "#d55e00", dark: "#f28e3c" };
const amber = { light: "#b07a00", dark: "#f0bb4a" };
const purple = { light: "#7a4fa3", dark: "#b49ad6" };
const grey = { light: "#5f6775", dark: "#aab1bd" };

const entered: EventType = { type: "entered_room", label: "Entered room", color: blue, shape: "circle" };
const signaling: EventType = { type: "signaling_connected", label: "Connected signaling channel", color: sky, shape: "circle" };
const upEstablishing: EventType = { type: "upstream_establishing", label: "Establishing upstream channel", color: amber, shape: "triangle" };
const upEstablished: EventType = { type: "upstream_established", label: "Established upstream channel", color: green, shape: "triangle" };
const downEstablished: EventType = { type: "downstream_established", label: "Established downstream channel", color: green, shape: "diamond" };
const lost: EventType = { type: "signaling_disconnected", label: "Signaling channel disconnected", color: orange, shape: "circle" };
const exited: EventType = { type: "exited", label: "Exited voluntarily", color: grey, shape: "circle" };
const looks: Record<Kind, { on: Pick<EventType, "color" | "shape">; off: Pick<EventType, "color" | "shape">; remote: Pick<EventType, "color" | "shape"> }> = {
  video: { on: { color: blue, shape: "square" }, off: { color: orange, shape: "square" }, remote: { color: green, shape: "square" } },
  audio: { on: { color: blue, shape: "triangle" }, off: { color: orange, shape: "triangle" }, remote: { color: green, shape: "triangle" } },
  screen: { on: { color: purple, shape: "square" }, off: { color: grey, shape: "square" }, remote: { color: green, shape: "square" } },
};
const opened = (kind: Kind): EventType => ({ type: `${kind}_opened`, label: `Open ${kind}`, ...looks[kind].on });
const disabled = (kind: Kind): EventType => ({ type: `${kind}_disabled`, label: `Disable ${kind}`, ...looks[kind].off });
const remoteOpened = (kind: Kind): EventType => ({ type: `remote_${kind}_opened`, label: `Open remote ${kind}`, ...looks[kind].remote });

/** The types of a half. alone: entered from the sender, without a receiver. */
export function typesOf(half: Half, kind: Kind, alone: boolean): EventType[] {
  if (half === "send") {
    const all = [entered, signaling, upEstablishing, opened(kind), downEstablished, disabled(kind), lost, exited];
    return alone ? all.filter((t) => t !== downEstablished) : all;
  }
  return kind === "audio"
    ? [entered, signaling, upEstablishing, downEstablished, exited]
    : [entered, signaling, downEstablished, remoteOpened(kind), upEstablished, exited];
}

/** The rest that explains what is seen: devices, networks, mutes, errors. One button shows it. */
export const further: EventType = { type: "client", label: "Other client events", color: grey, shape: "diamond" };

// Lanes whose events say what changed for the user, and what of the connection
// does; who speaks the loudest changes all the time.
const lanes = new Set(["media", "device", "error", "feedback"]);
const notable = new Set(["network_switched", "network_offline", "network_online", "path_changed", "ice_restarted", "role_switched", "first_frame", "upstream_establishing", "upstream_established", "downstream_establishing", "downstream_established", "connection_recovered"]);
const noise = new Set(["dominant_speaker"]);

const aboutKind = (h: Happening, kind: Kind) => h.kind === null || h.kind === "" || h.kind === kind;

/** The button that shows a happening in a view; undefined: it has no place there. */
export function typeOf(h: Happening, types: EventType[], kind: Kind): EventType | undefined {
  const named = types.find((t) => t.type === h.type);
  if (named && aboutKind(h, kind)) return named;
  return (lanes.has(h.lane) && !noise.has(h.type)) || notable.has(h.type) || h.severity !== "info" ? further : undefined;
}

export interface Counted extends EventType { count: number }

/** The dots of a chart and what its buttons count within the range. */
export function dots(all: Happening[], types: EventType[], kind: Kind, hidden: ReadonlySet<string>, range: [number, number], scheme: "light" | "dark"): { marks: Mark[]; buttons: Counted[] } {
  const counts = new Map<string, number>();
  const marks: Mark[] = [];
  for (const h of all) {
    const t = typeOf(h, types, kind);
    if (!t) continue;
    const time = Date.parse(h.time);
    if (time >= range[0] && time <= range[1]) counts.set(t.type, (counts.get(t.type) ?? 0) + 1);
    if (hidden.has(t.type)) continue;
    const label = t === further ? h.label : t.label;
    marks.push({
      time, id: h.id, type: t.type, severity: h.severity, color: t.color[scheme], shape: t.shape,
      label: [label, h.text && h.text !== label ? h.text : "", h.cause ? `because of ${h.cause}` : ""].filter(Boolean).join(" · "),
    });
  }
  return { marks, buttons: [...types, further].map((t) => ({ ...t, count: counts.get(t.type) ?? 0 })) };
}
