import { guard, native } from "../src/native";
import type { Feedback } from "../src/types";
import { ask, Credentials, type Defaults, TokenError, type TokenGenerator } from "./auth";
import { type Callback, Conference, type FabricAttributes, type Owner } from "./conference";
import type { Stats } from "./figures";
import { type Hub, the } from "./hub";
import * as names from "./names";
import { nothing, Precall, type PrecallResults, relays } from "./precall";

declare const __VERSION__: string;

/** What every method returns at once. */
export interface Result {
  status: "success" | "failure";
  message?: string;
}

/** Who the user is: a name, or names. */
export type UserID = string | { userName?: string; aliasName?: string; loginID?: string };

/** The last argument of initialize. */
export interface ConfigParams {
  disableBeforeUnloadHandler?: boolean;
  applicationVersion?: string;
  disablePrecalltest?: boolean;
  siteID?: string;
  additionalIDs?: Record<string, unknown>;
  collectLegacyStats?: boolean;
  /** False: of IP addresses only the family leaves the page. */
  collectIP?: boolean;
  /** Address of the Peerglass server, where the script was not loaded from it. */
  endpoint?: string;
}

type Listener = (...args: never[]) => void;

const WIFI_EVERY = 10_000;
const MAX_WAIT = 30_000; // ms between two attempts to reach the server
const success: Result = { status: "success" };

/** The object of callstats.js, on the SDK's client. No method throws; what is
 * wrong with a call is said by what it returns and, as it was, on the console. */
export class CallStats {
  readonly fabricUsage = names.fabricUsage;
  readonly fabricEvent = names.fabricEvent;
  readonly webRTCFunctions = names.webRTCFunctions;
  readonly csError = names.csError;
  readonly qualityRating = names.qualityRating;
  readonly callStatsAPIReturnStatus = names.callStatsAPIReturnStatus;
  readonly userIDType = names.userIDType;
  readonly transmissionDirection = names.transmissionDirection;
  readonly endpointType = names.endpointType;
  readonly callType = names.callType;
  readonly roles = names.roles;
  readonly version: string = names.VERSION;

  private readonly _hub: Hub = the();
  private _owner: Owner | undefined;
  private _conferences = new Map<string, Conference>();
  private _listeners = new Map<string, Set<Listener>>();
  private _initCallback: Callback | undefined;
  private _defaults: Defaults | undefined;
  private _proxy: string | undefined;
  private _wifi: number | undefined;
  private _precall: Precall | undefined;
  private _precallResults: PrecallResults | null = null;
  private _attempt = 0; // which initialize counts

  /** Proves who the page is, and says whether the server believed it. */
  initialize(appID: string | number, secret: string | TokenGenerator, localUserID: UserID, csInitCallback?: Callback, csStatsCallback?: (s: Stats) => void, configParams?: ConfigParams): Result {
    return this._do("initialize", () => {
      const user = userOf(localUserID);
      if (!appID || !user || !(typeof secret === "function" || (typeof secret === "string" && secret))) return missing;
      this._initCallback = typeof csInitCallback === "function" ? csInitCallback : undefined;
      if (typeof csStatsCallback === "function") this._listen("stats", csStatsCallback);
      const config = configParams ?? {};
      const endpoint = CallStats.endpoint ?? config.endpoint ?? this._proxy ?? "";
      const credentials = new Credentials(Number(appID), secret, user);
      let ready!: () => void;
      const names = typeof localUserID === "object" ? localUserID : undefined;
      this._owner = {
        hub: this._hub, user, endpoint, app: Number(appID),
        userName: names?.userName ?? "",
        keys: texts({ applicationVersion: config.applicationVersion, siteID: config.siteID, loginID: names?.loginID, ...config.additionalIDs }),
        maskIPs: config.collectIP === false,
        saysGoodbye: config.disableBeforeUnloadHandler !== true,
        ready: new Promise<void>((done) => (ready = done)),
        session: () => credentials.forSession(),
        stats: (s) => this._emit("stats", s),
        wantsStats: () => Boolean(this._listeners.get("stats")?.size || this._listeners.get("error")?.size),
        trouble: (code, message) => {
          this._tell(code, message);
          this._emit("error", code, { message });
        },
        oneWay: (message) => this._emit("error", "oneWayMedia", message),
        over: (c) => {
          if (this._conferences.get(c.id) === c) this._conferences.delete(c.id);
        },
      };
      void this._authenticate(++this._attempt, credentials, endpoint, ready, config);
      return success;
    });
  }

  /** Begins to watch a connection, in a conference. */
  addNewFabric(pc: RTCPeerConnection, remoteUserID: UserID, fabricUsage: string, conferenceID: string, fabricAttributes?: FabricAttributes | Callback, pcCallback?: Callback): Result {
    return this._do("addNewFabric", () => {
      const attributes = typeof fabricAttributes === "object" && fabricAttributes ? fabricAttributes : {};
      const callback = typeof fabricAttributes === "function" ? fabricAttributes : pcCallback;
      const fail = (message: string): string => {
        if (typeof callback === "function") guard(() => callback(names.csError.csProtoError, message));
        return message;
      };
      if (!pc || !conferenceID) return fail(missing);
      if (!this._owner) return fail(uninitialised);
      if (!isConnection(pc)) return fail(strange);
      if (!(fabricUsage in names.fabricUsage)) return fail(`${fabricUsage} is none of fabricUsage`);
      if (attributes.remoteEndpointType !== undefined && !(attributes.remoteEndpointType in names.endpointType)) return fail(`${names.csError.invalidEndPointType} ${attributes.remoteEndpointType}`);
      const direction = attributes.fabricTransmissionDirection;
      if (direction !== undefined && !(direction in names.transmissionDirection)) return fail(`${names.csError.invalidTransmissionDirection} ${direction}`);
      this._conference(conferenceID)!.addFabric(pc, userOf(remoteUserID), fabricUsage, attributes, (e, m) => {
        if (typeof callback === "function") guard(() => callback(e, m));
      });
      return success;
    });
  }

  /** Tells of something that happens on a connection. */
  sendFabricEvent(pc: RTCPeerConnection, fabricEvent: string, conferenceID: string, eventData?: unknown): Result {
    return this._do("sendFabricEvent", () => {
      if (!pc || !fabricEvent) return missing;
      if (!this._owner) return uninitialised;
      if (!(fabricEvent in names.fabricEvent)) return `${fabricEvent} is none of fabricEvent`;
      const conference = this._conferences.get(String(conferenceID));
      if (!conference?.had(pc)) return strange;
      conference.event(pc, fabricEvent, eventData);
      return success;
    });
  }

  /** Tells of an error, or keeps a line of the application's log. */
  reportError(pc: RTCPeerConnection | null, conferenceID: string, wrtcFuncName: string, domError?: unknown, localSDP?: unknown, remoteSDP?: unknown): Result {
    return this._do("reportError", () => {
      if (!this._owner) return uninitialised;
      if (!(wrtcFuncName in names.webRTCFunctions)) return `${names.csError.invalidWebRTCFunctionName} ${wrtcFuncName}`;
      const conference = this._conference(conferenceID, pc);
      if (!conference) return missing;
      conference.error(pc, wrtcFuncName, domError, localSDP, remoteSDP);
      return success;
    });
  }

  /** Says whose stream an SSRC is. */
  associateMstWithUserID(pc: RTCPeerConnection, userID: UserID, conferenceID: string, SSRC: string | number, usageLabel?: string, associatedVideoTag?: unknown): Result {
    return this._do("associateMstWithUserID", () => {
      const user = userOf(userID);
      const ssrc = Number(SSRC);
      if (!pc || !user || !conferenceID || !Number.isInteger(ssrc) || ssrc <= 0 || ssrc >= 2 ** 32) return missing;
      const conference = this._conferences.get(String(conferenceID));
      if (!conference) return "there is no such conference";
      if (!conference.had(pc)) return strange;
      conference.associate(pc, user, ssrc, String(usageLabel ?? ""), associatedVideoTag);
      return success;
    });
  }

  /** Keeps a user's rating. */
  sendUserFeedback(conferenceID: string, feedback: Feedback & { userID?: string }, pcCallback?: Callback): Result {
    const result = this._do("sendUserFeedback", () => {
      if (!conferenceID || !feedback || typeof feedback !== "object") return missing;
      if (!this._owner) return uninitialised;
      this._conference(conferenceID)!.feedback(feedback);
      return success;
    });
    if (typeof pcCallback === "function") guard(() => pcCallback(result.status, result.message ?? "The feedback is on its way."));
    return result;
  }

  /** Keeps what the application knows of the call: {callType, role …}. */
  sendCallDetails(pc: RTCPeerConnection | null, conferenceID: string, callDetails: Record<string, unknown>): Result {
    return this._custom("sendCallDetails", "callDetails", pc, conferenceID, callDetails);
  }

  /** Keeps an event, or a list of them. */
  sendCustomEvent(pc: RTCPeerConnection | null, conferenceID: string, eventData: unknown): Result {
    return this._custom("sendCustomEvent", "customEvent", pc, conferenceID, eventData);
  }

  /** Keeps figures of the application's own. */
  sendCustomStats(pc: RTCPeerConnection | null, conferenceID: string, stats: unknown): Result {
    return this._custom("sendCustomStats", "customStats", pc, conferenceID, stats);
  }

  /** Adds to what a conference is found by. */
  setIdentifiers(conferenceID: string | Record<string, unknown>, identifiers?: Record<string, unknown>): Result {
    return this._do("setIdentifiers", () => {
      const keys = typeof conferenceID === "object" ? conferenceID : identifiers;
      if (!keys || typeof keys !== "object") return missing;
      if (!this._owner) return uninitialised;
      const of = typeof conferenceID === "string" ? [this._conference(conferenceID)!] : [...this._conferences.values()];
      if (typeof conferenceID !== "string") Object.assign(this._owner.keys, texts(keys));
      for (const c of of) c.identify(texts(keys));
      return success;
    });
  }

  /** Listens to one of names.events. */
  on(eventName: string, callback: Listener): Result {
    return this._do("on", () => {
      if (!(names.events as readonly string[]).includes(eventName) || typeof callback !== "function") return missing;
      this._listen(eventName, callback);
      if (eventName === "defaultConfig" && this._defaults) guard(() => callback(this._defaults as never));
      if (eventName === "recommendedConfig" && this._defaults) guard(() => callback({} as never));
      return success;
    });
  }

  /** Asks the page for figures of its wireless link, each 10 s while there is a call. */
  attachWifiStatsHandler(handler: () => unknown): Result {
    return this._do("attachWifiStatsHandler", () => {
      if (typeof handler !== "function") return missing;
      this._askWifi(handler);
      return success;
    });
  }

  resetWifiStatsHandler(): Result {
    native.clearTimeout(this._wifi);
    this._wifi = undefined;
    return success;
  }

  /** Takes the addresses of callstats' servers, none of which are asked here. The
   * first is the Peerglass server's where the script was bundled by the page. */
  setProxyConfig(config: { collectorURL?: string }): Result {
    return this._do("setProxyConfig", () => {
      if (!config || typeof config !== "object") return missing;
      this._proxy = config.collectorURL;
      return success;
    });
  }

  /** The relays of the app's default configuration; none where it has none. */
  async getTurnCredentials(..._: unknown[]): Promise<RTCIceServer[]> {
    await this._owner?.ready;
    return relays(this._defaults?.peerConnection?.iceServers);
  }

  /** Runs a pre-call test through relays: those given, or those of the app's
   * default configuration. Callbacks among the arguments get (status, results),
   * as do the listeners of preCallTestResults. */
  makePrecallTest(...args: unknown[]): Result {
    return this._do("makePrecallTest", () => this._test(args));
  }

  /** As makePrecallTest: (iceServers, callback). */
  startPrecallTests(...args: unknown[]): Result {
    return this._do("startPrecallTests", () => this._test(args));
  }

  /** Ends a test; what was measured by then is its result. */
  stopPrecallTests(): void {
    guard(() => this._precall?.stop());
  }

  /** What the last pre-call test found; null before there was one. */
  getSctResults(): PrecallResults | null {
    return this._precallResults;
  }

  /** Address of the server that the script came from. */
  static endpoint: string | undefined;

  // --- inside ------------------------------------------------------------

  /** Runs a method: what it returns as text is why it failed. */
  private _do(name: string, f: () => Result | string): Result {
    const result = guard(f) ?? "failed inside; the page goes on";
    if (typeof result === "object") return result;
    const message = `${name}: ${result}`;
    native.warn("callstats: " + message);
    return { status: "failure", message };
  }

  private _custom(method: string, event: string, pc: RTCPeerConnection | null, conferenceID: string, data: unknown): Result {
    return this._do(method, () => {
      if (!data || typeof data !== "object") return missing;
      if (!this._owner) return uninitialised;
      const conference = this._conference(conferenceID, pc);
      if (!conference) return missing;
      for (const one of Array.isArray(data) ? (data as unknown[]) : [data]) conference.custom(event, pc, one);
      return success;
    });
  }

  /** The conference of that name, made where there is none; without a name that
   * of the connection, or the only one. */
  private _conference(id: unknown, pc?: RTCPeerConnection | null): Conference | undefined {
    const all = [...this._conferences.values()];
    if (id === undefined || id === null || id === "") return all.find((c) => pc && c.had(pc)) ?? (all.length === 1 ? all[0] : undefined);
    const name = String(id);
    let conference = this._conferences.get(name);
    if (!conference && this._owner) this._conferences.set(name, (conference = new Conference(name, this._owner)));
    return conference;
  }

  private async _authenticate(attempt: number, credentials: Credentials, endpoint: string, ready: () => void, config: ConfigParams): Promise<void> {
    if (!Number.isSafeInteger(credentials.app)) return this._tell(names.csError.authError, "The AppID must be the number of the app, as its page in the console shows it.");
    if (!endpoint) return this._tell(names.csError.httpError, "It is not known where the server is: load the script from it, or name it in configParams.endpoint.");
    const url = endpoint.replace(/\/+$/, "") + "/ingest/native";
    let told = false;
    for (let wait = 1000, renewed = false; this._attempt === attempt; ) {
      let answer: Awaited<ReturnType<typeof ask>>;
      try {
        answer = await ask(url, credentials.app, await credentials.token(renewed));
      } catch (error) {
        return this._tell(error instanceof TokenError ? names.csError.tokenGenerationError : names.csError.httpError, (error as Error).message);
      }
      if (this._attempt !== attempt) return;
      if (answer.defaults) {
        this._defaults = answer.defaults;
        this._tell(answer.code, answer.message);
        this._emit("defaultConfig", answer.defaults);
        this._emit("recommendedConfig", {});
        ready();
        const servers = relays(answer.defaults.peerConnection?.iceServers);
        if (servers.length && !config.disablePrecalltest && this._listeners.get("preCallTestResults")?.size) this._do("initialize", () => this._test([servers]));
        return;
      }
      if (answer.renew && !renewed) {
        renewed = true;
        continue;
      }
      if (!told || !answer.again) this._tell(answer.code, answer.message);
      if (!answer.again) return;
      told = true;
      await new Promise<void>((done) => native.setTimeout(done, wait * (0.5 + Math.random() / 2)));
      wait = Math.min(2 * wait, MAX_WAIT);
    }
  }

  private _test(args: unknown[]): Result | string {
    if (!this._owner) return uninitialised;
    if (this._precall) return "a test is running";
    const given = relays(args.find((a) => Array.isArray(a)));
    const servers = given.length ? given : relays(this._defaults?.peerConnection?.iceServers);
    const callbacks = args.filter((a): a is Listener => typeof a === "function");
    const done = (results: PrecallResults): void => {
      this._precall = undefined;
      this._precallResults = results;
      const status = results.mediaConnectivity === null ? "failure" : "success";
      for (const f of callbacks) guard(() => f(status as never, results as never));
      this._emit("preCallTestResults", status, results);
      this._emit("connectionRecommendation", { aggregatedStats: [], providerRanking: [] });
    };
    const test = (this._precall = new Precall());
    // Without a relay nothing is measured, and that is what is said.
    void (servers.length ? test.run(servers) : Promise.resolve({ ...nothing })).then(done);
    return success;
  }

  private _askWifi(handler: () => unknown): void {
    native.clearTimeout(this._wifi);
    const busy = [...this._conferences.values()].filter((c) => c.busy);
    if (busy.length) {
      void Promise.resolve(guard(handler)).then((answer) =>
        guard(() => {
          const w = (typeof answer === "string" ? JSON.parse(answer) : answer) as Record<string, unknown> | undefined;
          if (!w || typeof w !== "object") return;
          const { signal, rssi, noise, timestamp } = w;
          for (const c of busy) c.custom("wifi", null, { signal, rssi, noise, interface: w.interface, timestamp });
        }),
        () => undefined,
      );
    }
    this._wifi = native.setTimeout(() => guard(() => this._askWifi(handler)), WIFI_EVERY);
  }

  private _listen(name: string, f: Listener): void {
    let set = this._listeners.get(name);
    if (!set) this._listeners.set(name, (set = new Set()));
    set.add(f);
  }

  private _emit(name: string, ...args: unknown[]): void {
    for (const f of this._listeners.get(name) ?? []) guard(() => f(...(args as never[])));
  }

  private _tell(code: string, message: string): void {
    guard(() => this._initCallback?.(code, message));
  }
}

const missing = "an argument is missing or not valid";
const uninitialised = "call initialize first";
const strange = "this is no RTCPeerConnection, or not one that was added to the conference";

/** The user's id of a name or of names. */
function userOf(id: unknown): string {
  if (typeof id === "string") return id;
  if (typeof id === "number") return String(id);
  const { aliasName, userName } = (id ?? {}) as { aliasName?: string; userName?: string };
  return String(aliasName ?? userName ?? "");
}

function isConnection(pc: unknown): boolean {
  return typeof (pc as RTCPeerConnection).getStats === "function" && typeof (pc as RTCPeerConnection).addEventListener === "function";
}

/** The members that have a value, as text. */
function texts(values: Record<string, unknown>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [k, v] of Object.entries(values)) if (v !== undefined && v !== null && v !== "" && typeof v !== "object") out[k] = String(v);
  return out;
}

/** The constructor that pages know; it may be called without new. */
const callstats = function (): CallStats {
  return new CallStats();
} as unknown as { new (): CallStats; (): CallStats };
callstats.prototype = CallStats.prototype;

export { callstats, callstats as default };
