// Records what the unmodified @jitsi/rtcstats sends during a real two-party
// call: node record.mjs [seconds]. Writes ../session.jsonl.gz, a frame a line.
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { pageOf, start } from '../../../testdata/record/tabs.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 30);
const require = createRequire(import.meta.url);
// The client names a folder of js-utils that its exports do not have.
const utils = dirname(require.resolve('@jitsi/js-utils'));

const html = await pageOf({
    entryPoints: [join(here, 'page.js')],
    alias: { '@jitsi/js-utils/browser-detection': join(utils, 'browser-detection/index.js') },
});

const { browser, context } = await start();
const frames = [];

// The pages come from no server, and what the client sends ends here.
async function open(side) {
    const page = await context.newPage();
    page.on('console', message => console.error(side, message.text()));
    page.on('pageerror', error => console.error(side, error));
    await page.route('**/*', route => route.fulfill({ contentType: 'text/html', body: html }));
    await page.routeWebSocket(/rtcstats\.invalid/, socket => {
        let last = 0;
        socket.send(JSON.stringify({ type: 'sn', body: { value: 0, state: 'initial' } }));
        socket.onMessage(frame => {
            if (side === 'alice') {
                frames.push(frame);
            }
            const { data } = JSON.parse(frame);
            last = data ? (typeof data === 'string' ? JSON.parse(data) : data)[4] : last;
        });
        const acks = setInterval(() => socket.send(JSON.stringify({ type: 'sn', body: { value: last } })), 1000);
        socket.onClose(() => clearInterval(acks));
    });
    await page.goto(`http://localhost/?side=${side}`);
    await page.evaluate(() => window.started);
    return page;
}

const alice = await open('alice');
const bob = await open('bob');
await alice.bringToFront();
await new Promise(resolve => setTimeout(resolve, seconds * 1000));
await alice.evaluate(() => window.hangUp());
await bob.evaluate(() => window.hangUp());
await new Promise(resolve => setTimeout(resolve, 500));
await browser.close();

const text = frames.join('\n') + '\n';
writeFileSync(join(here, '..', 'session.jsonl.gz'), gzipSync(text, { level: 9 }));
console.log(`${frames.length} frames, ${text.length} bytes, ${Math.round(text.length / frames.length)} a frame`);
