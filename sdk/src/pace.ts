import { native } from "./native";
import { Timer } from "./timer";

const CLOSE_FOR = 15_000;
// The page is busy when we come so late, or took so long, in ms.
const LATE = 500;
const LONG = 50;

/** When to look: closely at first and after events, steadily then, and rarer
 * while the page is busy. */
export class Pace {
  /** ms between two looks, in quiet times and in others. */
  steady = 5000;
  close = 1000;
  /** ms by which the last look came late; undefined where it was not planned. */
  lag: number | undefined;
  private _timer: Timer;
  private _due = 0; // 0: nothing is planned
  private _closeUntil = 0;
  private _work = 0; // ms that we took since the look before
  private _busy = false;
  private _slower = 1; // how many times rarer we look

  constructor(look: () => void) {
    this._timer = new Timer(() => {
      this.lag = this._due ? Math.max(0, native.now() - this._due) : undefined;
      this._due = 0;
      this._breathe();
      look();
    });
  }

  /** Looks closely for a while; plans a look if one is due at all. */
  stir(plan: boolean): void {
    const now = native.now();
    this._closeUntil = now + CLOSE_FOR;
    if (plan && !(this._due && this._due <= now + this.close)) this._in(this.close);
  }

  /** Plans the next look; strained where what was seen waits to be sent. */
  next(strained: boolean): void {
    const close = native.now() < this._closeUntil;
    const spread = close ? 1 : 0.95 + Math.random() / 10; // users of one room drift apart
    this._in(Math.round((close ? Math.min(this.close, this.steady) : this.steady) * spread * Math.max(this._slower, strained ? 4 : 1)));
  }

  /** A look took ms of the page's time. */
  spent(ms: number): void {
    this._work += ms;
  }

  private _in(ms: number): void {
    this._due = native.now() + ms;
    this._timer.in(ms);
  }

  /** Gives way to a page that is busy twice in a row, and comes back. */
  private _breathe(): void {
    // Without a worker the browser itself makes timers late where nobody looks.
    const busy = this._work > LONG || (this._timer.exact && (this.lag ?? 0) > LATE);
    if (!busy) this._slower = Math.max(1, this._slower / 2);
    else if (this._busy) this._slower = Math.min(4, this._slower * 2);
    this._busy = busy;
    this._work = 0;
  }
}
