// Calls of one page whose senders a test holds in its hand.
const errors = [];
addEventListener("error", (e) => errors.push(String(e.message)));
addEventListener("unhandledrejection", (e) => errors.push("unhandled: " + e.reason));

// A call with these tracks; resolves to the received ones in their order.
async function call(...tracks) {
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  a.onicecandidate = (e) => b.addIceCandidate(e.candidate);
  b.onicecandidate = (e) => a.addIceCandidate(e.candidate);
  const senders = tracks.map((t) => a.addTrack(t));
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  return { a, b, senders, received: b.getReceivers().map((r) => r.track) };
}

// An element that shows a track, and what it showed: [Unix ms, number] of each picture.
function show(track, kind = "video") {
  const el = Object.assign(document.createElement(kind), { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
  document.body.append(el);
  el.frames = [];
  const shown = (_, m) => {
    el.frames.push([m.presentationTime, m.presentedFrames]);
    el.requestVideoFrameCallback(shown);
  };
  if (kind === "video") el.requestVideoFrameCallback(shown);
  return el;
}

// A camera that draws, or does not while camera.still is true.
function camera(fps = 25) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const g = canvas.getContext("2d");
  const c = { track: canvas.captureStream(fps).getVideoTracks()[0], still: false };
  let n = 0;
  setInterval(() => {
    if (c.still) return;
    g.fillStyle = `hsl(${(n += 7) % 360} 90% 50%)`;
    g.fillRect(0, 0, 320, 240);
    g.fillStyle = "#000";
    g.fillRect((n * 3) % 300, 40, 20, 160);
  }, 1000 / fps);
  return c;
}

// A microphone with a tone.
function tone() {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const source = context.createOscillator();
  source.connect(out);
  source.start();
  return out.stream.getAudioTracks()[0];
}

// What the element showed of gaps of 600 ms and longer, in ms.
const gaps = (el) => el.frames.reduce((sum, [at], i, all) => sum + (i && at - all[i - 1][0] >= 600 ? at - all[i - 1][0] : 0), 0);
const pictures = (el) => (el.frames.length ? el.frames[el.frames.length - 1][1] - el.frames[0][1] + 1 : 0);
