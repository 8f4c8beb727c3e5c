import { native, randomId } from "../src/native";
import { csError } from "./names";

/** How a page gets tokens from its back end: (forceNew, callback(error, token)). */
export type TokenGenerator = (forceNew: boolean, callback: (error: unknown, token?: string | null) => void) => void;

/** What a page is told of an attempt: one of csError, and a sentence. */
export interface Outcome {
  code: string;
  message: string;
}

/** The app's default configuration, as the server has it. */
export interface Defaults {
  peerConnection: RTCConfiguration | null;
  media: MediaStreamConstraints | null;
}

/** The generator gave no token; its message is what it said. */
export class TokenError extends Error {}

// A secret that stands in a page is no secret, so that a short life protects
// nothing; it must be long enough for a clock that is behind.
const LIFE = 3600;
const LONG_LIFE = 30 * 86_400;
const EARLY = 30; // s before its end from which on a token is not used any more

/** Proves to the server who the page is: by the app's secret, or by tokens of
 * the app's own back end. */
export class Credentials {
  private _cached: string | undefined;
  private _under: Promise<string> | undefined;
  private _taken = new Set<string>(); // one-time tokens that a session has

  constructor(
    readonly app: number,
    private readonly _source: string | TokenGenerator,
    private readonly _user: string,
  ) {}

  /** A token that is good now. forceNew: the last one was refused. */
  token(forceNew = false): Promise<string> {
    if (!forceNew && this._cached !== undefined && !ends(this._cached)) return Promise.resolve(this._cached);
    this._under ??= this._get(forceNew).then(
      (token) => {
        this._under = undefined;
        return (this._cached = token);
      },
      (error: unknown) => {
        this._under = undefined;
        throw error;
      },
    );
    return this._under;
  }

  /** Tokens for one session: where they name themselves (jti), they are good
   * for no other. refused says that the last one was not good. */
  forSession(): { token(): Promise<string>; refused(): void } {
    let own: string | undefined;
    let refused = false;
    return {
      token: async () => {
        if (!refused && own !== undefined && !ends(own)) return own;
        let token = await this.token(refused);
        if (token !== own && this._taken.has(token)) token = await this.token(true);
        refused = false;
        if (claims(token).jti !== undefined) this._taken.add(token);
        return (own = token);
      },
      refused: () => void (refused = true),
    };
  }

  private _get(forceNew: boolean): Promise<string> {
    const source = this._source;
    if (typeof source === "string") return sign(source, { app: this.app, user: this._user, exp: Math.floor(native.now() / 1000) + (forceNew ? LONG_LIFE : LIFE) });
    const another = forceNew || this._cached !== undefined; // that one has come to its end
    return new Promise((resolve, reject) => {
      try {
        source(another, (error, token) => {
          if (error !== null && error !== undefined) reject(new TokenError(error instanceof Error ? error.message : String(error)));
          else if (typeof token === "string" && token) resolve(token);
          else reject(new TokenError("The token generator called back without a token."));
        });
      } catch (error) {
        reject(new TokenError(error instanceof Error ? error.message : String(error)));
      }
    });
  }
}

/** Asks the server whether it would let the page in, before there is a call. */
export async function ask(url: string, app: number, token: string): Promise<Outcome & { again: boolean; renew: boolean; defaults?: Defaults }> {
  let message: { type?: string; code?: string; message?: string; retry?: boolean; defaultConfig?: Partial<Defaults> };
  try {
    const hello = JSON.stringify({ type: "hello", v: 1, check: true, app, token, session: randomId(), sdk: "callstats.js" });
    const answer = await native.fetch!(url, { method: "POST", body: hello + "\n", headers: { "Content-Type": "text/plain" }, credentials: "omit", cache: "no-store" });
    message = (await answer.json()) as typeof message;
  } catch (error) {
    return { code: csError.httpError, message: `${url} does not answer: ${(error as Error)?.message ?? error}`, again: true, renew: false };
  }
  if (message.type === "welcome") {
    const { peerConnection = null, media = null } = message.defaultConfig ?? {};
    return { code: csError.success, message: "The server has let this page in.", again: false, renew: false, defaults: { peerConnection, media } };
  }
  const code = String(message.code);
  return { code: errorOf(code), message: String(message.message), again: message.retry === true, renew: renews(code) };
}

/** Whether another token may help. */
export function renews(code: string): boolean {
  return code === "token_expired" || code === "token_replayed";
}

/** The csError of a refusal's code. */
export function errorOf(code: string): string {
  if (/^(token|unknown_key|revoked_key|app_disabled|origin_refused|not_found|forbidden)/.test(code)) return csError.authError;
  if (/^(malformed|too_large|unsupported|sequence|limit)$/.test(code)) return csError.csProtoError;
  return csError.httpError;
}

/** A JWT, HS256 with a text as key. */
async function sign(secret: string, body: object): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) throw new TokenError("The browser signs only in pages of https:// or localhost.");
  const utf8 = new TextEncoder();
  const text = base64url(utf8.encode('{"alg":"HS256","typ":"JWT"}')) + "." + base64url(utf8.encode(JSON.stringify(body)));
  const key = await subtle.importKey("raw", utf8.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return text + "." + base64url(new Uint8Array(await subtle.sign("HMAC", key, utf8.encode(text))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** What a token says, unchecked; nothing where it cannot be read. */
function claims(token: string): { exp?: number; jti?: string } {
  try {
    return JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as { exp?: number; jti?: string };
  } catch {
    return {};
  }
}

function ends(token: string): boolean {
  const { exp } = claims(token);
  return typeof exp === "number" && exp - EARLY < native.now() / 1000;
}
