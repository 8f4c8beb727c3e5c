// A plain RTCPeerConnection: watchPeer(pc, { room, user, remoteUser }), once for each connection.
import { type Options as Said, type Stop, Watch } from "./_watch";

export type { Stop };

/** A connection knows nobody: the page says who stands at its two ends. */
export interface Options extends Omit<Said<never>, "userOf"> {
  /** Who is at the other end. */
  remoteUser: string;
}

/** Watches a connection whose other end is one user. Without a room the page joins by itself. */
export function watchPeer(pc: RTCPeerConnection, options: Options): Stop {
  const { remoteUser, ...identity } = options ?? {};
  const watch = new Watch<never>(identity);
  const events = {
    on: (event: string, listener: (e: never) => void) => pc.addEventListener(event, listener as EventListener),
    off: (event: string, listener: (e: never) => void) => pc.removeEventListener(event, listener as EventListener),
  };
  const received = (track: MediaStreamTrack): void => watch.received(track, remoteUser, track.kind === "video" ? "video" : "audio");

  watch.on(events, "track", (e: RTCTrackEvent) => received(e.track));
  watch.on(events, "connectionstatechange", () => {
    if (pc.connectionState === "disconnected") watch.lost({ user: remoteUser });
    else if (pc.connectionState === "connected") watch.back();
    else if (pc.connectionState === "failed") watch.failed("connection", { name: "ConnectionFailed", message: `the connection to ${remoteUser} failed` });
  });
  watch.now(() => {
    watch.join({});
    for (const receiver of pc.getReceivers()) if (receiver.track) received(receiver.track);
  });
  return watch.stop;
}
