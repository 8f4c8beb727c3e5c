// What every recorded page has in common: it calls another tab of the same
// browser, which it finds over a BroadcastChannel. End-to-end tests use the
// pages as well.

/**
 * Connects pc, whose tracks are added, with that of the other tab: one of both
 * offers. What comes is shown, so that it is decoded.
 */
export function pair(pc, offers, room = 'signalling') {
    const channel = new BroadcastChannel(room);
    const send = message => channel.postMessage(JSON.parse(JSON.stringify(message)));
    const element = document.createElement('video');
    element.muted = true;
    element.autoplay = true;
    document.body.append(element);
    pc.addEventListener('track', ({ streams }) => {
        element.srcObject = streams[0];
    });
    pc.onicecandidate = ({ candidate }) => candidate && send({ candidate });

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
}
