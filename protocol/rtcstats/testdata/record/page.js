// One side of a two-party call, watched by a few lines that note what
// rtcstats-js would: calls and their outcome, what objects fire, getStats each
// second once connected. The other side is another tab; they find each other
// over a BroadcastChannel. Only one of them has its camera on.
const offerer = new URLSearchParams(location.search).get('side') === 'alice';
const counters = {};
const note = (name, conn, payload, ...ids) => window.note(JSON.stringify([name, conn, payload ?? null, ids, Date.now()]));

// Numbers to the precision that rtcstats-js 2.5 sends them with.
const whole = new Set(['timestamp', 'lastPacketSentTimestamp', 'lastPacketReceivedTimestamp', 'estimatedPlayoutTimestamp',
    'remoteTimestamp', 'targetBitrate', 'availableOutgoingBitrate', 'availableIncomingBitrate']);
function round(name, value) {
    if (typeof value !== 'number' || Number.isInteger(value)) {
        return value;
    }
    if (whole.has(name)) {
        return Math.round(value);
    }
    if (name === 'audioLevel' || name === 'totalAudioEnergy') {
        return Number(value.toPrecision(5));
    }
    const scale = name === 'jitter' ? 1e6 : 1e3;
    return Math.round(value * scale) / scale;
}

async function call(target, conn, name, code, args, describe = x => x) {
    const id = `${code}-${counters[code] = (counters[code] ?? -1) + 1}`;
    note(name, conn, args[0], id);
    const method = name.split('.').at(-1);
    try {
        const result = await target[method](...args);
        note(name + 'OnSuccess', conn, describe(result), id);
        return result;
    } catch (error) {
        note(name + 'OnFailure', conn, String(error), id);
        throw error;
    }
}

const plain = value => JSON.parse(JSON.stringify(value ?? null));
const channel = new BroadcastChannel('signalling');
const send = message => channel.postMessage(plain(message));

async function start() {
    note('create', null, {
        hardwareConcurrency: navigator.hardwareConcurrency,
        userAgentData: plain(navigator.userAgentData),
        deviceMemory: navigator.deviceMemory,
        screen: { width: screen.availWidth, height: screen.availHeight, devicePixelRatio },
        window: { width: innerWidth, height: innerHeight },
        reloadCount: 0,
    });
    const stream = await call(navigator.mediaDevices, null, 'navigator.mediaDevices.getUserMedia', 60,
        [{ audio: true, video: offerer && { width: 640, height: 360 } }], s => s.getTracks().map(t => [t.kind, t.id, t.label, s.id]));
    const config = { iceServers: [] };
    const pc = new RTCPeerConnection(config);
    note('create', 'PC_0', config);
    for (const state of ['signalingState', 'iceConnectionState', 'connectionState', 'iceGatheringState']) {
        pc.addEventListener(state.toLowerCase() + 'change', () => note('on' + state.toLowerCase() + 'change', 'PC_0', pc[state]));
    }
    pc.addEventListener('negotiationneeded', () => note('onnegotiationneeded', 'PC_0'));
    pc.addEventListener('icecandidate', ({ candidate }) => {
        note('onicecandidate', 'PC_0', plain(candidate));
        candidate && send({ candidate });
    });
    pc.addEventListener('track', ({ track, streams }) => {
        note('ontrack', 'PC_0', [track.kind, track.id, ...streams.map(s => s.id)]);
        track.addEventListener('unmute', () => note('MediaStreamTrack.onunmute', 'PC_0', track.id));
        const element = document.createElement(track.kind);
        element.autoplay = true;
        element.muted = true;
        element.srcObject = streams[0];
        document.body.append(element);
    });
    let polling;
    const poll = async (...reason) => {
        const reports = {};
        for (const [id, report] of await pc.getStats()) {
            reports[id] = Object.fromEntries(Object.entries(report).map(([k, v]) => [k, round(k, v)]));
        }
        note('getStats', 'PC_0', reports, ...reason);
    };
    pc.addEventListener('connectionstatechange', () => {
        if (pc.connectionState === 'connected' && !polling) {
            polling = setInterval(poll, 1000);
            poll('connected-0');
        }
    });
    for (const track of stream.getTracks()) {
        note('addTrack', 'PC_0', [track.kind, track.id, stream.id]);
        const sender = pc.addTrack(track, stream);
        note('addTrackOnSuccess', 'PC_0', null, pc.getTransceivers().find(t => t.sender === sender).receiver.track.id);
    }

    const early = []; // candidates may come before the description that they belong to
    const add = candidate => call(pc, 'PC_0', 'addIceCandidate', 10, [candidate], () => null);
    const setLocal = d => call(pc, 'PC_0', 'setLocalDescription', 6, [plain(d)], () => null);
    channel.onmessage = async ({ data }) => {
        if (data.ready && offerer) {
            await setLocal(await call(pc, 'PC_0', 'createOffer', 2, [], plain));
            send({ description: pc.localDescription });
        } else if (data.description) {
            await call(pc, 'PC_0', 'setRemoteDescription', 8, [data.description], () => null);
            if (data.description.type === 'offer') {
                await setLocal(await call(pc, 'PC_0', 'createAnswer', 4, [], plain));
                send({ description: pc.localDescription });
            }
            early.splice(0).forEach(add);
        } else if (data.candidate) {
            pc.remoteDescription ? add(data.candidate) : early.push(data.candidate);
        }
    };
    if (!offerer) {
        send({ ready: true });
    }
    window.hangUp = () => {
        clearInterval(polling);
        note(':left', null, { by: 'user' });
        note('close', 'PC_0');
        pc.close();
    };
}
window.started = start();
