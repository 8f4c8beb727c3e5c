// What may leave the page of a record, without a browser.
import { expect, test } from "vitest";
import { Kind } from "../src/encoder";
import { maskAddresses, screen, screenStats } from "../src/privacy";

test("addresses lose all but their family, and nothing else is touched", () => {
  for (const [text, masked] of [
    ["candidate:1 1 udp 2122 192.168.1.17 50000 typ srflx raddr 10.0.0.1 rport 9", "candidate:1 1 udp 2122 x.x.x.x 50000 typ srflx raddr x.x.x.x rport 9"],
    ["candidate:1 1 udp 2122 2001:db8::17:3 50000 typ host", "candidate:1 1 udp 2122 x:x:x:x:x:x:x:x 50000 typ host"],
    ["c=IN IP6 ::1\\r\\n", "c=IN IP6 x:x:x:x:x:x:x:x\\r\\n"],
    ['{"address":"fe80::1%eth0"}', '{"address":"x:x:x:x:x:x:x:x%eth0"}'],
    ["turn:[2001:DB8:0:0:0:0:0:1]:3478", "turn:[x:x:x:x:x:x:x:x]:3478"],
    ["stun:203.0.113.9:3478?transport=udp", "stun:x.x.x.x:3478?transport=udp"],
  ] as const) expect(maskAddresses(text)).toBe(masked);
  for (const text of [
    "a=fingerprint:sha-256 B5:F3:6A:8B:00:EC:86:D3:EE:60:90:BA:A2:72:82:C3:D4:FE:16:7E:65:A1:7E:70:5E:70:86:90:85:DD:21:FC",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=rtpmap:111 opus/48000/2", "a=ssrc:1234567 cname:ab+/c", "a=rtcp-xr:rcvr-rtt=all",
    "candidate:1 1 udp 2122 8a1f6a9e-7a1b-4a53-8a5a-3b8b7c5b6d5e.local 50000", "a=msid-semantic: WMS 80105b1e-0b3e",
  ]) expect(maskAddresses(text)).toBe(text);
});

test("descriptions are emptied where the page keeps them", () => {
  const body = JSON.stringify({ type: "offer", sdp: 'v=0\r\na="\\x"\r\n', more: 1 });
  expect(screen({ sendSDP: false }, Kind.Call, "createOfferOnSuccess", 1, body)).toEqual(["createOfferOnSuccess", '{"type":"offer","sdp":"","more":1}']);
  expect(screen({}, Kind.Call, "createOfferOnSuccess", 1, body)![1]).toBe(body);
});

test("what the hook returns is sent, and a session keeps its first and last word", () => {
  const drop = { beforeSend: () => null };
  expect(screen(drop, Kind.Event, "x", 0, "1")).toBeUndefined();
  expect(screen(drop, Kind.Open, "", 0, '{"room":"blue"}')).toEqual(["", "{}"]);
  expect(screen(drop, Kind.Close, "", 0, '{"reason":"leave"}')).toEqual(["", ""]);
  expect(screen({ beforeSend: (r) => ({ ...r, name: r.kind + r.name, payload: undefined }) }, Kind.State, "ontrack", 3, "")).toEqual(["stateontrack", ""]);
  expect(() => screen({ beforeSend: () => { throw new Error("no"); } }, Kind.Event, "x", 0, "")).toThrow();
});

test("statistics are copies: what the browser gave stays as it is", () => {
  const report = { id: "C1", type: "local-candidate", timestamp: 1, address: "192.0.2.1", port: 9 };
  const result = { forEach: (f: (s: unknown) => void) => f(report) } as unknown as RTCStatsReport;
  const seen: unknown[] = [];
  screenStats({ maskIPs: true }, 1, result)!.forEach((s: unknown) => seen.push(s));
  screenStats({ beforeSend: (r) => ({ ...r, payload: Object.fromEntries(Object.entries(r.payload as Record<string, object>).map(([id, s]) => [id, { ...s, port: 0 }])) }) }, 1, result)!.forEach((s: unknown) => seen.push(s));
  expect(seen).toEqual([{ ...report, address: "x.x.x.x" }, { ...report, port: 0 }]);
  expect(report.address).toBe("192.0.2.1");
  expect(screenStats({}, 1, result)).toBe(result);
  expect(screenStats({ beforeSend: () => null }, 1, result)).toBeUndefined();
});
