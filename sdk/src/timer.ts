import { guard, native } from "./native";

const SOURCE = "let t;onmessage=e=>{clearTimeout(t);t=setTimeout(()=>postMessage(0),e.data)}";

/** A timer that a background tab does not slow down: it runs in a worker where
 * the page lets us have one, else in the page. */
export class Timer {
  private _worker: Worker | undefined;
  private _plain: number | undefined;
  private _tried = false;

  constructor(private readonly _fire: () => void) {}

  /** Whether nothing but a busy page makes it late. */
  get exact(): boolean {
    return this._worker !== undefined;
  }

  /** Fires once, ms from now; an earlier call is forgotten. */
  in(ms: number): void {
    if (!this._tried) {
      this._tried = true;
      this._worker = guard(() => this._open());
    }
    if (this._worker) this._worker.postMessage(ms);
    else {
      native.clearTimeout(this._plain);
      this._plain = native.setTimeout(() => guard(this._fire), ms);
    }
  }

  private _open(): Worker | undefined {
    if (!native.Worker || typeof Blob === "undefined") return undefined;
    let url: string = URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" }));
    const plainUrl = url;
    // A page that demands Trusted Types may let us have a policy of our own.
    const types = (globalThis as { trustedTypes?: { createPolicy(n: string, r: object): { createScriptURL(u: string): string } } }).trustedTypes;
    if (types) url = guard(() => types.createPolicy("peerglass", { createScriptURL: (u: string) => u }).createScriptURL(plainUrl)) ?? url;
    const worker = new native.Worker(url);
    worker.onmessage = () => guard(this._fire);
    // A Content-Security-Policy refuses by an event, after the constructor.
    worker.onerror = (e) => {
      e.preventDefault?.();
      this._worker = undefined;
      this.in(1000);
    };
    native.setTimeout(() => URL.revokeObjectURL(plainUrl), 10_000);
    return worker;
  }
}
