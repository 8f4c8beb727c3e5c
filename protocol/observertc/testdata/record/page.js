// One side of a two-party call, in a page that carries the unmodified
// @observertc/client-monitor-js. The other side is another tab; they find each
// other over a BroadcastChannel. The recording and the end-to-end test both use
// it.

/** Calls the other side over a connection that the monitor watches. */
export async function call(monitor, pc, offers) {
    const channel = new BroadcastChannel(monitor.callId);
    const send = message => channel.postMessage(JSON.parse(JSON.stringify(message)));

    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
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
        if (message.ready && offers) {
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
    if (!offers) {
        send({ ready: true });
    }

    /** Tells what an application tells in the middle of a call. */
    window.tell = async () => {
        monitor.addEvent({ type: 'breakout', payload: { room: 'blue', size: 3 } });
        monitor.addEvent({ type: 'feedback', payload: { overall: 4, comment: 'nice' } });
        monitor.addExtensionStats({ type: 'battery', payload: { level: 0.5 } });
        await navigator.mediaDevices.getUserMedia({ video: { deviceId: { exact: 'nowhere' } } }).catch(() => {});
    };
    window.hangUp = () => {
        pc.close();
        stream.getTracks().forEach(track => track.stop());
        // The browser tells the monitor nothing of a connection that the page closes.
        monitor.removeSource(pc);
        monitor.close();
    };
}
