const encoder = /* @__PURE__ */ new TextEncoder();

/** Bytes that grow at the end. */
export class Writer {
  private _bytes = new Uint8Array(1024);
  length = 0;

  private _room(n: number): void {
    if (this.length + n <= this._bytes.length) return;
    const grown = new Uint8Array(Math.max(this._bytes.length * 2, this.length + n));
    grown.set(this._bytes.subarray(0, this.length));
    this._bytes = grown;
  }

  byte(b: number): void {
    this._room(1);
    this._bytes[this.length++] = b;
  }

  /** A whole number from 0 to 2^53, seven bits to a byte, the lowest first. */
  uvarint(n: number): void {
    this._room(8);
    while (n >= 0x80) {
      // Bit operators would cut at 32 bits.
      this._bytes[this.length++] = (n % 0x80) | 0x80;
      n = Math.floor(n / 0x80);
    }
    this._bytes[this.length++] = n;
  }

  /** A whole number of either sign, small ones short. */
  zigzag(n: number): void {
    this.uvarint(n < 0 ? -2 * n - 1 : 2 * n);
  }

  double(n: number): void {
    this._room(8);
    new DataView(this._bytes.buffer, this._bytes.byteOffset + this.length).setFloat64(0, n, true);
    this.length += 8;
  }

  raw(b: Uint8Array): void {
    this._room(b.length);
    this._bytes.set(b, this.length);
    this.length += b.length;
  }

  /** UTF-8 with its length before it. `plus` is added to the length. */
  text(s: string, plus = 0): void {
    const b = encoder.encode(s);
    this.uvarint(b.length + plus);
    this.raw(b);
  }

  clear(): void {
    this.length = 0;
  }

  /** What was written; valid until the next write. */
  view(): Uint8Array {
    return this._bytes.subarray(0, this.length);
  }

  copy(): Uint8Array<ArrayBuffer> {
    return this._bytes.slice(0, this.length);
  }
}
