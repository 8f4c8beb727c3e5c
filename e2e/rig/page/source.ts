// The camera: a worker draws numbered frames at a fixed rate, whatever the page
// is doing, and tells when each was made.
import { drawNumber } from "./code";

type Order = { writable: WritableStream<VideoFrame>; width: number; height: number; fps: number } | { mode: Mode } | { end: true };
/** draw: numbered frames; black: frames without light; still: no frames at all. */
export type Mode = "draw" | "black" | "still";

let mode: Mode = "draw";
let ended = false;
const made: [number, number][] = [];

onmessage = ({ data }: MessageEvent<Order>) => {
  if ("mode" in data) mode = data.mode;
  else if ("end" in data) ended = true;
  else void run(data.writable, data.width, data.height, data.fps);
};

async function run(writable: WritableStream<VideoFrame>, width: number, height: number, fps: number): Promise<void> {
  const writer = writable.getWriter();
  const canvas = new OffscreenCanvas(width, height);
  const g = canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
  const noise = texture();
  const start = performance.now();
  for (let n = 0; !ended; n++) {
    // Late frames are not made up for: a camera does not either.
    const due = start + (n * 1000) / fps;
    const now = performance.now();
    if (due > now) await new Promise((done) => setTimeout(done, due - now));
    else if (now - due > 2000 / fps) continue;
    if (mode === "still") continue;
    g.fillStyle = "#000";
    g.fillRect(0, 0, width, height);
    if (mode === "draw") {
      g.drawImage(noise, (n * 3) % 64, (n * 2) % 64, width, height, 0, 0, width, height);
      drawNumber(g, width, height, n);
    }
    const at = performance.timeOrigin + performance.now();
    const frame = new VideoFrame(canvas, { timestamp: Math.round(1000 * performance.now()) });
    try {
      await writer.write(frame);
    } catch {
      return; // the page stopped the track
    }
    made.push([mode === "draw" ? n : -1, Math.round(at)]);
    if (made.length >= 5) postMessage(made.splice(0));
  }
  postMessage(made.splice(0));
  await writer.close().catch(() => undefined);
}

/** A picture with enough in it to keep an encoder busy. */
function texture(): OffscreenCanvas {
  const c = new OffscreenCanvas(704, 544);
  const g = c.getContext("2d")!;
  let seed = 7;
  const random = (n: number): number => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8) % n;
  for (let i = 0; i < 1500; i++) {
    g.fillStyle = `hsl(${random(360)} 60% ${30 + random(45)}%)`;
    g.fillRect(random(700), random(540), 8 + random(40), 8 + random(40));
  }
  return c;
}
