// One side of a two-party call, with the unmodified client in front of it. The
// end-to-end test of Jitsi's clients uses it as well.
import rtcstatsInit from '@jitsi/rtcstats/rtcstats.js';
import traceInit from '@jitsi/rtcstats/trace-ws.js';
import { pair } from '../../../testdata/record/pair.js';

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

async function start() {
    const stream = await navigator.mediaDevices.getUserMedia({
        audio: { autoGainControl: true, echoCancellation: true, noiseSuppression: true },
        video: { width: 1280, height: 720 },
    });
    const pc = new RTCPeerConnection({ iceServers: [] }, { optional: [ { rtcStatsSFUP2P: true } ] });
    for (const track of stream.getTracks()) {
        pc.addTrack(track, stream);
    }
    pair(pc, offerer);

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
}

window.started = start();
