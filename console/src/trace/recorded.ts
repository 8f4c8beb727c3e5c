// Recordings for tests: lines of the rtcstats family, as events of a trace.
// Only tests import this. It reads files by Node's own modules, which the
// console itself does not know.
import type { Event } from "../api/client";

interface Node { readFile(path: string): Promise<Uint8Array<ArrayBuffer>> }

const env = (globalThis as unknown as { process: { env: Record<string, string | undefined> } }).process.env;

/** The repository, and the folder of recordings that others made; see CONTRIBUTING.md. */
export const repository = new URL("../../../", import.meta.url).pathname;
export const others = env.PEERGLASS_TESTDATA ?? `${repository}../shared/testdata`;

/** A file's text, unpacked where it is packed; undefined where it is not there. */
export async function text(path: string): Promise<string | undefined> {
  const { readFile } = (await import(/* @vite-ignore */ "node:fs/promises" as string)) as Node;
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

/** Events out of a dump of the Jitsi family: one line a record, ["createOffer", "PC_0", value, time]. */
export function events(dump: string): Event[] {
  const out: Event[] = [];
  const labels: string[] = [];
  for (const line of dump.split("\n")) {
    const record = parsed(line);
    if (!record) continue;
    const [name, pc, value, time] = record;
    if (typeof name !== "string" || name === "getstats" || name === "getStats") continue;
    if (typeof pc === "string" && !labels.includes(pc)) labels.push(pc);
    const kind = name.startsWith("on") ? "state" : "call";
    const severity = name.endsWith("OnFailure") ? "error" : "info";
    out.push({ session: "s", index: out.length + 1, time: new Date(typeof time === "number" ? time : 0).toISOString(), connection: typeof pc === "string" ? labels.indexOf(pc) + 1 : 0, stream: 0, kind, name, corr: "", severity, value: value ?? null });
  }
  return out;
}

function parsed(line: string): unknown[] | undefined {
  try {
    let record: unknown = JSON.parse(line);
    if (!Array.isArray(record)) record = (record as { data?: unknown }).data;
    if (typeof record === "string") record = JSON.parse(record);
    return Array.isArray(record) ? record : undefined;
  } catch {
    return undefined;
  }
}
