// mediasoup-client: watchDevice(device, { room, user }), before its first transport is made.
import { type Emitter, type Kind, type Options as Said, type Stop, Watch } from "./_watch";

export type { Stop };

/** What the application keeps with a producer or consumer. */
export type AppData = Record<string, unknown>;

/** What is used of mediasoup-client's Producer. */
export interface Producer {
  readonly kind: string;
  readonly track: MediaStreamTrack | null;
  readonly paused: boolean;
  readonly appData: AppData;
  readonly observer: Emitter;
}

/** What is used of mediasoup-client's Consumer. */
export interface Consumer extends Omit<Producer, "track"> {
  readonly producerId: string;
  readonly track: MediaStreamTrack;
}

/** What is used of mediasoup-client's Transport. */
export interface Transport extends Emitter {
  readonly direction: string;
  readonly observer: Emitter;
}

/** What is used of mediasoup-client's Device. */
export interface Device {
  readonly observer: Emitter;
}

/** mediasoup knows neither rooms nor users: the page says them. */
export interface Options extends Said<Consumer> {
  room: string;
  /**
   * Names the user that a consumer's media comes from. Without it that is
   * appData.user, userId or peerId of the consumer.
   */
  userOf?: (consumer: Consumer) => string;
}

/** Watches all transports that a mediasoup device will make. */
export function watchDevice(device: Device, options: Options): Stop {
  const watch = new Watch(options);
  const open = new Set<Transport>();
  const down = new Set<Transport>();

  const producer = (p: Producer): void => {
    const paused = (is: boolean): void => watch.muted(kindOf(p), p.track, is);
    if (p.paused) paused(true);
    watch.on(p.observer, "pause", () => paused(true));
    watch.on(p.observer, "resume", () => paused(false));
    const { track } = p;
    if (kindOf(p) !== "screen" || track?.kind !== "video") return;
    watch.ownScreen(track, true);
    watch.on(p.observer, "close", () => watch.ownScreen(track, false));
  };
  const consumer = (c: Consumer): void => {
    const user = watch.user(c, c.appData.user ?? c.appData.userId ?? c.appData.peerId);
    const kind = kindOf(c);
    const { track } = c; // a consumer that is closed has stopped it, but keeps it
    const paused = (is: boolean): void => watch.mutedBy(user, kind, track, is);
    watch.received(track, user, kind);
    if (c.paused) paused(true);
    watch.on(c.observer, "pause", () => paused(true));
    watch.on(c.observer, "resume", () => paused(false));
    if (kind === "screen" && track.kind === "video") watch.on(c.observer, "close", () => watch.shares(track, false, user));
  };
  const transport = (t: Transport): void => {
    open.add(t);
    watch.join({});
    watch.on(t.observer, "newproducer", producer);
    watch.on(t.observer, "newconsumer", consumer);
    watch.on(t, "connectionstatechange", (state: string) => {
      if (state === "disconnected") {
        down.add(t);
        watch.lost({ direction: t.direction });
      } else if (state === "connected") {
        if (down.delete(t) && !down.size) watch.back();
      } else if (state === "failed") watch.failed("transport " + t.direction, { name: "TransportFailed", message: "its connection failed" });
    });
    // Who closes the last transport has left.
    watch.on(t.observer, "close", () => {
      down.delete(t);
      if (open.delete(t) && !open.size) watch.left("transports closed");
    });
  };

  watch.now(() => {
    watch.on(device.observer, "newtransport", transport);
    watch.join({});
  });
  return watch.stop;
}

function kindOf({ kind, track, appData }: Producer | Consumer): Kind {
  const source = String(appData.source ?? appData.mediaTag ?? "");
  return /screen|desktop|display/i.test(source) || track?.getSettings().displaySurface ? "screen" : kind === "video" ? "video" : "audio";
}
