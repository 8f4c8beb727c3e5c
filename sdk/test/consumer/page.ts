// What a page in TypeScript writes. It is only compiled, against the types
// that are published.
import { type Config, type Events, peerglass, type Status, VERSION } from "@peerglass/browser";

const config: Config = {
  key: "pgk_test",
  endpoint: "https://peerglass.example",
  token: async () => "token",
  consent: false,
  maskIPs: true,
  sendSDP: false,
  beforeSend: (record) => (record.kind === "log" ? null : record),
};

export async function run(track: MediaStreamTrack): Promise<Status | undefined> {
  peerglass.init(config);
  peerglass.consent(true);
  peerglass.on("error", ({ code, message }) => peerglass.log("warn", `${code}: ${message}`));
  peerglass.on("stats", ({ report }) => void report.get("T01"));
  const end = peerglass.on("defaultConfig", ({ peerConnection }: Events["defaultConfig"]) => new RTCPeerConnection(peerConnection));
  peerglass.join({ room: "blue", user: "alice", keys: { version: VERSION } });
  peerglass.mapStream(track, "bob", "camera");
  end();
  await peerglass.leave();
  // @ts-expect-error there is no such event
  peerglass.on("nonsense", () => undefined);
  return peerglass.status();
}
