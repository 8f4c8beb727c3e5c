// Records what the unmodified @observertc/client-monitor-js makes of a real
// two-party call: node record.mjs [seconds]. Writes the same samples twice:
// ../session.jsonl.gz, a sample a line, and ../session.base64.gz, a line what
// @observertc/samples-encoder makes of each.
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pageOf, start } from '../../../testdata/record/tabs.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 12);

const html = await pageOf({
    stdin: {
        contents: `
            import { ClientMonitor } from '@observertc/client-monitor-js';
            import { ClientSampleEncoder } from '@observertc/samples-encoder';
            import { call } from './page.js';
            const side = new URLSearchParams(location.search).get('side');
            const monitor = new ClientMonitor({ callId: 'recorded', clientId: side, collectingPeriodInMs: 1000, samplingPeriodInMs: 1000 });
            monitor.attachments = { userName: 'Alice Liddell', team: 'support' };
            const encoder = new ClientSampleEncoder(side);
            window.samples = [];
            monitor.on('sample-created', ({ sample }) => {
                window.samples.push([JSON.stringify(sample), encoder.encodeToBase64(sample)]);
            });
            const pc = new RTCPeerConnection({ iceServers: [] });
            monitor.addSource(pc);
            const watched = monitor.peerConnections.at(-1);
            pc.addEventListener('track', ({ track }) => watched.addMediaStreamTrack(track, { userId: side === 'alice' ? 'bob' : 'alice' }));
            window.started = call(monitor, pc, side === 'alice');`,
        resolveDir: here,
    },
});

const { browser, context } = await start();
await context.route('**/*', route => route.fulfill({ contentType: 'text/html', body: html }));

async function open(side) {
    const page = await context.newPage();
    page.on('pageerror', error => console.error(side, error));
    await page.goto(`http://localhost/?side=${side}`);
    await page.evaluate(() => window.started);
    return page;
}

const alice = await open('alice');
const bob = await open('bob');
await alice.bringToFront();
const half = () => new Promise(resolve => setTimeout(resolve, seconds * 500));
await half();
await alice.evaluate(() => window.tell());
await half();
await alice.evaluate(() => window.hangUp());
const samples = await alice.evaluate(() => window.samples);
await bob.evaluate(() => window.hangUp());
await browser.close();

for (const [i, name] of ['session.jsonl.gz', 'session.base64.gz'].entries()) {
    const text = samples.map(sample => sample[i]).join('\n') + '\n';
    writeFileSync(join(here, '..', name), gzipSync(text, { level: 9 }));
    const bytes = i === 0 ? text.length : text.length * 3 / 4;
    console.log(`${name}: ${samples.length} samples, ${Math.round(bytes / samples.length)} bytes a sample`);
}
