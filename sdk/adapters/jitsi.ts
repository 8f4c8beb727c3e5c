// lib-jitsi-meet: watchConference(conference), before or after conference.join.
import { type Emitter, type Kind, type Options, type Stop, Watch } from "./_watch";

export type { Options, Stop };

/** What is used of lib-jitsi-meet's JitsiLocalTrack and JitsiRemoteTrack. */
export interface Track extends Emitter {
  isLocal(): boolean;
  isMuted(): boolean;
  getType(): string;
  getTrack(): MediaStreamTrack;
  /** "camera" or "desktop". */
  readonly videoType?: string | null;
  getParticipantId?(): string;
}

/** What is used of lib-jitsi-meet's JitsiConference. */
export interface Conference extends Emitter {
  getName(): string;
  myUserId(): string;
  isJoined?(): unknown;
  getParticipants(): { getTracks(): Track[] }[];
}

/**
 * Watches a Jitsi conference: who is in it, whose streams are received, and what happens.
 * Users go by their ids in the conference (endpoint ids), which userOf may put into other words.
 */
export function watchConference(conference: Conference, options?: Options<string>): Stop {
  const watch = new Watch(options);

  const joined = (): void => {
    const me = conference.myUserId();
    watch.join({ room: conference.getName(), user: watch.user(me, me) });
  };
  const sender = (t: Track): string => {
    const id = t.getParticipantId?.() ?? "";
    return id && watch.user(id, id);
  };
  const added = (t: Track): void => {
    if (t.isLocal()) return;
    watch.received(t.getTrack(), sender(t), kindOf(t));
    if (t.isMuted()) watch.mutedBy(sender(t), kindOf(t), t.getTrack(), true);
    // A page may show its screen in the place of its camera.
    watch.on(t, "track.videoTypeChanged", (type: string) => watch.shares(t.getTrack(), type === "desktop", sender(t)));
  };

  watch.on(conference, "conference.joined", joined);
  watch.on(conference, "conference.trackAdded", added);
  watch.on(conference, "conference.trackRemoved", (t: Track) => {
    if (!t.isLocal() && kindOf(t) === "screen") watch.shares(t.getTrack(), false, sender(t));
  });
  watch.on(conference, "conference.trackMuteChanged", (t: Track) => {
    if (t.isLocal()) watch.muted(kindOf(t), t.getTrack(), t.isMuted());
    else watch.mutedBy(sender(t), kindOf(t), t.getTrack(), t.isMuted());
  });
  watch.on(conference, "conference.dominantSpeaker", (id: string) => watch.speaks(id && watch.user(id, id)));
  watch.on(conference, "conference.connectionInterrupted", () => watch.lost());
  watch.on(conference, "conference.connectionRestored", () => watch.back());
  watch.on(conference, "conference.failed", (reason: string) => watch.left(String(reason)));
  watch.on(conference, "conference.error", (error: unknown) => watch.failed("conference", { name: "ConferenceError", message: String(error) }));
  watch.on(conference, "conference.kicked", () => watch.left("kicked"));
  watch.on(conference, "conferenece.kicked", () => watch.left("kicked")); // older versions spell it so
  watch.on(conference, "conference.left", () => watch.left("left"));

  watch.now(() => {
    if (!conference.isJoined?.()) return;
    joined();
    for (const p of conference.getParticipants()) p.getTracks().forEach(added);
  });
  return watch.stop;
}

function kindOf(t: Track): Kind {
  return t.getType() === "audio" ? "audio" : t.videoType === "desktop" ? "screen" : "video";
}
