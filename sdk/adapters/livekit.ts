// livekit-client: watchRoom(room), before or after room.connect.
import { type Emitter, type Kind, type Options, type Stop, Watch } from "./_watch";

export type { Options, Stop };

/** What is used of livekit-client's Participant. */
export interface Participant {
  readonly identity: string;
  readonly name?: string;
  readonly isLocal?: boolean;
  readonly trackPublications?: Map<string, Publication>;
}

/** What is used of livekit-client's TrackPublication. */
export interface Publication {
  readonly source: string;
  readonly kind: string;
  readonly isMuted: boolean;
  readonly track?: { readonly mediaStreamTrack: MediaStreamTrack };
}

/** What is used of livekit-client's Room. */
export interface Room extends Emitter {
  readonly name: string;
  readonly state: string;
  readonly localParticipant: Participant;
  readonly remoteParticipants: Map<string, Participant>;
}

// livekit.DisconnectReason, in its order.
const REASONS = [
  "unknown", "client initiated", "duplicate identity", "server shutdown", "participant removed", "room deleted", "state mismatch",
  "join failure", "migration", "signal closed", "room closed", "user unavailable", "user rejected", "SIP trunk failure",
  "connection timeout", "media failure", "agent error",
];

/** Watches a LiveKit room: who is in it, whose streams are received, and what happens. */
export function watchRoom(room: Room, options?: Options<Participant>): Stop {
  const watch = new Watch(options);
  const userOf = (p: Participant): string => watch.user(p, p.identity);

  const joined = (): void => {
    const me = room.localParticipant;
    watch.join({ room: room.name, user: userOf(me), userName: me.name || undefined });
  };
  const subscribed = (publication: Publication, participant: Participant): void => {
    const track = publication.track?.mediaStreamTrack;
    if (!track) return;
    watch.received(track, userOf(participant), kindOf(publication), publication.source);
    if (publication.isMuted) watch.mutedBy(userOf(participant), kindOf(publication), track, true);
  };
  const muted = (publication: Publication, participant: Participant, is: boolean): void => {
    const track = publication.track?.mediaStreamTrack;
    if (participant === room.localParticipant) watch.muted(kindOf(publication), track, is);
    else watch.mutedBy(userOf(participant), kindOf(publication), track, is);
  };

  // The room's name is known once the signalling stands, before any media.
  watch.on(room, "signalConnected", joined);
  watch.on(room, "connected", joined);
  watch.on(room, "trackSubscribed", (_, publication: Publication, participant: Participant) => subscribed(publication, participant));
  watch.on(room, "trackUnsubscribed", (track: { mediaStreamTrack: MediaStreamTrack }, publication: Publication, participant: Participant) => {
    if (isScreen(publication) && track.mediaStreamTrack.kind === "video") watch.shares(track.mediaStreamTrack, false, userOf(participant));
  });
  watch.on(room, "trackMuted", (publication: Publication, participant: Participant) => muted(publication, participant, true));
  watch.on(room, "trackUnmuted", (publication: Publication, participant: Participant) => muted(publication, participant, false));
  for (const [event, on] of [["localTrackPublished", true], ["localTrackUnpublished", false]] as const) {
    watch.on(room, event, (publication: Publication) => isScreen(publication) && watch.ownScreen(publication.track?.mediaStreamTrack, on));
  }
  watch.on(room, "activeSpeakersChanged", (speakers: Participant[]) => {
    if (speakers[0]) watch.speaks(userOf(speakers[0]));
  });
  // What is sent from the SDK knows; what is listened with only the library.
  watch.on(room, "activeDeviceChanged", (kind: string, id: string) => kind === "audiooutput" && watch.listensWith(id));
  watch.on(room, "mediaDevicesError", (error: unknown, kind?: string) => watch.failed(kind ? "getUserMedia " + kind : "getUserMedia", error));
  watch.on(room, "trackSubscriptionFailed", (sid: string, participant: Participant, error: unknown) =>
    watch.failed("subscribe", { name: "TrackSubscriptionFailed", message: `${sid} of ${userOf(participant)}: ${String(error ?? "unknown")}` }),
  );
  watch.on(room, "signalReconnecting", () => watch.lost({ only: "signalling" }));
  watch.on(room, "reconnecting", () => watch.lost());
  watch.on(room, "reconnected", () => watch.back());
  watch.on(room, "disconnected", (reason?: number) => watch.left(REASONS[reason ?? 0] ?? String(reason)));

  watch.now(() => {
    if (room.state !== "connected") return;
    joined();
    for (const p of room.remoteParticipants.values()) for (const publication of p.trackPublications?.values() ?? []) subscribed(publication, p);
  });
  return watch.stop;
}

function isScreen(publication: Publication): boolean {
  return publication.source === "screen_share";
}

function kindOf(publication: Publication): Kind {
  return isScreen(publication) ? "screen" : publication.kind === "video" ? "video" : "audio";
}
