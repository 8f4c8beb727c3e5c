// One side of a two-party call, with the unmodified client in front of it. The
// other side is another tab; they find each other over a BroadcastChannel. The
// end-to-end test of Jitsi's clients uses it as well.
import rtcstatsInit from '@jitsi/rtcstats/rtcstats.js';
import traceInit from '@jitsi/rtcstats/trace-ws.js';

const parameters = new URLSearchParams(location.search);
const side = parameters.get('side');
const room = parameters.get('room') ?? 'recorded';
const offerer = side === 'alice';

const trace = traceInit({
    endpoint: parameters.get('endpoint') ?? 'wss://rtcstats.invalid',
    meetingFqn: room,
    onCloseCallback: () => {},
    useLegacy: false,
});
rtcstatsInit(trace, { pollInterval: 1000, useLegacy: false, sendSdp: true, eventCallback: () => {} });
trace.connect(false);

trace.identity('identity', null, {
    confName: room,
    confID: `https://meet.example/${room}`,
    displayName: side,
    applicationName: 'Jitsi Meet',
    meetingUniqueId: '5f7a3f0e-6f5b-4d0b-9d3c-6f1c0d9a2b11',
    endpointId: offerer ? 'a1b2c3d4' : 'd4c3b2a1',
    deploymentInfo: { environment: 'recording', region: 'eu-central-1', shard: 'shard-1', userRegion: 'eu-central-1' },
});

const channel = new BroadcastChannel('signalling');
const send = message => channel.postMessage({ from: side, message: JSON.parse(JSON.stringify(message)) });

async function start() {
    const stream = await navigator.mediaDevices.getUserMedia({
        audio: { autoGainControl: true, echoCancellation: true, noiseSuppression: true },
        video: { width: 1280, height: 720 },
    });
    const pc = new RTCPeerConnection({ iceServers: [] }, { optional: [ { rtcStatsSFUP2P: true } ] });
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
    channel.onmessage = async ({ data: { message } }) => {
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

    trace.statsEntry('conferenceStartTimestamp', null, Date.now());
    trace.statsEntry('setVideoType', null, { ssrc: 0, videoType: 'camera' });
    let turn = 0;
    setInterval(() => trace.statsEntry('dominantSpeaker', null, {
        dominantSpeakerEndpoint: turn++ % 2 ? 'a1b2c3d4' : 'd4c3b2a1',
        previousSpeakers: [],
    }), 3000);
    setInterval(() => trace.statsEntry('e2eRtt', null, {
        remoteEndpointId: 'd4c3b2a1', rtt: 1, remoteRegion: 'eu-central-1',
    }), 10000);
    window.hangUp = () => {
        pc.close();
        stream.getTracks().forEach(track => track.stop());
        trace.close();
    };
    if (!offerer) {
        send({ ready: true });
    }
}

window.started = start();
