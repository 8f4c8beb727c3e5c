// What is said where nothing is: what a page calls to have it here.
import type { Lane } from "../api/events";

export interface Hint {
  /** In the lane. */
  none: string;
  /** Where rows of the lane were asked for. */
  how: string;
  /** A line to copy, where there is one. */
  code?: string;
}

export const laneHints: Record<Lane, Hint> = {
  room: { none: "nobody joined or left in this time", how: "Joins and leaves are told by peerglass.join and leave, or by the library's adapter.", code: 'peerglass.join({ room, user, userName })' },
  connection: { none: "no connection was made or changed in this time", how: "Connections are seen by themselves as soon as the SDK is loaded before the first one is made." },
  media: { none: "nothing was switched on, off or muted in this time", how: "Tracks, mutes and screen shares are seen where they happen. A page that mutes in another way says so.", code: 'peerglass.event("mute", { kind: "audio" })' },
  device: { none: "no device was opened or changed, the page was seen all the time", how: "Devices and the page's visibility are seen by themselves. The loudspeaker is the one thing that no browser tells.", code: 'peerglass.event("devices", { audiooutput: label })' },
  error: { none: "no error was told", how: "Failed calls of the API are seen by themselves. What fails in the application, it reports.", code: 'peerglass.event("error", { function: "join", name: e.name, message: e.message })' },
  application: { none: "the application logged nothing", how: "Logs and events of the application's own.", code: 'peerglass.log("warn", "bridge is slow"); peerglass.event("whiteboard", { opened: true })' },
  feedback: { none: "no user rated the call", how: "A rating of 1 to 5, all members optional.", code: 'peerglass.feedback({ overall: 4, audio: 5, video: 3, comment: "…" })' },
};
