import type { Module, Poll } from "../client";
import { guard, native } from "../native";
import { type Inbound, inbound } from "./inbound";

/** ms without sound from which on a gap counts (docs/protocol.md). */
const LONG = 200;
/** ms between two looks, and while sound is missing. */
const LOOK = 100;
const CLOSE = 10;
/** ms that the newest sound lasts: browsers play, and date, so much at once. */
const FRAME = 10;
/** ms that the newest sound may be old: devices take it in steps. */
const FRESH = 80;
/** ms between two looks above which nothing is known of what was between. */
const BLIND = 250;
/** Receivers that are looked at: more of them are not heard at one time. */
const MOST = 24;

/** A received sound. */
interface Heard {
  _receiver: WeakRef<RTCRtpReceiver>;
  _report: string; // its id
  _last: number; // Unix ms at which the newest sound began to play; 0: none yet
  _looked: number; // when that was asked
  _charged: number; // ms of the gap that goes on that were counted
  _gaps: number; // ms of gaps since the last poll
  _spare: number; // ms that were made up and belong to no gap yet
  _made: number; // s that were made up in all, at the last poll; −1: no poll yet
  _stutter: number; // ms
  _dull: boolean; // nothing was made up in its gaps: silence that is not sent
  _blind: boolean; // the page was too busy to look
}

/** Measures gaps of received sounds: receivers tell when the newest sound was
 * played that came by the network (getSynchronizationSources), which stands
 * still where it is missing, and also where silence is not sent (DTX) or
 * nobody listens. Then nothing is made up, as the counters of the polls tell.
 * Looks take some 10 µs a receiver, ten times a second; closely, 100 times, only
 * while a sound is missing. Not in a hidden page. */
export class AudioWatch implements Module {
  private _all = new WeakMap<RTCRtpReceiver, Heard>();
  private _now: Heard[] = [];
  private _timer: number | undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => guard(() => document.hidden && this._rest()));
  }

  poll(p: Poll): void {
    if (document.hidden || typeof WeakRef !== "function") return;
    for (const r of p.pc.getReceivers()) {
      if (r.track.kind !== "audio" || r.track.readyState === "ended" || typeof r.getSynchronizationSources !== "function") continue;
      let h = this._all.get(r);
      const report = inbound(p, r.track.id, h?._report ?? "");
      if (!report) continue;
      if (!h) {
        h = { _receiver: new WeakRef(r), _report: "", _last: 0, _looked: 0, _charged: 0, _gaps: 0, _spare: 0, _made: -1, _stutter: 0, _dull: false, _blind: false };
        this._all.set(r, h);
      }
      if (!this._now.includes(h) && this._now.length < MOST) this._now.push(h);
      h._report = report.id;
      this._settle(h, report);
      if (!h._blind) p.add(report.id, { peerglassAudioStutterDuration: h._stutter / 1000 });
      h._blind = false;
    }
    if (this._timer === undefined && this._now.length) this._next(LOOK);
  }

  /** Counts of the gaps what was made up to fill them. */
  private _settle(h: Heard, r: Inbound): void {
    const rate = (r.totalSamplesReceived ?? 0) / (r.totalSamplesDuration ?? 0) || 48_000;
    const made = (1000 * (r.concealedSamples ?? 0)) / rate;
    const more = h._made < 0 ? 0 : made - h._made;
    const counted = Math.min(h._gaps, Math.max(more, 0) + h._spare);
    h._made = made;
    h._dull = h._gaps > LONG && counted < h._gaps / 10;
    // A gap counts once it is long: until then what was made up waits.
    h._spare = Math.min(more + h._spare - counted, LONG + LOOK);
    h._stutter += counted;
    h._gaps = 0;
  }

  private _next(ms: number): void {
    this._timer = native.setTimeout(() => guard(() => this._look()), ms);
  }

  private _look(): void {
    this._timer = undefined;
    let near = false;
    const now = performance.timeOrigin + performance.now();
    this._now = this._now.filter((h) => {
      const r = h._receiver.deref();
      if (!r || r.track.readyState === "ended") return false;
      near = this._listen(h, r, now) || near;
      return true;
    });
    if (this._now.length) this._next(near ? CLOSE : LOOK);
  }

  /** Looks at one receiver; returns whether its sound is missing. */
  private _listen(h: Heard, r: RTCRtpReceiver, now: number): boolean {
    let newest = 0;
    for (const s of r.getSynchronizationSources()) newest = Math.max(newest, s.timestamp);
    if (r.track.muted) newest = h._last = 0;
    if (h._looked && now - h._looked > BLIND) {
      h._blind = true;
      h._last = newest;
    }
    if (newest > h._last) {
      // It came back between the two looks.
      if (h._last) this._charge(h, Math.min((h._looked + now) / 2, newest));
      h._last = newest;
      h._charged = 0;
    } else if (h._last) this._charge(h, now);
    h._looked = now;
    return h._last > 0 && now - h._last > FRESH && !h._dull;
  }

  private _charge(h: Heard, until: number): void {
    const gap = until - h._last - FRAME;
    if (gap < LONG || gap <= h._charged) return;
    h._gaps += gap - h._charged;
    h._charged = gap;
  }

  private _rest(): void {
    native.clearTimeout(this._timer);
    this._timer = undefined;
    for (const h of this._now) h._last = h._looked = h._gaps = h._charged = 0;
    this._now = [];
  }
}
