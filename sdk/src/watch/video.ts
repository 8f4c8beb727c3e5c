import { type Client, MACHINE, type Module, type Poll } from "../client";
import { guard, native } from "../native";
import { inbound } from "./inbound";

/** ms without a new picture from which on a gap counts (docs/protocol.md). */
const LONG = 600;
/** ms between two looks at whether the page is busy. */
const BEAT = 250;
/** ms by which a timer may be late in a page that is not busy. */
const LATE = 150;
/** ms by which it is late where the machine slept. */
const SLEPT = 5000;
/** ms without a new picture after which it is counted how many come: */
const EARLY = 300;
/** more than so many, none of them presented by the beat after, and again so many
 * more: nobody sees the element. Of what comes together at the end of a stall
 * the browser may show none, too, but after that comes nothing. */
const UNSEEN = 1;

/** An element that shows a received track. Holds neither: both may go. */
interface Watched {
  _el: WeakRef<HTMLVideoElement>;
  _user: string | undefined;
  _label: string | undefined;
  _track: string; // id, "" for none
  _told: string; // the track that was told to be the user's
  _report: string; // id of the report it had last
  _presented: number; // pictures that the browser had presented at the last call
  _at: number; // when the newest one was; 0: the next one ends no gap
  _come: number; // pictures that had come when the gap was EARLY long; −1: it is not yet
  _passed: number; // pictures that had come when some of them were to be presented by the next beat; 0: none were
  _spacing: number; // usual ms between two
  _doubt: boolean; // the page was busy since
  _charged: number; // ms of the gap that goes on that are in _stutter
  _stutter: number; // ms
  _shown: number;
  _stop: (e: Event) => void; // nothing is due from now on
}

/** Measures what elements show: each picture, and each gap between two.
 *
 * The browser calls for each picture that it presents. It passes over some
 * while the page is busy, and then says how many they were: a heartbeat tells
 * such a page from pictures that did not come. */
export class VideoWatch implements Module {
  private _all = new Set<Watched>();
  private _of = new WeakMap<HTMLVideoElement, Watched>();
  private _beat: number | undefined;
  private _due = 0; // of the next beat
  private _sure = 0; // until when the page was seen not to be busy
  private _lag = 0; // ms, at worst since the last poll

  constructor(private readonly _client: Client) {
    document.addEventListener("visibilitychange", () => guard(() => this._seen()));
  }

  /** Watches an element, which may be without a stream as yet. */
  watch(el: HTMLVideoElement, user?: string, label?: string): void {
    let w = this._of.get(el);
    if (!w) {
      if (typeof WeakRef !== "function" || typeof el.requestVideoFrameCallback !== "function") return this._map(el, user, label);
      w = this._begin(el);
    }
    if (w._user !== user || w._label !== label) w._told = "";
    w._user = user;
    w._label = label;
    this._look(w, el);
  }

  /** Where the browser cannot tell of pictures, what is known is whose they are. */
  private _map(el: HTMLVideoElement, user?: string, label?: string): void {
    const track = trackOf(el);
    if (user && track) this._client.event("mapStream", { track: track.id, user, label });
  }

  private _begin(el: HTMLVideoElement): Watched {
    const ref = new WeakRef(el);
    const w: Watched = {
      _el: ref, _user: undefined, _label: undefined, _track: "", _told: "", _report: "",
      _presented: 0, _at: 0, _come: -1, _passed: 0, _spacing: 0, _doubt: false, _charged: 0, _stutter: 0, _shown: 0,
      _stop: (e) => guard(() => (e.type === "pause" || (e.target as MediaStreamTrack).id === w._track) && this._cut(w)),
    };
    const shown = (_: number, m: VideoFrameCallbackMetadata): void => {
      const e = ref.deref();
      if (!e) return;
      e.requestVideoFrameCallback(shown);
      guard(() => this._show(w, e, m));
    };
    el.requestVideoFrameCallback(shown);
    el.addEventListener("pause", w._stop);
    this._of.set(el, w);
    this._all.add(w);
    this._seen();
    return w;
  }

  /** Notes which track the element shows by now. */
  private _look(w: Watched, el: HTMLVideoElement): MediaStreamTrack | undefined {
    const track = trackOf(el);
    const id = track?.id ?? "";
    if (id !== w._track) {
      this._cut(w);
      w._track = id;
      w._report = "";
      w._spacing = w._presented = 0;
      track?.addEventListener("mute", w._stop);
    }
    if (id && w._user && w._told !== id) {
      w._told = id;
      this._client.event("mapStream", { track: id, user: w._user, label: w._label });
    }
    return track;
  }

  session(): void {
    for (const w of this._all) w._told = "";
  }

  poll(p: Poll): void {
    const now = performance.now();
    for (const w of this._all) {
      const el = w._el.deref();
      if (!el) continue;
      this._look(w, el);
      const report = w._track && !el.paused && inbound(p, w._track, w._report);
      if (!report) continue;
      w._report = report.id;
      if (!w._passed && !this._busy(w)) this._charge(w, this._sure);
      p.add(report.id, { peerglassVideoStutterDuration: w._stutter / 1000, peerglassFramesShown: w._shown });
    }
    if (p.machine && this._beat !== undefined) {
      p.add(MACHINE, { loopLag: Math.max(this._lag, now - this._due, 0) / 1000 });
      this._lag = 0;
    }
  }

  /** A picture was presented. */
  private _show(w: Watched, el: HTMLVideoElement, m: VideoFrameCallbackMetadata): void {
    const track = this._look(w, el);
    if (performance.now() - this._due > SLEPT) w._at = 0;
    const since = m.presentedFrames - w._presented;
    const n = w._at && since > 0 ? since : 1;
    const time = m.presentationTime - w._at;
    if (w._at) {
      // Several came since the last call. Those of a page that is not busy came
      // just now, all at once; of a busy one it is not known when they came.
      const busy = this._busy(w);
      const gap = n > 1 && !busy ? time - Math.min((n - 1) * w._spacing, 33) : time;
      if (gap >= (n > 1 && busy ? n * LONG : LONG)) w._stutter += Math.max(gap - w._charged, 0);
      else if (n === 1) w._spacing = w._spacing ? 0.9 * w._spacing + 0.1 * time : time;
    }
    w._shown += n;
    w._presented = m.presentedFrames;
    w._at = due(el, track) ? m.presentationTime : 0;
    w._come = -1;
    w._passed = 0;
    w._doubt = false;
    w._charged = 0;
  }

  /** What is shown from now on ends no gap: until now counts, what comes does not. */
  private _cut(w: Watched): void {
    if (!this._busy(w)) this._charge(w, performance.now());
    w._at = w._charged = 0;
  }

  /** Whether the page was busy since the last picture, as far as is known. */
  private _busy(w: Watched): boolean {
    return w._doubt || performance.now() - this._due > LATE;
  }

  /** Counts the gap that goes on. */
  private _charge(w: Watched, until: number): void {
    const gap = until - w._at;
    if (!w._at || gap < LONG || gap <= w._charged) return;
    w._stutter += gap - w._charged;
    w._charged = gap;
  }

  /** The page is seen, or no more. */
  private _seen(): void {
    native.clearTimeout(this._beat);
    this._beat = undefined;
    if (document.hidden) for (const w of this._all) this._cut(w);
    else if (this._all.size) this._next();
  }

  private _next(): void {
    this._due = performance.now() + BEAT;
    this._beat = native.setTimeout(() => guard(() => this._pulse()), BEAT);
  }

  private _pulse(): void {
    const now = performance.now();
    const late = now - this._due;
    this._lag = Math.max(this._lag, late);
    for (const w of this._all) {
      const el = w._el.deref();
      // For what was presented meanwhile, the browser calls before the next beat.
      w._doubt = late > LATE;
      if (!el) this._all.delete(w);
      else if (late > SLEPT) w._at = w._charged = 0;
      else if (!w._doubt && w._at && now - w._at >= EARLY) {
        const n = come(el);
        if (w._come < 0) w._come = n;
        // Those that come just now, at the end of a stall, are presented before the next beat.
        else if ((w._passed && n - w._passed > UNSEEN) || !due(el, trackOf(el))) w._at = w._charged = 0;
        else if (!w._passed && n - w._come > UNSEEN) w._passed = n;
      }
    }
    if (late <= LATE) this._sure = now;
    if (this._all.size) this._next();
  }
}

/** The track that an element shows. */
function trackOf(el: HTMLVideoElement): MediaStreamTrack | undefined {
  const stream = el.srcObject;
  if (typeof MediaStream !== "function" || !(stream instanceof MediaStream)) return undefined;
  const tracks = stream.getVideoTracks();
  return tracks.find((t) => t.readyState === "live") ?? tracks[0];
}

/** Whether pictures ought to come. */
function due(el: HTMLVideoElement, track: MediaStreamTrack | undefined): boolean {
  return !document.hidden && !el.paused && !!track && !track.muted && track.readyState === "live";
}

/** Pictures that have come to an element, shown or not. */
function come(el: HTMLVideoElement): number {
  return el.getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
}
