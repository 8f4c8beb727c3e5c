// How each client is put into the page of page.ts, as its own documentation
// says, polling once a second where it lets the page choose. What is made from
// `code` runs before the call; it may leave a function `added(pc, user)`.
import { dirname, join } from "node:path";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** A client and what its page runs. */
export interface Client {
  name: string;
  /** The module's text; `peerglass` is the server, `key` the ingest key. */
  code: (peerglass: string, key: string, app: { id: number; secret: string }) => string;
  /** What esbuild must know to bundle it. */
  alias?: Record<string, string>;
  /** Said beside its figures. */
  note?: string;
}

const ws = (url: string) => url.replace("http", "ws");

export const clients: Client[] = [
  { name: "none", code: () => "" },
  {
    name: "@peerglass/browser",
    code: (url, key) => `
      import { peerglass } from "@peerglass/browser";
      peerglass.init({ key: "${key}", endpoint: "${url}" });
      peerglass.join({ room: "overhead", user: "ours" });`,
  },
  {
    name: "@jitsi/rtcstats 9.7.1",
    alias: { "@jitsi/js-utils/browser-detection": join(dirname(require.resolve("@jitsi/js-utils")), "browser-detection/index.js") },
    code: (url, key) => `
      import rtcstatsInit from "@jitsi/rtcstats/rtcstats.js";
      import traceInit from "@jitsi/rtcstats/trace-ws.js";
      const trace = traceInit({ endpoint: "${ws(url)}/ingest/jitsi/${key}", meetingFqn: "overhead-jitsi", onCloseCallback: () => {}, useLegacy: false });
      rtcstatsInit(trace, { pollInterval: 1000, useLegacy: false, sendSdp: true, eventCallback: () => {} });
      trace.connect(false);
      trace.identity("identity", null, { confName: "overhead-jitsi", displayName: "theirs" });`,
  },
  {
    name: "@testrtc/watchrtc-sdk 1.43.1",
    code: (url, key) => `
      import watchRTC from "@testrtc/watchrtc-sdk";
      watchRTC.init({ rtcApiKey: "${key}", rtcRoomId: "overhead-watchrtc", rtcPeerId: "theirs", proxyUrl: "${ws(url)}/ingest/watchrtc" });`,
  },
  {
    name: "@observertc/client-monitor-js 4.0.3, JSON",
    note: "the page sends the samples",
    code: (url, key) => `
      import { ClientMonitor } from "@observertc/client-monitor-js";
      const monitor = new ClientMonitor({ clientId: "theirs", callId: "overhead-observertc", collectingPeriodInMs: 1000, samplingPeriodInMs: 1000 });
      const socket = new WebSocket("${ws(url)}/ingest/observertc/${key}");
      monitor.on("sample-created", (made) => socket.readyState === 1 && socket.send(JSON.stringify(made.sample ?? made)));
      globalThis.added = (pc) => monitor.addSource(pc);`,
  },
  {
    name: "@peermetrics/webrtc-stats 5.9.0",
    note: "collects only; the SDK that sends is not on npm, so that no bytes are counted",
    code: () => `
      import { WebRTCStats } from "@peermetrics/webrtc-stats";
      const stats = new WebRTCStats({ getStatsInterval: 1000 });
      stats.on("stats", () => {});
      globalThis.added = (pc, user) => stats.addConnection({ pc, peerId: user, connectionId: user });`,
  },
  {
    name: "callstats-js 3.73.16",
    note: "chooses its own pace",
    code: (url, _, app) => `
      globalThis.csioproxy = true;
      await import("callstats-js");
      const collector = "${url}/ingest/callstats/";
      const callstats = new globalThis.callstats();
      callstats.setProxyConfig({ collectorURL: collector, authServiceURL: collector, restEventURL: collector + "v1/apps/", restStatsURL: collector + "v1/apps/", appSettingsURL: collector + "v1/apps/" });
      callstats.initialize(${app.id}, "${app.secret}", "theirs", () => {}, () => {}, { collectLegacyStats: false, collectIP: false, disablePrecalltest: true });
      globalThis.added = (pc, user) => callstats.addNewFabric(pc, user, callstats.fabricUsage.multiplex, "overhead-callstats", { remoteEndpointType: callstats.endpointType.server });`,
  },
];
