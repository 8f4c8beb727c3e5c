// Plays recorded sessions into a running program as clients would send them, at
// the pace at which they were recorded: several into one room make a call whose
// every damage is known (fidelity/testdata).
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Program, root, until } from "./harness";

interface Recorded {
  header: { clientSession: string; room: string };
  frames: { at: number; frame: Buffer }[];
}

/** Reads a raw dump: a line of its name, a line of JSON, then frames (dump/raw.go). */
function readDump(packed: Buffer): Recorded {
  const data = gunzipSync(packed);
  const first = data.indexOf(10);
  const second = data.indexOf(10, first + 1);
  const header = JSON.parse(data.subarray(first + 1, second).toString());
  const frames: Recorded["frames"] = [];
  let place = second + 1;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = data[place++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  for (let at = 0; ;) {
    const zigzag = varint();
    at += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    const length = varint();
    if (length === 0) return { header, frames };
    frames.push({ at, frame: data.subarray(place, place + length - 1) });
    place += length - 1;
  }
}

const uvarint = (n: number) => {
  const out: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  return Buffer.from([...out, n]);
};

/** A call that is being played. */
export interface Played {
  room: string;
  /** All that was recorded is sent, and all that follows from it is written: stays have their dumps when their rows are there. */
  done: Promise<void>;
}

/**
 * Plays every session of a recorded condition into its room. Sessions whose
 * name is in without stay away; the last frame of each waits for last, so that
 * the call is in progress until then.
 */
export async function play(program: Program, condition: string, { without = [] as string[], last = Promise.resolve() } = {}): Promise<Played> {
  const folder = join(root, "fidelity/testdata", condition);
  const files = (await readdir(folder)).filter((f) => f.endsWith(".dump") && !without.includes(f.replace(".dump", "")));
  const sessions = await Promise.all(files.map(async (f) => readDump(await readFile(join(folder, f)))));
  const began = Math.min(...sessions.map((s) => s.frames[0]?.at ?? Number.POSITIVE_INFINITY));
  const start = Date.now();
  const send = async (s: Recorded) => {
    const hello = `${JSON.stringify({ type: "hello", v: 1, key: program.key, session: s.header.clientSession })}\n`;
    for (const [i, { at, frame }] of s.frames.entries()) {
      const wait = start + at - began - Date.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      if (i === s.frames.length - 1) await last;
      const res = await fetch(`${program.url}/ingest/native`, { method: "POST", headers: { Origin: program.url }, body: Buffer.concat([Buffer.from(hello), uvarint(frame.length), frame]) });
      if (!res.ok) throw new Error(`${condition}: ${res.status} ${await res.text()}`);
    }
  };
  const room = sessions[0]?.header.room ?? "";
  const written = () => until(`the dumps of ${condition}`, async () => {
    const [call] = (await program.api<{ items: { id: string }[] }>(`/apps/1/calls?room=${encodeURIComponent(room)}`)).items;
    const stays = call && (await program.api<{ items: { hasDump: boolean }[] }>(`/apps/1/calls/${call.id}/sessions`)).items;
    return (stays?.length === sessions.length && stays.every((s) => s.hasDump)) || undefined;
  });
  return { room, done: Promise.all(sessions.map(send)).then(written).then(() => undefined) };
}
