// Measures what the SDK costs a page in a four-party mesh call: three
// connections, each with audio and video both ways, in one page; the other
// three users stand in a second page without the SDK.
//   npm run bench -w sdk [-- --seconds 60] [--poll 2000] [--json]
// It prints figures and judges nothing. Main-thread time is what Chromium's
// profiler, each 100 µs, found in the SDK's functions and in what they call,
// summed up around each poll; the browser's own work on getStats is not in it.
// Bytes are those of the batches as they go over the WebSocket.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values: options } = parseArgs({ options: { seconds: { type: "string", default: "60" }, poll: { type: "string", default: "2000" }, json: { type: "boolean" } } });
const root = resolve(import.meta.dirname, "../..");
const WARM = 20_000; // the first 15 s are looked at more closely

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));
if (!executablePath) throw new Error("no Chromium here: run ./scripts/setup chromium, or name one in CHROMIUM");
const folder = mkdtempSync(join(tmpdir(), "peerglass-bench-"));
execFileSync("go", ["build", "-o", join(folder, "sink"), "./sdk/test/sink"], { cwd: root, env: { ...process.env, CGO_ENABLED: "0" } });
const sink = spawn(join(folder, "sink"), ["--poll", options.poll], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
const url = await new Promise((done) => sink.stdout.once("data", (d) => done(d.toString().trim())));
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    // Both pages are in view, as for their users.
    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding", "--disable-background-timer-throttling"],
});
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const middle = (all, share = 0.5) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))];

try {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/pages/call.html`);
  const others = await context.newPage();
  await others.goto(`${url}/pages/empty.html`);
  await call(page, others);
  await pause(WARM);

  const cdp = await context.newCDPSession(page);
  await cdp.send("Profiler.enable");
  await cdp.send("Profiler.setSamplingInterval", { interval: 100 });
  const stay = async () => Object.values(await (await fetch(`${url}/state`)).json())[0];
  const before = await stay();
  await cdp.send("Profiler.start");
  await pause(Number(options.seconds) * 1000);
  const { profile } = await cdp.send("Profiler.stop");
  const after = await stay();

  const work = workOf(profile, Number(options.poll) / 2);
  const sizes = after.sizes.slice(before.sizes.length);
  const figures = {
    connections: 3,
    pollMs: Number(options.poll),
    polls: work.length,
    reportsPerPoll: Object.values(after.stats).reduce((n, reports) => n + Object.keys(reports).length, 0),
    mainThreadMs: { median: round(middle(work)), p95: round(middle(work, 0.95)) },
    bytes: { median: middle(sizes), p95: middle(sizes, 0.95), batches: sizes.length },
    cores: cpus().length,
    browser: browser.version(),
  };
  if (options.json) console.log(JSON.stringify(figures));
  else {
    console.log(`four-party mesh call, ${figures.connections} connections, ${figures.reportsPerPoll} reports a poll, each ${figures.pollMs} ms, ${figures.polls} polls; Chromium ${figures.browser}, ${figures.cores} cores`);
    console.log(`main thread a poll   median ${figures.mainThreadMs.median} ms, p95 ${figures.mainThreadMs.p95} ms`);
    console.log(`on the wire a poll   median ${figures.bytes.median} B, p95 ${figures.bytes.p95} B`);
  }
} finally {
  await browser.close();
  sink.kill();
  rmSync(folder, { recursive: true, force: true });
}

function round(ms) {
  return Math.round(ms * 100) / 100;
}

/** Milliseconds in the SDK around each poll: what is closer together than
 * `apart` ms belongs to one. */
function workOf(profile, apart) {
  const nodes = new Map(profile.nodes.map((n) => [n.id, n]));
  const ours = new Set();
  const mark = (id, inside) => {
    const node = nodes.get(id);
    const here = inside || /\/(sdk|sdk-watch|index)\.m?js$/.test(node.callFrame.url);
    if (here) ours.add(id);
    for (const child of node.children ?? []) mark(child, here);
  };
  mark(profile.nodes[0].id, false);
  const polls = [];
  let at = profile.startTime;
  let last = -Infinity;
  profile.samples.forEach((id, i) => {
    at += profile.timeDeltas[i];
    if (!ours.has(id)) return;
    if (at - last > apart * 1000) polls.push(0);
    polls[polls.length - 1] += (profile.timeDeltas[i + 1] ?? 0) / 1000;
    last = at;
  });
  return polls.slice(1, -1); // the first and the last may be cut
}

/** Makes the call: three connections from page to others. */
async function call(page, others) {
  const make = async () => {
    globalThis.pcs = [];
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360, frameRate: 30 } });
    for (let i = 0; i < 3; i++) {
      const pc = new RTCPeerConnection();
      pcs.push(pc);
      for (const t of media.getTracks()) pc.addTrack(t, media);
      pc.ontrack = (e) => {
        const el = document.createElement(e.track.kind);
        Object.assign(el, { srcObject: new MediaStream([e.track]), muted: true });
        void el.play().catch(() => undefined);
        document.body.append(el);
      };
    }
  };
  await page.evaluate(() => peerglass.join({ room: "mesh", user: "alice" }));
  await page.evaluate(make);
  await others.evaluate(make);
  const whole = async (i, answerTo) => {
    const pc = pcs[i];
    if (answerTo) await pc.setRemoteDescription(answerTo);
    await pc.setLocalDescription();
    if (pc.iceGatheringState !== "complete") await new Promise((done) => pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && done()));
    return JSON.parse(JSON.stringify(pc.localDescription));
  };
  for (let i = 0; i < 3; i++) {
    const offer = await page.evaluate(new Function("i", `return (${whole})(i)`), i);
    const answer = await others.evaluate(new Function("a", `return (${whole})(a[0], a[1])`), [i, offer]);
    await page.evaluate(([i, answer]) => pcs[i].setRemoteDescription(answer), [i, answer]);
  }
  await page.waitForFunction(() => pcs.every((pc) => pc.connectionState === "connected"));
}
