// The one way to the API: types come from its OpenAPI document
// (npm run types), errors arrive as ApiError with the server's sentence.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type App = Schemas["App"];
export type Call = Schemas["Call"];
export type CallDetail = Schemas["CallDetail"];
export type User = Schemas["User"];
export type Session = Schemas["Session"];
export type SessionDetail = Schemas["SessionDetail"];
export type Connection = Schemas["Connection"];
export type Stream = Schemas["Stream"];
export type Samples = Schemas["Samples"];
export type Event = Schemas["Event"];
export type Metric = Schemas["Metric"];
export type Threshold = Schemas["Threshold"];
export type IngestKey = Schemas["IngestKey"];
export type PublicKey = Schemas["PublicKey"];
export type TokenCheck = Schemas["TokenCheck"];
export type DefaultConfig = Schemas["DefaultConfig"];
export type LogEntry = Schemas["LogEntry"];
export type Verdict = Schemas["Verdict"];
export type Issue = Schemas["Issue"];
export type Evidence = Schemas["Evidence"];
export type Outcome = Schemas["Outcome"];
export type Reason = Schemas["Reason"];
export type Imported = Schemas["Imported"];

const base = "/api/v1";

export const api = createClient<paths>({ baseUrl: base });

/** What the server refused or could not do, in its own words. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

function fault(status: number, body: unknown): ApiError {
  const e = (body ?? {}) as { code?: string; message?: string };
  return new ApiError(status, e.code ?? "", e.message ?? `The server answered ${status} and said no more.`);
}

/** The answer's data, or an ApiError. */
export async function unwrap<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let got: Awaited<typeof answer>;
  try {
    got = await answer;
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new ApiError(0, "unreachable", "The server cannot be reached. Is it running?");
  }
  if (!got.response.ok) throw fault(got.response.status, got.error);
  return got.data as T;
}

export const dumpAddress = (app: number, call: string, session: string) => `${base}/apps/${app}/calls/${call}/sessions/${session}/dump`;

export const liveAddress = (app: number, call: string) => `${base}/apps/${app}/calls/${call}/live`;

/** Sends a dump; progress goes from 0 to 1 while it is on its way. fetch cannot tell that, XMLHttpRequest can. */
export function upload(app: number, file: File, progress: (share: number) => void): Promise<Imported> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${base}/apps/${app}/import?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (e) => { if (e.lengthComputable) progress(e.loaded / e.total); };
    request.upload.onload = () => progress(1);
    request.onload = () => (request.status < 300 ? resolve(request.response as Imported) : reject(fault(request.status, request.response)));
    request.onerror = () => reject(new ApiError(0, "unreachable", "The connection broke before the file was there. Try again."));
    request.send(file);
  });
}
