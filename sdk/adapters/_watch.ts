// What the adapters share: they listen without ever throwing into the page,
// say who is who, and repeat nothing that the SDK tells by itself.
import { type Identity, peerglass } from "../src/index";

export type { Identity };

/** Ends what a watch… function began; what it said stays said. */
export type Stop = () => void;

/**
 * What a page may say beside what its library knows: any part of join's
 * identity, and which name of Peerglass another's media goes by.
 */
export interface Options<Sender> extends Partial<Identity> {
  /** Names the user that a received stream comes from, as that user's own page names itself. */
  userOf?: (sender: Sender) => string;
}

/** Something with events, as Node and the libraries have it. */
export interface Emitter {
  on(event: string, listener: (...args: any[]) => void): unknown;
  off(event: string, listener: (...args: any[]) => void): unknown;
}

/** Kinds of media, as Peerglass names them. */
export type Kind = "audio" | "video" | "screen";

/** One watched room, conference, device or connection. */
export class Watch<Sender> {
  private _stops: (() => void)[] = [];
  private _identity: Partial<Identity>;
  private _userOf: ((sender: Sender) => string) | undefined;
  private _mutes = new Map<Kind, string>(); // how the mute of a kind was told: the track, "" by us
  private _screens = new Set<MediaStreamTrack>(); // own ones of which we told
  private _speaker: string | undefined;
  private _down = false;
  private _joined = false;

  constructor(options?: Options<Sender>) {
    const { userOf, ...identity } = options ?? {};
    this._identity = identity;
    this._userOf = userOf;
  }

  /** Listens until the watch ends. */
  on(emitter: Emitter, event: string, listener: (...args: any[]) => void): void {
    const guarded = (...args: unknown[]): void => guard(() => listener(...args));
    guard(() => emitter.on(event, guarded));
    this._stops.push(() => emitter.off(event, guarded));
  }

  /** Does something at once. */
  now(f: () => void): void {
    guard(f);
  }

  stop: Stop = () => {
    for (const stop of this._stops.splice(0)) guard(stop);
  };

  /** Joins as the library says, or as the page does. */
  join(known: Partial<Identity>): void {
    const identity = { ...known, ...defined(this._identity) };
    if (!identity.room) return;
    this._joined = true;
    peerglass.join(identity as Identity);
  }

  /** What Peerglass calls a sender: by the page's word, or else by the library's. */
  user(sender: Sender, known: unknown): string {
    let said: string | undefined;
    guard(() => (said = this._userOf?.(sender)));
    return String(said ?? known ?? "");
  }

  /** Says whose stream it is, and whether it shows a screen. */
  received(track: MediaStreamTrack | null | undefined, user: string, kind: Kind, label?: string): void {
    if (!track || !user) return;
    peerglass.mapStream(track, user, label ?? kind);
    if (kind === "screen" && track.kind === "video") this.shares(track, true, user);
  }

  /** Another user begins or ends to show a screen. */
  shares(track: MediaStreamTrack, on: boolean, user: string): void {
    peerglass.event("screenShare", { on, track: track.id, user });
  }

  /**
   * The user begins or ends to show a screen. A track of getDisplayMedia names
   * its surface, and of those the SDK has told already.
   */
  ownScreen(track: MediaStreamTrack | null | undefined, on: boolean): void {
    if (!track || (on && track.getSettings().displaySurface)) return;
    if (on) this._screens.add(track);
    else if (!this._screens.delete(track)) return;
    peerglass.event("screenShare", { on, track: track.id });
  }

  /**
   * The user mutes or unmutes own media. Libraries mostly do it by switching
   * the track off, and that the SDK has told already.
   */
  muted(kind: Kind, track: MediaStreamTrack | null | undefined, muted: boolean): void {
    const told = this._mutes.get(kind);
    if (muted === (told !== undefined)) return;
    if (muted) {
      const switched = track && !track.enabled ? track.id : "";
      this._mutes.set(kind, switched);
      if (!switched) peerglass.event("mute", { kind });
      return;
    }
    this._mutes.delete(kind);
    if (told && told === track?.id && track.enabled) return;
    peerglass.event("unmute", { kind, track: told ? track?.id : undefined });
  }

  /** Another user mutes or unmutes what is received. */
  mutedBy(user: string, kind: Kind, track: MediaStreamTrack | null | undefined, muted: boolean): void {
    if (user) peerglass.event(muted ? "mute" : "unmute", { kind, user, track: track?.id });
  }

  /** Who speaks the loudest; told when it changes. */
  speaks(user: string | undefined): void {
    if (!user || user === this._speaker) return;
    this._speaker = user;
    peerglass.event("dominantSpeaker", { user });
  }

  /** The user listens with another device. */
  listensWith(id: string): void {
    void navigator.mediaDevices.enumerateDevices().then((all) => {
      const label = all.find((d) => d.kind === "audiooutput" && d.deviceId === id)?.label;
      if (label) peerglass.event("devices", { audiooutput: label });
    }, () => undefined);
  }

  /** The library's connection is lost, and it tries to have it back. */
  lost(more?: object): void {
    if (!this._down) peerglass.event("reconnecting", more);
    this._down = true;
  }

  /** It has it back. */
  back(): void {
    if (this._down) peerglass.event("reconnected");
    this._down = false;
  }

  /** The call is over for this user, and why; told once for each join. */
  left(reason: string): void {
    if (!this._joined) return;
    this._joined = this._down = false;
    this._speaker = undefined;
    this._mutes.clear();
    this._screens.clear();
    peerglass.event("disconnected", { reason });
    void peerglass.leave();
  }

  /** Something failed that the library reports. */
  failed(where: string, error: unknown): void {
    const e = error as { name?: unknown; message?: unknown } | undefined;
    peerglass.event("error", { function: where, name: e?.name, message: e?.message ?? String(error) });
  }
}

/** A fault of ours is nobody's trouble in the page. */
function guard(f: () => unknown): void {
  try {
    f();
  } catch {
    // The library's next event is looked at all the same.
  }
}

function defined<T extends object>(o: T): Partial<T> {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
}
