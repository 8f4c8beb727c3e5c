// One side of a two-party call, in a page that tells peermetrics of it. The
// other side is another tab; they find each other over a BroadcastChannel. The
// recording and the end-to-end test both use it.

/** Calls the other side. */
export async function call(metrics, side) {
    const offerer = side === 'alice';
    const other = offerer ? 'bob' : 'alice';
    const channel = new BroadcastChannel('signalling');
    const send = message => channel.postMessage(JSON.parse(JSON.stringify(message)));

    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    const pc = new RTCPeerConnection({ iceServers: [] });
    await metrics.addConnection({ pc, peerId: other });
    pc.onicecandidate = ({ candidate }) => candidate && send({ candidate });
    const element = document.createElement('video');
    element.muted = true;
    element.autoplay = true;
    document.body.append(element);
    pc.ontrack = ({ streams }) => {
        element.srcObject = streams[0];
    };
    stream.getTracks().forEach(track => pc.addTrack(track, stream));

    // Candidates may come before the description that they belong to.
    const early = [];
    channel.onmessage = async ({ data: message }) => {
        if (message.ready && offerer) {
            await pc.setLocalDescription(await pc.createOffer());
            send({ description: pc.localDescription });
        } else if (message.description) {
            await pc.setRemoteDescription(message.description);
            if (message.description.type === 'offer') {
                await pc.setLocalDescription(await pc.createAnswer());
                send({ description: pc.localDescription });
            }
            for (const candidate of early.splice(0)) {
                await pc.addIceCandidate(candidate);
            }
        } else if (message.candidate) {
            if (pc.remoteDescription) {
                await pc.addIceCandidate(message.candidate);
            } else {
                early.push(message.candidate);
            }
        }
    };
    if (!offerer) {
        send({ ready: true });
    }

    /** Tells what an application tells in the middle of a call. */
    window.tell = async () => {
        await metrics.addEvent({ eventName: 'breakout', room: 'blue', size: 3 });
        await metrics.mute();
        await metrics.unmute();
        await metrics.tabFocus(true);
        await metrics.tabFocus(false);
        await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: 'nowhere' } } }).catch(() => {});
    };
    window.hangUp = async () => {
        await metrics.leave();
        metrics.destroy();
        pc.close();
        stream.getTracks().forEach(track => track.stop());
    };
}
