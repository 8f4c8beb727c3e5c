// One side of a two-party call, in a page that carries the unmodified watchRTC
// SDK and tells it what such pages tell. The recording and the end-to-end test
// both use it.

import { pair } from '../../../testdata/record/pair.js';

/** Calls the other side. The SDK has been initialized. */
export async function call(watchRTC, side) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    const pc = new RTCPeerConnection({ iceServers: [] });
    pc.ontrack = ({ track }) => watchRTC.mapTrack(track.id, side === 'alice' ? 'bob' : 'alice');
    const senders = stream.getTracks().map(track => pc.addTrack(track, stream));
    pair(pc, side === 'alice');

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
