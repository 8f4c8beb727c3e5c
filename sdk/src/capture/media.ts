import type { Client } from "../client";
import { Kind } from "../encoder";
import { apply, guard } from "../native";
import { call, describeTrack, hook, patch } from "./patch";
import { watchTrack } from "./peerconnection";

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
  // The methods stand on the prototype; a page may have its own on the object.
  const home = (object: object, name: string): object => (Object.getOwnPropertyDescriptor(object, name) ? object : Object.getPrototypeOf(object));

  if (devices) {
    for (const method of ["getUserMedia", "getDisplayMedia"]) {
      const name = "navigator.mediaDevices." + method;
      hook(home(devices, method), method, (_, args) => call(client, null, name, args[0], (s) => took(s, method === "getDisplayMedia")));
    }
    const list = devices.enumerateDevices as (() => Promise<MediaDeviceInfo[]>) | undefined;
    hook(home(devices, "enumerateDevices"), "enumerateDevices", () => call(client, null, "navigator.mediaDevices.enumerateDevices", undefined, describeDevices));
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
  const navigator = scope.navigator as Navigator | undefined;
  for (const name of navigator ? ["getUserMedia", "webkitGetUserMedia"] : []) {
    hook(home(navigator!, name), name, (_, args) => call(client, null, "navigator.mediaDevices.getUserMedia", args[0], (s) => took(s, false)), [1, 2]);
  }

  const track = (scope as { MediaStreamTrack?: { prototype: object } }).MediaStreamTrack?.prototype;
  patch(
    track,
    "stop",
    (original) =>
      function (this: MediaStreamTrack, ...args: unknown[]): unknown {
        const result = apply(original, this, args);
        guard(() => {
          const c = captured.get(this);
          if (!c || c.over) return;
          client.add(Kind.State, "MediaStreamTrack.stop", null, describeTrack(this));
          ended(this);
        });
        return result;
      },
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
        apply(set, this, [value]);
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
