import { expect, it } from "vitest";
import { readView, writeView } from "./range";

it("reads back what it wrote and leaves the rest alone", () => {
  const v = { session: "0a1b2c3d4e5f6", side: "send", tab: "video", range: [1000, 2000], event: "0a1b2c3d4e5f6/3" } as const;
  const p = writeView(new URLSearchParams("app=7"), { ...v, range: [1000, 2000] });
  expect(p.get("app")).toBe("7");
  expect(readView(p)).toEqual(v);
  expect(writeView(p, { session: undefined, side: "receive", tab: "all", range: undefined, event: null }).toString()).toBe("app=7");
});

it("takes nonsense for the usual", () => {
  expect(readView(new URLSearchParams("side=x&tab=y&from=5&to=2"))).toEqual({ session: undefined, side: "receive", tab: "all", range: undefined, event: null });
});
