import { type Client, MACHINE, type Module, type Poll } from "../client";

interface Battery {
  level: number;
  charging: boolean;
  chargingTime: number;
}
type Pressure = new (tell: (records: { state: string }[]) => void) => { observe(source: "cpu", options: { sampleInterval: number }): Promise<void> };

const STATES = ["nominal", "fair", "serious", "critical"];

/** What the browser tells of the machine without asking anybody: pressure on
 * the processor, battery, memory, and the devices that are sent from. */
export class Machine implements Module {
  private _state = -1; // of the pressure; −1: not told
  private _worst = -1; // since the last poll
  private _battery: Battery | undefined;
  private _devices = "";
  private _begun = false;

  constructor(private readonly _client: Client) {}

  connection(): void {
    if (this._begun) return;
    this._begun = true;
    const { PressureObserver } = globalThis as { PressureObserver?: Pressure };
    if (PressureObserver) {
      new PressureObserver((records) => {
        for (const { state } of records) this._worst = Math.max(this._worst, (this._state = STATES.indexOf(state)));
      })
        .observe("cpu", { sampleInterval: 1000 })
        .catch(() => undefined); // the page may not
    }
    (navigator as { getBattery?(): Promise<Battery> }).getBattery?.().then(
      (b) => (this._battery = b),
      () => undefined,
    );
  }

  session(): void {
    this._devices = "";
  }

  poll({ machine, add }: Poll): void {
    if (!machine) return;
    const b = this._battery;
    const { memory } = performance as { memory?: { usedJSHeapSize: number } };
    add(MACHINE, {
      cpuPressure: this._worst < 0 ? undefined : this._worst,
      memoryUsed: memory?.usedJSHeapSize,
      // Full and at once: so browsers tell of a machine that has none, too.
      ...(b && !(b.level === 1 && b.charging && b.chargingTime === 0) ? { battery: b.level, batteryCharging: b.charging } : undefined),
    });
    this._worst = this._state;
    this._used();
  }

  /** Tells which devices are sent from, when they are others than before. */
  private _used(): void {
    const labels: Record<string, string> = {};
    for (const pc of this._client.connections()) {
      for (const { track } of pc.getSenders()) {
        // A screen and what is drawn have no device.
        const settings = track?.label && track.readyState === "live" && track.getSettings();
        if (settings && settings.deviceId && !settings.displaySurface) labels[track.kind + "input"] = track.label;
      }
    }
    const told = JSON.stringify(labels);
    if (told === this._devices || told === "{}") return;
    this._devices = told;
    this._client.event("devices", labels);
  }
}
