import { describe, expect, it } from "vitest";
import { apart, clock, count, duration, figure, initials, inZone, span, tick } from "./format";

describe("figure", () => {
  it("shows what was not measured as a dash, and zero as zero", () => {
    expect(figure(null, "ms")).toBe("–");
    expect(figure(undefined, "bit/s")).toBe("–");
    expect(figure(0, "ms")).toBe("0 ms");
  });
  it("scales and keeps three figures", () => {
    expect(figure(1_234_567, "bit/s")).toBe("1.23 Mbit/s");
    expect(figure(64_000, "bit/s")).toBe("64 kbit/s");
    expect(figure(0.0312, "ratio")).toBe("3.12 %");
    expect(figure(29.97, "fps")).toBe("30 fps");
    expect(figure(12_345, "ms")).toBe("12.3 s");
    expect(figure(-2, "packets")).toBe("-2 packets");
  });
  it("labels axes shortly", () => {
    expect(tick(1_500_000, "bit/s")).toBe("1.5M");
    expect(tick(0.05, "ratio")).toBe("5%");
  });
});

describe("duration", () => {
  it("names its parts", () => {
    expect(duration(4_338_000)).toBe("1 h 12 min 18 s");
    expect(duration(4_338_000, true)).toBe("1 h 12 min");
    expect(duration(5_000)).toBe("5 s");
    expect(duration(0)).toBe("0 s");
    expect(duration(120)).toBe("120 ms");
    expect(duration(null)).toBe("–");
  });
});

describe("span", () => {
  it("says the date once when both ends share it", () => {
    const start = new Date(2026, 10, 21, 14, 6, 43).getTime();
    expect(span(start, start + 60_000)).toBe("2026-11-21 14:06:43 – 14:07:43");
    expect(span(start, null)).toBe("2026-11-21 14:06:43 – now");
    expect(span(start, start + 86_400_000)).toBe("2026-11-21 14:06:43 – 2026-11-22 14:06:43");
  });
});

it("counts and initials", () => {
  expect(count(1234567)).toBe("1\u202f234\u202f567");
  expect(initials("Ada Lovelace")).toBe("AL");
  expect(initials("bob")).toBe("BO");
  expect(initials("")).toBe("?");
  expect(initials("👩‍👩‍👧‍👦 Ines")).toBe("👩‍👩‍👧‍👦I");
  expect(initials("🦊🦊🦊")).toBe("🦊🦊");
});

it("sets names apart that are written from right to left", () => {
  expect(apart("Ada")).toBe("Ada");
  expect(apart("李小龍")).toBe("李小龍");
  expect(apart("محمد عبد")).toBe("\u2068محمد عبد\u2069");
  expect(initials(apart("محمد عبد"))).toBe("مع");
});

describe("inZone", () => {
  it("tells a verdict's times in the viewer's zone", () => {
    const at = Date.UTC(2026, 10, 21, 23, 59, 50);
    expect(inZone("for 19 s (23:59:55–00:00:14 UTC): why", at)).toBe(`for 19 s (${clock(at + 5_000)}–${clock(at + 24_000)}): why`);
    expect(inZone("at 23:59:59 UTC.", at)).toBe(`at ${clock(at + 9_000)}.`);
    expect(inZone("nothing", at)).toBe("nothing");
  });
});
