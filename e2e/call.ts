// A plain two-party call between two pages of one browser, which find each
// other over a BroadcastChannel: for tests of clients that wrap what the
// browser offers. It runs in the page.

/**
 * Joins the call of a room, the one of the two users that offers or the other,
 * and returns what ends it. The pictures are small: several calls run side by
 * side.
 */
export async function call(room: string, offers: boolean): Promise<() => void> {
  const channel = new BroadcastChannel("call " + room);
  const send = (message: unknown) => channel.postMessage(JSON.parse(JSON.stringify(message)));
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 160, height: 90, frameRate: 5 } });
  // The constraints of old are no part of the standard any more, but lib-jitsi-meet
  // passes some, and its statistics client stumbles where there are none.
  const pc: RTCPeerConnection = new (RTCPeerConnection as any)({ iceServers: [] }, { optional: [] });
  pc.onicecandidate = ({ candidate }) => candidate && send({ candidate });
  pc.ontrack = ({ streams: [received] }) => {
    const element = document.body.appendChild(document.createElement("video"));
    element.muted = element.autoplay = true;
    element.srcObject = received!;
  };
  for (const track of stream.getTracks()) pc.addTrack(track, stream);

  const describe = async (description: RTCSessionDescriptionInit) => {
    await pc.setLocalDescription(description);
    send({ description: pc.localDescription });
  };
  const early: RTCIceCandidateInit[] = []; // candidates may come before the description that they belong to
  channel.onmessage = async ({ data: { ready, description, candidate } }) => {
    if (ready && offers) {
      await describe(await pc.createOffer());
    } else if (description) {
      await pc.setRemoteDescription(description);
      if (description.type === "offer") await describe(await pc.createAnswer());
      for (const c of early.splice(0)) await pc.addIceCandidate(c);
    } else if (candidate) {
      if (pc.remoteDescription) await pc.addIceCandidate(candidate);
      else early.push(candidate);
    }
  };
  if (!offers) send({ ready: true });
  return () => {
    pc.close();
    for (const track of stream.getTracks()) track.stop();
  };
}
