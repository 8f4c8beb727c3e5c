import { type Client, MACHINE, type Module } from "../client";

interface Battery {
  level: number;
  charging: boolean;
  chargingTime: number;
}
type Pressure = new (tell: (records: { state: string }[]) => void) => { observe(source: "cpu", options: { sampleInterval: number }): Promise<void> };

const STATES = ["nominal", "fair", "serious", "critical"];

/** What the browser tells of the machine without asking anybody: pressure on
 * the processor, battery, memory, and the devices that are sent from. */
export function machine(client: Client): Module {
  let state: number | undefined; // of the pressure
  let worst: number | undefined; // since the last poll
  let battery: Battery | undefined;
  let begun = false;
  let told = ""; // of the devices

  /** Tells which devices are sent from, when they are others than before. */
  const devices = (): void => {
    const labels: Record<string, string> = {};
    for (const pc of client.connections()) {
      for (const { track } of pc.getSenders()) {
        // A screen and what is drawn have no device.
        const settings = track?.label && track.readyState === "live" && track.getSettings();
        if (settings && settings.deviceId && !settings.displaySurface) labels[track.kind + "input"] = track.label;
      }
    }
    const all = JSON.stringify(labels);
    if (all === told || all === "{}") return;
    told = all;
    client.event("devices", labels);
  };

  return {
    connection() {
      if (begun) return;
      begun = true;
      const { PressureObserver } = globalThis as { PressureObserver?: Pressure };
      if (PressureObserver) {
        new PressureObserver((records) => {
          for (const r of records) worst = Math.max(worst ?? 0, (state = STATES.indexOf(r.state)));
        })
          .observe("cpu", { sampleInterval: 1000 })
          .catch(() => undefined); // the page may not
      }
      (navigator as { getBattery?(): Promise<Battery> }).getBattery?.().then(
        (b) => (battery = b),
        () => undefined,
      );
    },
    session() {
      told = "";
    },
    poll({ machine, add }) {
      if (!machine) return;
      // Full at once: so browsers tell of a machine that has no battery, too.
      const known = battery && (battery.level < 1 || battery.chargingTime) ? battery : undefined;
      add(MACHINE, {
        cpuPressure: worst,
        memoryUsed: (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize,
        battery: known?.level,
        batteryCharging: known?.charging,
      });
      worst = state;
      devices();
    },
  };
}
