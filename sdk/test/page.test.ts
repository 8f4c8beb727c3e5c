// The SDK where there is no browser around it, as on a server that renders pages.
import { expect, test } from "vitest";
import * as sdk from "../src/index";

test("without RTCPeerConnection and window nothing is thrown", async () => {
  const { peerglass } = sdk;
  peerglass.event("before init");
  peerglass.init({});
  peerglass.init({ key: "k" });
  peerglass.init({ key: "k", endpoint: "http://127.0.0.1:1" });
  peerglass.join(undefined as never);
  peerglass.join({ room: "blue" });
  peerglass.event("x", 1n); // JSON cannot say it
  peerglass.log("info", { a: 1 });
  peerglass.feedback(null as never);
  peerglass.mapStream(null as never, "u");
  peerglass.on("status", null as never)();
  expect(peerglass.status()).toMatchObject({ room: "blue", polls: 0 });
  void peerglass.leave();
});
