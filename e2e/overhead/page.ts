// A page in a four-party call, a microphone and a camera sent, three of each
// received: over one connection, as through an SFU, or over three, as in a mesh.
// The other ends are in a page of their own, so that their work is not counted.
// They find each other over a BroadcastChannel.
const parameters = new URLSearchParams(location.search);
const measured = parameters.get("side") === "measured";
const mesh = parameters.get("shape") === "mesh";
const channel = new BroadcastChannel("signalling");
const connections = new Map<number, RTCPeerConnection>();
const early = new Map<number, RTCIceCandidateInit[]>();

/** How often the client asked for statistics; the count costs next to nothing. */
export const polls = { count: 0 };

/** Counts calls of getStats. Before the client is there, so that its own are counted. */
export function countPolls(): void {
  const get = RTCPeerConnection.prototype.getStats;
  RTCPeerConnection.prototype.getStats = function (this: RTCPeerConnection, ...args: []) {
    polls.count++;
    return get.apply(this, args);
  } as typeof get;
}

function connection(number: number, stream: MediaStream): RTCPeerConnection {
  const pc = new RTCPeerConnection({ iceServers: [] });
  connections.set(number, pc);
  pc.onicecandidate = ({ candidate }) => candidate && channel.postMessage({ to: !measured, number, candidate: candidate.toJSON() });
  pc.ontrack = ({ track, streams }) => {
    if (track.kind !== "video") return;
    const element = document.createElement("video");
    element.muted = element.autoplay = true;
    element.srcObject = streams[0]!;
    document.body.append(element);
  };
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  if (mesh) return pc;
  for (let more = 0; more < 2; more++) {
    if (measured) for (const kind of ["audio", "video"]) pc.addTransceiver(kind, { direction: "recvonly" });
    else {
      const of = stream.clone();
      for (const track of of.getTracks()) pc.addTrack(track, of);
    }
  }
  return pc;
}

async function described(number: number, pc: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
  await pc.setRemoteDescription(description);
  if (description.type === "offer") {
    await pc.setLocalDescription(await pc.createAnswer());
    channel.postMessage({ to: !measured, number, description: pc.localDescription!.toJSON() });
  }
  for (const candidate of early.get(number)?.splice(0) ?? []) await pc.addIceCandidate(candidate);
}

/** Joins the call; resolves when its connections are up. added is told of each. */
export async function call(added: (pc: RTCPeerConnection, user: string) => void = () => undefined): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  channel.onmessage = async ({ data }) => {
    if (data.to !== measured) return;
    const { number } = data;
    const pc = connections.get(number) ?? (measured ? undefined : connection(number, stream));
    if (!pc) return;
    if (data.description) await described(number, pc, data.description);
    else if (pc.remoteDescription) await pc.addIceCandidate(data.candidate);
    else early.set(number, [...(early.get(number) ?? []), data.candidate]);
  };
  if (!measured) return;
  for (let number = 0; number < (mesh ? 3 : 1); number++) {
    const pc = connection(number, stream);
    added(pc, "user" + number);
    await pc.setLocalDescription(await pc.createOffer());
    channel.postMessage({ to: false, number, description: pc.localDescription!.toJSON() });
  }
  await Promise.all([...connections.values()].map((pc) => new Promise<void>((done) => {
    const look = () => pc.connectionState === "connected" && done();
    pc.addEventListener("connectionstatechange", look);
    look();
  })));
}
