// What peermetrics' SDK sends, for pages without it: it is not on npm. The
// requests are those of its version 2.7, driven by the events of the unmodified
// @peermetrics/webrtc-stats on which it stands.
import { WebRTCStats } from '@peermetrics/webrtc-stats';

/** Begins a stay; send makes one request (method, path, body) and returns what it was answered with. */
export async function begin(send, { apiKey, conferenceId, conferenceName, userId, userName, meta, appVersion }) {
    const { token, getStatsInterval } = await send('POST', '/initialize', { conferenceId, conferenceName, userId, userName, apiKey });
    const tell = (method, path, body) => send(method, path, { ...body, token });

    const devices = async () => (await navigator.mediaDevices.enumerateDevices()).map(device => device.toJSON()).filter(device => device.label);
    await tell('POST', '/sessions', {
        platform: { ua: navigator.userAgent, browser: {}, os: {} },
        constraints: navigator.mediaDevices.getSupportedConstraints(), devices: await devices(), appVersion, meta, webrtcSdk: '',
    });

    const stats = new WebRTCStats({ getStatsInterval, statsObject: true, remote: true, wrapGetUserMedia: true });
    const peers = {}, connections = {}, early = [];
    const handle = event => {
        let { event: eventName, tag, peerId, connectionId, data } = event;
        if (peerId && !peers[peerId] || connectionId && !connections[connectionId]) {
            return early.push(event);
        }
        const delta = event.delayed ? { delta: Date.now() - event.timestamp } : {};
        [ peerId, connectionId ] = [ peers[peerId], connections[connectionId] ];
        switch (tag) {
        case 'getUserMedia': {
            const told = data.stream ? JSON.parse(JSON.stringify(data.details, (name, value) => name === '_track' ? undefined : value)) : {};
            if (data.constraints) {
                told.constraints = data.constraints;
            }
            if (data.error) {
                told.error = { name: data.error.name, message: data.error.message };
            }
            return tell('POST', '/events/get-user-media', { eventName: 'getUserMedia', data: told });
        }
        case 'stats':
            return tell('POST', '/stats', { data, peerId, connectionId, timeTaken: event.timeTaken });
        case 'track':
            return tell(eventName === 'ontrack' ? 'POST' : 'PUT', '/tracks', {
                event: eventName, peerId, connectionId, trackId: data.track?.id ?? data.event?.target?.id ?? null, data: {},
            });
        }
        if (eventName === 'addConnection') {
            eventName = 'peerDetails';
            data = { ...data, options: { ...data.options, pc: undefined } };
        } else if (eventName === 'onicecandidate' && data) {
            const { address, candidate, component, foundation, port, priority, protocol, relatedAddress, relatedPort, sdpMLineIndex, sdpMid, tcpType, type, usernameFragment } = data;
            data = { address, candidate, component, foundation, port, priority, protocol, relatedAddress, relatedPort, sdpMLineIndex, sdpMid, tcpType, type, usernameFragment };
        } else if (eventName === 'onicecandidateerror') {
            data = event.error;
        } else if (eventName === 'ondatachannel') {
            data = null;
        }
        return tell('POST', '/connection', { eventName, peerId, connectionId, timestamp: event.delayed ? event.timestamp : null, data, ...delta });
    };
    stats.on('timeline', handle);

    return {
        async addConnection({ pc, peerId, peerName, isSfu }) {
            const { connectionId } = await stats.addConnection({ pc, peerId });
            const answer = await tell('POST', '/connection', { eventName: 'addConnection', peerId, peerName, connectionState: pc.connectionState, isSfu: !!isSfu });
            [ peers[peerId], connections[connectionId] ] = [ answer.peer_id, answer.connection_id || connectionId ];
            for (const event of early.splice(0)) {
                event.delayed = true;
                handle(event);
            }
        },
        addEvent: event => tell('POST', '/events/browser', { eventName: event.eventName || 'custom', data: event }),
        mute: () => tell('POST', '/events/browser', { eventName: 'mute', data: { eventName: 'mute' } }),
        unmute: () => tell('POST', '/events/browser', { eventName: 'unmute', data: { eventName: 'unmute' } }),
        tabFocus: hidden => tell('POST', '/events/browser', { eventName: 'tabFocus', focus: hidden }),
        leave: () => tell('POST', '/events/browser', { eventName: 'unload' }),
        destroy: () => stats.destroy(),
    };
}
