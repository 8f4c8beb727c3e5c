import { expect, it } from "vitest";
import { readEnds, swapped, writeEnds } from "./address";

it("keeps both ends and what is hidden in the address, and leaves the rest alone", () => {
  const p = writeEnds(new URLSearchParams("app=7&from=1&to=2"), { receiver: "r", sender: "s", hidden: new Set(["exited", "client"]) });
  expect(p.toString()).toBe("app=7&from=1&to=2&receiver=r&sender=s&hide=client%2Cexited");
  expect(readEnds(p)).toEqual({ receiver: "r", sender: "s", user: undefined, stream: undefined, hidden: new Set(["client", "exited"]) });
  expect(writeEnds(p, { hidden: new Set(["client"]) }).has("hide")).toBe(false);
  expect(readEnds(writeEnds(p, { hidden: new Set() })).hidden.size).toBe(0);
  expect(readEnds(new URLSearchParams("stream=x")).stream).toBeUndefined();
});

it("turns round only where both are stays", () => {
  const hidden = new Set<string>();
  expect(swapped({ receiver: "r", sender: "s", hidden })).toMatchObject({ receiver: "s", sender: "r" });
  expect(swapped({ receiver: "r", hidden })).toBeUndefined();
});
