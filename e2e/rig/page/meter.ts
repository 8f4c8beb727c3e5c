// Listens to what a user hears: of every 512 samples (10.7 ms at 48 kHz) the
// level and the frequency. The tone that is sent rises all the time, so that a
// sound that is made up from what was heard before is told from a real one.
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, of: new () => AudioWorkletProcessor): void;
declare const sampleRate: number;

const BLOCK = 512;
const BATCH = 47; // blocks, half a second

registerProcessor(
  "meter",
  class extends AudioWorkletProcessor {
    private block = new Float32Array(BLOCK);
    private filled = 0;
    private level: number[] = [];
    private hertz: number[] = [];
    private at = 0;

    process([input]: Float32Array[][]): boolean {
      if (!this.level.length && !this.filled) this.at = Date.now();
      const samples = input?.[0];
      if (samples) this.block.set(samples, this.filled);
      else this.block.fill(0, this.filled, this.filled + 128);
      this.filled += 128;
      if (this.filled < BLOCK) return true;
      this.filled = 0;
      this.measure();
      if (this.level.length === BATCH) {
        this.port.postMessage({ at: this.at, level: this.level, hertz: this.hertz });
        this.level = [];
        this.hertz = [];
      }
      return true;
    }

    /** Level in −dB of full scale, 0 to 120; frequency by the upward crossings of
     * zero, 0 where there are too few. Where pieces of sound are joined, as a jitter
     * buffer does, a period is cut: those that are not near the median do not count. */
    private measure(): void {
      const b = this.block;
      let energy = 0;
      let last = -1;
      const periods: number[] = [];
      for (let i = 0; i < BLOCK; i++) {
        energy += b[i]! * b[i]!;
        if (i && b[i - 1]! < 0 && b[i]! >= 0) {
          const at = i - b[i]! / (b[i]! - b[i - 1]!);
          if (last >= 0) periods.push(at - last);
          last = at;
        }
      }
      periods.sort((x, y) => x - y);
      const median = periods[periods.length >> 1]!;
      const near = periods.filter((p) => Math.abs(p - median) < 0.1 * median);
      this.level.push(Math.min(120, Math.round(-10 * Math.log10(energy / BLOCK + 1e-12))));
      this.hertz.push(near.length > 1 ? Math.round((near.length * sampleRate) / near.reduce((x, y) => x + y)) : 0);
    }
  },
);
