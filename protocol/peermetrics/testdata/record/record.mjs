// Records what a page that tells peermetrics of a real two-party call sends:
// node record.mjs [seconds]. Writes ../session.jsonl.gz, a request a line:
// ["path",{body}], as one side sent them.
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pageOf, start } from '../../../testdata/record/tabs.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 10);

const html = await pageOf({
    stdin: {
        contents: `
            import { begin } from './client.js';
            import { call } from './page.js';
            const side = new URLSearchParams(location.search).get('side');
            const send = (method, path, body) => window.request(path.slice(1), JSON.stringify(body));
            window.started = begin(send, { apiKey: 'pgk_recorded', conferenceId: 'recorded', userId: side, userName: 'Alice Liddell', meta: { team: 'support' }, appVersion: '1.2' })
                .then(metrics => call(metrics, side));`,
        resolveDir: here,
    },
});

const { browser, context } = await start();
await context.route('**/*', route => route.fulfill({ contentType: 'text/html', body: html }));
const requests = [];

async function open(side) {
    const page = await context.newPage();
    page.on('pageerror', error => console.error(side, error));
    await page.exposeFunction('request', (path, text) => {
        const { token, ...body } = JSON.parse(text);
        if (side === 'alice' && path !== 'initialize') {
            const made = body.eventName === 'addConnection' ? { connection_id: 'c-1' } : {};
            requests.push(JSON.stringify([ path, { ...body, ...made } ]));
        }
        switch (true) {
        case path === 'initialize':
            return { token: 'recorded', getStatsInterval: 1000, batchConnectionEvents: false, time: Date.now() / 1000 };
        case body.eventName === 'addConnection':
            return { peer_id: body.peerId, connection_id: 'c-1' };
        }
        return {};
    });
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
await bob.evaluate(() => window.hangUp());
await browser.close();

const text = requests.join('\n') + '\n';
writeFileSync(join(here, '..', 'session.jsonl.gz'), gzipSync(text, { level: 9 }));
console.log(`${requests.length} requests, ${text.length} bytes, ${Math.round(text.length / requests.length)} a request`);
