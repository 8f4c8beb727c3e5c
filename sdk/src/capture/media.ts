import type { Client } from "../client";
import { Kind } from "../encoder";
import { guard } from "../native";
import { describeError, describeTrack, patch, watched, type Watcher } from "./patch";
import { watchTrack } from "./peerconnection";

type Any = (...args: unknown[]) => unknown;
type LegacyGetUserMedia = Navigator & { getUserMedia?: unknown; webkitGetUserMedia?: unknown };

/** What we know of a track that the page captured. */
interface Captured {
  screen: boolean;
  over: boolean;
}

/** Watches cameras, microphones, screens, and what the page does with their tracks. */
export function captureMedia(client: Client, scope: typeof globalThis): void {
  const devices = scope.navigator?.mediaDevices as MediaDevices | undefined;
  const captured = new WeakMap<object, Captured>();

  const took = (stream: unknown, screen: boolean): unknown => {
    const tracks = (stream as MediaStream).getTracks();
    for (const track of tracks) {
      captured.set(track, { screen, over: false });
      watchTrack(client, track, null);
      if (screen && track.kind === "video") {
        client.add(Kind.Event, "screenShare", null, { on: true, track: track.id });
        track.addEventListener("ended", () => guard(() => ended(track)));
      }
    }
    return tracks.map((t) => ({ ...(describeTrack(t) as object), settings: guard(() => t.getSettings()) }));
  };
  const ended = (track: MediaStreamTrack): void => {
    const c = captured.get(track);
    if (!c || c.over) return;
    c.over = true;
    if (c.screen && track.kind === "video") client.add(Kind.Event, "screenShare", null, { on: false, track: track.id });
  };
  const asked = (name: string, payload: unknown, tell: (value: unknown) => unknown): Watcher => {
    const corr = client.corr();
    return {
      before: () => client.add(Kind.Call, name, null, payload, corr),
      success: (value) => client.add(Kind.Call, name + "OnSuccess", null, tell(value), corr),
      failure: (error) => client.add(Kind.Call, name + "OnFailure", null, describeError(error), corr),
    };
  };

  if (devices) {
    // The methods stand on the prototype; a page may have its own on the object.
    const home = (name: string): object => (Object.prototype.hasOwnProperty.call(devices, name) ? devices : Object.getPrototypeOf(devices));
    for (const [name, screen] of [
      ["getUserMedia", false],
      ["getDisplayMedia", true],
    ] as const) {
      patch(
        home(name),
        name,
        (original: Any) =>
          function (this: unknown, ...args: unknown[]): unknown {
            return watched(original, this, args, guard(() => asked("navigator.mediaDevices." + name, args[0], (s) => took(s, screen))));
          } as never,
      );
    }
    const list = devices.enumerateDevices as (() => Promise<MediaDeviceInfo[]>) | undefined;
    patch(
      home("enumerateDevices"),
      "enumerateDevices",
      (original: Any) =>
        function (this: unknown, ...args: unknown[]): unknown {
          return watched(original, this, args, guard(() => asked("navigator.mediaDevices.enumerateDevices", undefined, describeDevices)));
        } as never,
    );
    guard(() =>
      devices.addEventListener("devicechange", () => {
        list?.call(devices).then(
          (d) => guard(() => client.add(Kind.State, "navigator.mediaDevices.ondevicechange", null, describeDevices(d))),
          () => undefined,
        );
      }),
    );
  }

  // The callback form that old pages use.
  const navigator = scope.navigator as LegacyGetUserMedia | undefined;
  for (const name of ["getUserMedia", "webkitGetUserMedia"] as const) {
    patch(
      navigator && Object.getPrototypeOf(navigator),
      name,
      (original: Any) =>
        function (this: unknown, ...args: unknown[]): unknown {
          return watched(original, this, args, guard(() => asked("navigator.mediaDevices.getUserMedia", args[0], (s) => took(s, false))), [1, 2]);
        } as never,
    );
  }

  const track = (scope as { MediaStreamTrack?: { prototype: object } }).MediaStreamTrack?.prototype;
  patch(
    track,
    "stop",
    (original: Any) =>
      function (this: MediaStreamTrack): unknown {
        const result = Reflect.apply(original, this, []);
        guard(() => {
          const c = captured.get(this);
          if (!c || c.over) return;
          client.add(Kind.State, "MediaStreamTrack.stop", null, describeTrack(this));
          ended(this);
        });
        return result;
      } as never,
  );

  // Pages mute by switching a track off, of which the browser tells nobody.
  guard(() => {
    const enabled = track && Object.getOwnPropertyDescriptor(track, "enabled");
    const set = enabled?.set;
    if (!track || !set || !enabled.configurable) return;
    Object.defineProperty(track, "enabled", {
      ...enabled,
      set(this: MediaStreamTrack, value: boolean) {
        const was = guard(() => this.enabled);
        Reflect.apply(set, this, [value]);
        guard(() => {
          const c = captured.get(this);
          // A track that was drawn or synthesised counts once it is sent.
          if (was === this.enabled || !(c || sent(client, this))) return;
          client.add(Kind.Event, this.enabled ? "unmute" : "mute", null, { kind: c?.screen && this.kind === "video" ? "screen" : this.kind, track: this.id });
        });
      },
    });
  });
}

function sent(client: Client, track: MediaStreamTrack): boolean {
  return client.connections().some((pc) => pc.getSenders().some((s) => s.track === track));
}

function describeDevices(devices: unknown): unknown {
  return (devices as MediaDeviceInfo[]).map((d) => ({ kind: d.kind, label: d.label, id: d.deviceId }));
}
