// One side of a two-party call, in a page that carries the unmodified
// @observertc/client-monitor-js. The recording and the end-to-end test both use
// it.

import { pair } from '../../../testdata/record/pair.js';

/** Calls the other side over a connection that the monitor watches. */
export async function call(monitor, pc, offers) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
    stream.getTracks().forEach(track => pc.addTrack(track, stream));
    pair(pc, offers, monitor.callId);

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
