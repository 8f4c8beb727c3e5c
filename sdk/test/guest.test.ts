// The SDK as a guest: what a page sees of it, next to other scripts, under
// strict policies, and when everything that it stands on is broken on purpose.
import { build } from "esbuild";
import { resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { names, page, stays, until, url } from "./harness";

// What test/pages/call.js and the SDK put into the page.
declare const peerglass: (typeof import("../src/index"))["peerglass"];
declare function call(streams?: number): Promise<{ a: RTCPeerConnection; b: RTCPeerConnection; media: MediaStream }>;
declare const errors: string[];
declare let c: Awaited<ReturnType<typeof call>>;

const open = (query = "") => page.goto(`${url}/pages/call.html${query}`);
const joinAndCall = () =>
  page.evaluate(async () => {
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
  });

test("the wrapped objects are as the browser's", async () => {
  await open();
  const result = await page.evaluate(async () => {
    const out: Record<string, unknown> = {};
    const pc = new RTCPeerConnection();
    out.instance = pc instanceof RTCPeerConnection;
    out.made = pc.constructor === RTCPeerConnection;
    out.name = RTCPeerConnection.name;
    out.statics = typeof (RTCPeerConnection as unknown as { generateCertificate: unknown }).generateCertificate;
    class Mine extends RTCPeerConnection {
      mine = 1;
      override close(): void {
        super.close();
      }
    }
    const mine = new Mine();
    out.subclass = mine instanceof Mine && mine instanceof RTCPeerConnection && mine.mine === 1 && Object.getPrototypeOf(mine) === Mine.prototype;
    mine.close();
    out.closed = mine.signalingState;
    out.length = [pc.addTrack.length, pc.createOffer.length, pc.addTrack.name, pc.close.name];
    const channel = pc.createDataChannel("x");
    out.channel = channel instanceof RTCDataChannel;
    const transceiver = pc.addTransceiver("audio");
    out.transceiver = pc.getTransceivers()[0] === transceiver;
    // The callback form, whose promise is fulfilled with nothing.
    out.callback = await new Promise((done) => void (pc.createOffer as (...args: unknown[]) => void)((d: RTCSessionDescriptionInit) => done(d.type), done));
    out.broken = await pc.setRemoteDescription({ type: "answer", sdp: "" }).then(() => "fine", (e: unknown) => e instanceof DOMException);
    out.thrown = (() => {
      try {
        return pc.addTrack(null as never);
      } catch (e) {
        return e instanceof TypeError;
      }
    })();
    try {
      new RTCPeerConnection({ iceServers: [{ urls: "nonsense" }] });
    } catch (e) {
      out.refused = (e as Error).name;
    }
    try {
      (RTCPeerConnection as unknown as () => void)();
    } catch (e) {
      out.called = e instanceof TypeError;
    }
    // What nobody handles is still the page's to hear of.
    void pc.setRemoteDescription({ type: "answer", sdp: "" });
    await new Promise((done) => setTimeout(done, 200));
    out.errors = errors.length;
    pc.close();
    pc.close();
    return out;
  });
  expect(result).toEqual({
    instance: true, made: true, name: "RTCPeerConnection", statics: "function", subclass: true, closed: "closed",
    length: [1, 0, "addTrack", "close"], channel: true, transceiver: true, callback: "offer", broken: true,
    thrown: true, refused: "SyntaxError", called: true, errors: 1,
  });
});

test("the module does what the script does", async () => {
  await page.goto(`${url}/pages/empty.html`);
  await page.addScriptTag({
    type: "module",
    content: `import { peerglass } from "/index.mjs";
      peerglass.init({ key: "pgk_test", endpoint: location.origin });
      peerglass.join({ room: "green" });
      new RTCPeerConnection().createDataChannel("x");`,
  });
  await until("the stay", async () => (await stays()).find((s) => s.records.some((r) => r.name === "createDataChannelOnSuccess")));
});

let adapter: string;

beforeAll(async () => {
  const { outputFiles } = await build({ entryPoints: [resolve(import.meta.dirname, "../../node_modules/webrtc-adapter/src/js/adapter_core.js")], bundle: true, write: false, format: "iife", globalName: "adapter" });
  adapter = outputFiles[0]!.text;
});

test.each(["before", "after"])("adapter.js may be loaded %s it", async (order) => {
  await page.goto(`${url}/pages/empty.html`);
  if (order === "before") await page.addScriptTag({ content: adapter });
  await page.addScriptTag({ url: "/sdk.js" });
  await page.evaluate(() => peerglass.init({ key: "pgk_test", endpoint: location.origin }));
  if (order === "after") await page.addScriptTag({ content: adapter });
  await page.addScriptTag({ url: "/pages/call.js" });
  await joinAndCall();
  expect(await page.evaluate(() => [new RTCPeerConnection() instanceof RTCPeerConnection, c.a instanceof RTCPeerConnection])).toEqual([true, true]);
  await page.evaluate(() => navigator.mediaDevices.enumerateDevices());
  const stay = await until("polls", async () => (await stays()).find((s) => s.polls > 2));
  const once = (name: string, conn: string) => expect(stay.records.filter((r) => r.name === name && r.conn === conn), name).toHaveLength(1);
  for (const name of ["create", "createOffer", "createOfferOnSuccess", "setLocalDescriptionOnSuccess", "setRemoteDescriptionOnSuccess"]) once(name, "PC_0");
  for (const name of ["navigator.mediaDevices.getUserMedia", "navigator.mediaDevices.getUserMediaOnSuccess"]) once(name, "");
  expect(names(stay, "PC_1")).toEqual(expect.arrayContaining(["ontrack", "createAnswerOnSuccess", "addIceCandidateOnSuccess"]));
  expect(await page.evaluate(() => errors)).toEqual([]);
});

test("the older getUserMedia with callbacks is watched", async () => {
  await open();
  const kinds = await page.evaluate(async () => {
    type Old = (c: object, success: (s: MediaStream) => void, failure: (e: Error) => void) => void;
    const old = (navigator as unknown as { webkitGetUserMedia: Old }).webkitGetUserMedia.bind(navigator);
    peerglass.join({ room: "blue" });
    const kinds = await new Promise((done, fail) => old({ audio: true }, (s) => done(s.getTracks().map((t) => t.kind)), fail));
    const error = await new Promise((done) => old({ video: { deviceId: { exact: "none" } } }, done as never, (e) => done(e.name)));
    return [kinds, error];
  });
  expect(kinds).toEqual([["audio"], "OverconstrainedError"]);
  const stay = await until("both", async () => (await stays()).find((s) => names(s).includes("navigator.mediaDevices.getUserMediaOnFailure")));
  expect(names(stay)).toContain("navigator.mediaDevices.getUserMediaOnSuccess");
});

// The page gives the SDK a policy of its own, or another's only, or none.
test.each(["trusted-types peerglass", "trusted-types other", "trusted-types 'none'"])("strict policies do not stop it: %s", async (types) => {
  await open(`?csp=${encodeURIComponent(`default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; ${types}`)}`);
  await joinAndCall();
  await page.evaluate(() => peerglass.watchVideo(document.querySelector("video")!, "bob"));
  const stay = await until("polls", async () => (await stays()).find((s) => s.polls > 4 && names(s).includes("mapStream")));
  expect(stay.faults).toBeNull();
  expect(await page.evaluate(() => errors)).toEqual([]);
});

test("a policy of nonces is enough, also for what it fetches late", async () => {
  await page.goto(`${url}/pages/nonce.html?csp=${encodeURIComponent("default-src 'none'; script-src 'nonce-n0'; connect-src 'self'")}`);
  await joinAndCall();
  await page.evaluate(() => peerglass.watchVideo(document.querySelector("video")!, "bob"));
  const stay = await until("whose stream it is", async () => (await stays()).find((s) => s.polls > 1 && names(s).includes("mapStream")));
  expect(stay.faults).toBeNull();
});

test("it does not see its own traffic, nor speak through the page's console", async () => {
  await page.addInitScript(() => {
    const seen = ((globalThis as unknown as { seen: string[] }).seen = []);
    addEventListener("DOMContentLoaded", () => {
      // As other observers do, after the SDK.
      const see = (object: any, name: string) => {
        const original = object[name];
        object[name] = function (...args: unknown[]) {
          (seen as string[]).push(name);
          return new.target ? Reflect.construct(original, args) : original.apply(this, args);
        };
      };
      for (const name of ["log", "info", "warn", "error", "debug"]) see(console, name);
      for (const name of ["WebSocket", "fetch", "setTimeout"]) see(globalThis, name);
    });
  });
  await open();
  await page.evaluate(() => peerglass.init({ debug: true }));
  await joinAndCall();
  await page.evaluate(() => peerglass.log("warn", "x".repeat(30_000))); // makes it warn
  const stay = await until("polls", async () => (await stays()).find((s) => s.polls > 2));
  expect(names(stay).filter((n) => /fetch|socket/i.test(n))).toEqual([]);
  expect(await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)).toEqual([]);
});

/** Breaks something of the browser, but only for the SDK: the page's own call needs it. */
function breakIt(what: string): void {
  const [path, how] = what.split(" ") as [string, string];
  const steps = path.split(".");
  const name = steps.pop()!;
  const holder = steps.reduce((o: any, s) => o?.[s], globalThis as any);
  const ours = () => /sdk\.js/.test(new Error().stack ?? "");
  const fail = () => {
    throw new Error(path + " is broken on purpose");
  };
  const property = Object.getOwnPropertyDescriptor(holder, name);
  if (!property) throw new Error(what + " is not there");
  if (how === "get") {
    Object.defineProperty(holder, name, { configurable: true, get: () => (ours() ? fail() : (property.get ? property.get.call(holder) : property.value)) });
    return;
  }
  const original = property.value;
  const broken: any = function (this: unknown, ...args: unknown[]): unknown {
    if (ours()) {
      if (how === "rejects") return Promise.reject(new Error(path));
      fail();
    }
    return new.target ? Reflect.construct(original, args, new.target === broken ? original : new.target) : original.apply(this, args);
  };
  broken.prototype = original.prototype;
  Object.defineProperty(holder, name, { ...property, value: broken });
}

const FRAGILE = [
  "WebSocket throws", "fetch rejects", "Worker throws", "Blob throws", "CompressionStream throws", "Proxy throws", "WeakRef throws", "sessionStorage get",
  "RTCPeerConnection.prototype.getStats throws", "RTCPeerConnection.prototype.getStats rejects", "RTCPeerConnection.prototype.getSenders throws", "RTCPeerConnection.prototype.getReceivers throws",
  "RTCPeerConnection.prototype.getConfiguration throws", "EventTarget.prototype.addEventListener throws", "MediaStream.prototype.getTracks throws", "MediaStreamTrack.prototype.getSettings throws",
  "MediaDevices.prototype.enumerateDevices rejects", "Navigator.prototype.sendBeacon throws", "URL.createObjectURL throws", "JSON.stringify throws", "JSON.parse throws", "Map.prototype.get throws",
  "WeakMap.prototype.get throws", "WeakSet.prototype.has throws", "TextEncoder.prototype.encode throws", "Crypto.prototype.getRandomValues throws", "Object.defineProperty throws",
  "Object.getOwnPropertyDescriptor throws", "Reflect.apply throws", "Date.now throws", "setTimeout throws", "Array.prototype.map throws", "String.prototype.replace throws", "Promise.prototype.then throws",
];

/** A call from before the SDK to after the goodbye, with its listeners broken too. */
const wholeCall = () =>
  page.evaluate(async () => {
    const fail = (): never => {
      throw new Error("the app's own");
    };
    for (const name of ["status", "stats", "error", "defaultConfig"] as const) peerglass.on(name, fail);
    peerglass.join({ room: "blue", user: "alice" });
    c = await call();
    c.media.getTracks()[0]!.enabled = false;
    peerglass.event("x", { y: 1 });
    peerglass.log("warn", "x");
    await c.a.getSenders()[0]!.replaceTrack(null);
    await navigator.mediaDevices.enumerateDevices().catch(() => undefined);
    const state = c.a.connectionState;
    c.b.close();
    void peerglass.leave();
    dispatchEvent(new PageTransitionEvent("pagehide"));
    return [state, c.b.signalingState, errors];
  });

// Calls themselves cannot be made by other means than those that we find.
test.each(FRAGILE.filter((what) => what !== "Reflect.apply throws"))("a call goes on where this is broken before the SDK comes: %s", async (what) => {
  await page.addInitScript(breakIt, what);
  await open();
  // Where the SDK could not even begin, the page is on its own.
  await page.evaluate(() => void ((globalThis as any).peerglass ??= { on() {}, join() {}, event() {}, log() {}, async leave() {} }));
  expect(await wholeCall()).toEqual(["connected", "closed", []]);
});

test("a call goes on where all of this breaks under the SDK", async () => {
  await open();
  for (const what of FRAGILE) await page.evaluate(breakIt, what);
  expect(await wholeCall()).toEqual(["connected", "closed", []]);
});

test("hooks of the app that throw stop nothing", async () => {
  await page.goto(`${url}/pages/empty.html`);
  await page.addScriptTag({ url: "/sdk.js" });
  await page.addScriptTag({ url: "/pages/call.js" });
  await page.evaluate(() => {
    const fail = (): never => {
      throw new Error("the app's own");
    };
    peerglass.init({ key: "pgk_test", endpoint: location.origin, beforeSend: fail, token: fail });
  });
  expect(await wholeCall()).toEqual(["connected", "closed", []]);
});
