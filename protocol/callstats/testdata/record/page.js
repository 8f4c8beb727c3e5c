// One side of a two-party call in a page that carries callstats.js. The other
// side is another tab; they find each other over a BroadcastChannel. The page
// has a global callstats, initialised, before this runs; the end-to-end test of
// the unmodified client uses it as well.
const parameters = new URLSearchParams(location.search);
const side = parameters.get('side');
const other = side === 'alice' ? 'bob' : 'alice';
const room = parameters.get('room') ?? 'recorded';
const offerer = side === 'alice';

const channel = new BroadcastChannel('signalling');
const send = message => channel.postMessage(JSON.parse(JSON.stringify(message)));

async function start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    const pc = new RTCPeerConnection({ iceServers: [] });
    window.pc = pc;
    callstats.addNewFabric(pc, other, callstats.fabricUsage.multiplex, room, {
        remoteEndpointType: callstats.endpointType.peer,
        fabricTransmissionDirection: callstats.transmissionDirection.sendrecv,
    });
    pc.onicecandidate = ({ candidate }) => candidate && send({ candidate });
    const element = document.createElement('video');
    element.muted = true;
    element.autoplay = true;
    document.body.append(element);
    pc.ontrack = ({ streams }) => { element.srcObject = streams[0]; };
    for (const track of stream.getTracks()) {
        pc.addTrack(track, stream);
    }

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
    await new Promise(done => {
        const look = () => pc.connectionState === 'connected' && done();
        pc.addEventListener('connectionstatechange', look);
        look();
    });

    const ssrcs = description => [ ...new Set([ ...description.sdp.matchAll(/^a=ssrc:(\d+) /gm) ].map(m => m[1])) ];
    window.doThings = async () => {
        const events = callstats.fabricEvent;
        const tell = (event, data) => callstats.sendFabricEvent(pc, event, room, data);
        for (const ssrc of ssrcs(pc.remoteDescription).slice(0, 1)) {
            callstats.associateMstWithUserID(pc, other, room, ssrc, 'microphone', '');
        }
        tell(events.audioMute);
        tell(events.audioUnmute);
        tell(events.videoPause);
        tell(events.videoResume);
        tell(events.screenShareStart);
        tell(events.screenShareStop);
        tell(events.fabricHold);
        tell(events.fabricResume);
        tell(events.dominantSpeaker);
        tell(events.activeDeviceList, { deviceList: [
            { deviceId: 'default', kind: 'audioinput', label: 'Fake microphone', groupId: 'g1' },
            { deviceId: 'c1', kind: 'videoinput', label: 'Fake camera', groupId: 'g2' },
        ] });
        callstats.reportError(pc, room, callstats.webRTCFunctions.applicationLog, 'a line of the application');
        callstats.reportError(pc, room, callstats.webRTCFunctions.applicationLog, { message: 'something failed', error: 'Oops', stack: 'at page.js' });
        callstats.sendUserFeedback(room, { userID: side, overall: 4, audio: 5, video: 3, comment: 'good call' });
        callstats.sendCustomEvent?.(pc, room, { name: 'raised hand' });
    };
    window.fail = () => callstats.reportError(pc, room, callstats.webRTCFunctions.createOffer, new DOMException('no offer today', 'OperationError'));
    window.hangUp = () => {
        callstats.sendFabricEvent(pc, callstats.fabricEvent.fabricTerminated, room);
        pc.close();
        stream.getTracks().forEach(track => track.stop());
    };
}

window.started = start();
