// A call between two connections of one page, as an app would make it.
const errors = [];
addEventListener("error", (e) => errors.push(String(e.message)));
addEventListener("unhandledrejection", (e) => errors.push("unhandled: " + e.reason));

async function call(streams = 1) {
  const a = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:9", username: "u", credential: "secret" }] });
  const b = new RTCPeerConnection();
  a.onicecandidate = (e) => e.candidate && b.addIceCandidate(e.candidate).catch(() => {});
  b.onicecandidate = (e) => e.candidate && a.addIceCandidate(e.candidate).catch(() => {});
  const received = [];
  b.ontrack = (e) => {
    received.push(e.track);
    const v = document.createElement(e.track.kind);
    v.srcObject = new MediaStream([e.track]);
    v.muted = true;
    v.play().catch(() => {});
    document.body.append(v);
  };
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  for (let i = 0; i < streams; i++) for (const t of media.getTracks()) a.addTrack(i ? t.clone() : t, media);
  await a.setLocalDescription(await a.createOffer());
  await b.setRemoteDescription(a.localDescription);
  if (streams > 1) for (const t of media.getTracks()) b.addTrack(t, media);
  await b.setLocalDescription(await b.createAnswer());
  await a.setRemoteDescription(b.localDescription);
  await connected(a);
  return { a, b, media, received };
}

function connected(pc) {
  return new Promise((done) => {
    const look = () => pc.connectionState === "connected" && done();
    pc.addEventListener("connectionstatechange", look);
    look();
  });
}
