// The number that each video frame carries in its picture: a row of black and
// white blocks at the top, twelve bits of number and four of check. Blocks are
// wide enough to survive a poor bit rate and a reduced resolution.
const BITS = 12;
const CHECK = 4;
export const BLOCKS = BITS + CHECK;
/** Share of the picture's height that the row takes. */
export const ROW = 0.15;
export const NUMBERS = 1 << BITS;

const check = (n: number): number => (((n * 2654435761) >>> 0) >>> 28) ^ 0b1001;

/** Draws frame number n into a picture. */
export function drawNumber(g: OffscreenCanvasRenderingContext2D, width: number, height: number, n: number): void {
  const bits = ((n % NUMBERS) << CHECK) | check(n % NUMBERS);
  const w = width / BLOCKS;
  for (let i = 0; i < BLOCKS; i++) {
    g.fillStyle = (bits >> (BLOCKS - 1 - i)) & 1 ? "#fff" : "#000";
    g.fillRect(Math.floor(i * w), 0, Math.ceil(w), Math.ceil(height * ROW));
  }
}

const strip = new OffscreenCanvas(BLOCKS, 1);
const pixels = strip.getContext("2d", { willReadFrequently: true })!;
pixels.imageSmoothingEnabled = false;

/** Reads the number of the frame that an element shows; undefined where there is none. */
export function readNumber(video: HTMLVideoElement): number | undefined {
  const { videoWidth: w, videoHeight: h } = video;
  if (!w || !h) return undefined;
  pixels.drawImage(video, 0, (h * ROW) / 3, w, (h * ROW) / 3, 0, 0, BLOCKS, 1);
  const { data } = pixels.getImageData(0, 0, BLOCKS, 1);
  let bits = 0;
  for (let i = 0; i < BLOCKS; i++) bits = (bits << 1) | (data[4 * i + 1]! > 127 ? 1 : 0);
  const n = bits >> CHECK;
  return check(n) === (bits & ((1 << CHECK) - 1)) ? n : undefined;
}
