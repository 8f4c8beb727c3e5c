// One side of a two-party call, in a page that carries the unmodified watchRTC
// SDK and tells it what such pages tell. The other side is another tab; they
// find each other over a BroadcastChannel. The recording and the end-to-end
// test both use it.

/** Calls the other side. The SDK has been initialized. */
export async function call(watchRTC, side) {
    const offerer = side === 'alice';
    const other = offerer ? 'bob' : 'alice';
    const channel = new BroadcastChannel('signalling');
    const send = message => channel.postMessage(JSON.parse(JSON.stringify(message)));

    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    const pc = new RTCPeerConnection({ iceServers: [] });
    pc.onicecandidate = ({ candidate }) => candidate && send({ candidate });
    const element = document.createElement('video');
    element.muted = true;
    element.autoplay = true;
    document.body.append(element);
    pc.ontrack = ({ track, streams }) => {
        element.srcObject = streams[0];
        watchRTC.mapTrack(track.id, other);
    };
    const senders = stream.getTracks().map(track => pc.addTrack(track, stream));

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
        watchRTC.addEvent({ name: 'breakout', type: 'global', parameters: { room: 'blue', size: 3 } });
        watchRTC.addEvent({ name: 'layout', type: 'local', parameters: { grid: true }, pc });
        watchRTC.addEvent({ name: 'note', type: 'log' });
        watchRTC.addKeys({ tier: 'gold', teams: ['support', 'sales'] });
        console.error('the page says', { code: 42 });
        const [audio] = senders;
        await audio.setParameters(audio.getParameters());
        const again = await navigator.mediaDevices.getUserMedia({ audio: true });
        await audio.replaceTrack(again.getAudioTracks()[0]);
    };
    /** Tells what the user thought of it, 1 to 5. */
    window.rate = (stars, comment) => watchRTC.setUserRating(stars, comment);
    window.hangUp = () => {
        pc.close();
        stream.getTracks().forEach(track => track.stop());
    };
}
