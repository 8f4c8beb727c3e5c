// Records what the unmodified @testrtc/watchrtc-sdk sends during a real
// two-party call: node record.mjs [seconds]. Writes ../session.jsonl.gz, a
// message a line, as one side sent them.
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pageOf, start } from '../../../testdata/record/tabs.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 16);

const html = await pageOf({
    stdin: {
        contents: `
            import watchRTC from '@testrtc/watchrtc-sdk';
            import { call } from './page.js';
            const side = new URLSearchParams(location.search).get('side');
            watchRTC.init({ rtcApiKey: 'pgk_recorded', rtcRoomId: 'recorded', rtcPeerId: side,
                keys: { team: 'support' }, console: { level: 'warn', override: true }, logLevel: 'error',
                proxyUrl: 'wss://watchrtc.invalid' });
            window.started = call(watchRTC, side);`,
        resolveDir: here,
    },
});

const { browser, context } = await start();
const messages = [];

// The pages come from no server, and what the client sends ends here.
async function open(side) {
    const page = await context.newPage();
    page.on('pageerror', error => console.error(side, error));
    const take = text => side === 'alice' && messages.push(text);
    await page.route('**/*', route => {
        if (route.request().method() === 'POST') {
            take(route.request().postData());
        }
        return route.fulfill({ contentType: 'text/html', body: html, headers: { 'Access-Control-Allow-Origin': '*' } });
    });
    await page.routeWebSocket(/watchrtc\.invalid/, socket => {
        socket.send(JSON.stringify({ connectionId: 'c-1', projectId: 'pgk_recorded', interval: 2000, sendInterval: 1, collectConsoleLogEnabled: true }));
        socket.onMessage(take);
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
await alice.evaluate(() => window.rate(4, 'nice'));
await alice.evaluate(() => window.hangUp());
await bob.evaluate(() => window.hangUp());
await new Promise(resolve => setTimeout(resolve, 500));
await browser.close();

const text = messages.join('\n') + '\n';
writeFileSync(join(here, '..', 'session.jsonl.gz'), gzipSync(text, { level: 9 }));
console.log(`${messages.length} messages, ${text.length} bytes, ${Math.round(text.length / messages.length)} a message`);
