// One short call of the rig: its truth must be there and agree with itself. The
// whole collection is `make fidelity`.
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Program, startProgram } from "./harness";
import { make } from "./rig/conditions";
import { type Relays, startRelays } from "./rig/relay";
import { makeCall, servePages } from "./rig/run";

let program: Program;
let relays: Relays;
let pages: Awaited<ReturnType<typeof servePages>>;
let out: string;

beforeAll(async () => {
  program = await startProgram({ args: ["--poll", "1s"] });
  relays = await startRelays();
  pages = await servePages();
  out = await mkdtemp(join(tmpdir(), "peerglass-rig-"));
});

afterAll(async () => {
  await pages?.stop();
  await relays?.stop();
  await program?.stop();
  if (out) await rm(out, { recursive: true });
});

test("a call that loses a fifth of what ada sends tells so, packet by packet and frame by frame", async () => {
  const [app] = (await program.api<{ items: { id: number }[] }>("/apps")).items;
  const condition = make("short", { seconds: 8, rules: [{ user: "ada", dir: "up", from: 1000, loss: 0.2 }] });
  const keep = await makeCall({ program, app: app!.id, relays, pages: pages.url, out, pollMs: 1000, strict: false }, condition, 1);
  await keep();

  const folder = join(out, "short-1");
  expect((await readdir(folder)).sort()).toEqual(["ada.dump", "ben.dump", "truth.json.gz"]);
  const truth = JSON.parse(gunzipSync(await readFile(join(folder, "truth.json.gz"))).toString());
  expect(truth.errors).toEqual([]);
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  const leg = (user: string, dir: string) => truth.relay.find((c: any) => c.user === user && c.dir === dir);
  for (const s of leg("ada", "up").streams) {
    const there = leg("ben", "down").streams.find((o: any) => o.ssrc === s.ssrc);
    expect(Math.abs(sum(s.offered) - sum(s.dropped) - sum(there.offered)), `packets of ${s.ssrc} on their way`).toBeLessThan(5);
  }
  const lost = (leg: any) => sum(leg.dropped ?? []) / sum(leg.offered);
  expect(lost(leg("ada", "up"))).toBeGreaterThan(0.1);
  expect(lost(leg("ada", "up"))).toBeLessThan(0.3);
  expect(lost(leg("ben", "up"))).toBe(0);
  const whole = (steps: number[]) => { let v = 0; return steps.map((d) => (v += d)); };
  for (const page of truth.pages) {
    const [seen] = page.seen;
    const { number, at } = truth.pages.find((p: any) => p.user === seen.user).made;
    const times = whole(at);
    const made = new Map(whole(number).map((n, i) => [n, times[i]!]));
    expect(made.size, `frames that ${seen.user} made`).toBeGreaterThan(100);
    const when = whole(seen.frames.at);
    const read = whole(seen.frames.number).map((n, i) => [n, when[i]!] as const).filter(([n]) => made.has(n));
    expect(read.length, `frames of ${seen.user} that ${page.user} could read`).toBeGreaterThan(60);
    for (const [n, at] of read) expect(at).toBeGreaterThan(made.get(n)! - 5);
    const levels: number[] = seen.sound.level.flatMap(whole);
    expect(levels.filter((l) => l < 30).length, `sound of ${seen.user} that ${page.user} heard`).toBeGreaterThan(400);
  }
});
