// One side of a two-party call, in a page that tells peermetrics of it. The
// recording and the end-to-end test both use it.

import { pair } from '../../../testdata/record/pair.js';

/** Calls the other side. */
export async function call(metrics, side) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    const pc = new RTCPeerConnection({ iceServers: [] });
    await metrics.addConnection({ pc, peerId: side === 'alice' ? 'bob' : 'alice' });
    stream.getTracks().forEach(track => pc.addTrack(track, stream));
    pair(pc, side === 'alice');

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
