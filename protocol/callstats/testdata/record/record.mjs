// Records what the unmodified callstats-js sends during a real two-party call:
// node record.mjs [seconds]. Writes ../session.jsonl.gz, a line for each request
// of alice as the decoder reads it: [path below the conference, body]. VERBOSE=1
// prints every request of both as it came.
import { gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.argv[2] ?? 25);
const client = readFileSync(createRequire(import.meta.url).resolve('callstats-js'), 'utf8');
const app = 123456789;

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [ '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream' ],
});
const context = await browser.newContext({ permissions: [ 'camera', 'microphone' ] });
const frames = [];
const base64 = value => Buffer.from(JSON.stringify(value)).toString('base64url');

// What the server answers, as far as the client needs it.
function answer(path, body) {
    if (path === 'clockSync') {
        return { now: Date.now() };
    }
    if (path === 'authenticate') {
        const user = new URLSearchParams(body).get('client_id').split('@')[0];
        return {
            access_token: [ { alg: 'HS256' }, {
                appID: app, userID: encodeURIComponent(user), submissionInterval: 4000, collectSDP: true, taasEnabled: false,
                expiry: new Date(Date.now() + 3_600_000).toISOString(),
                ingestedEvents: [ 'oneWayMediaStart', 'oneWayMediaStop', 'circuitBreaker', 'applicationErrorLog', 'sdpSubmissionEvent', 'userFeedback',
                    'activeDeviceList', 'connectedDeviceList', 'dominantSpeaker', 'mediaPlaybackStart', 'mediaPlaybackSuspended' ],
            } ].map(base64).join('.') + '.x',
            expires_in: 3600, token_type: 'bearer',
        };
    }
    if (path.includes('configurations')) {
        return {};
    }
    return { status: 'success', ucID: 'uc-1' };
}

async function open(side) {
    const page = await context.newPage();
    page.on('console', message => console.error(side, message.text()));
    page.on('pageerror', error => console.error(side, error));
    const html = `<!doctype html><body>
<script>window.csioproxy = true;</script><script src="/callstats.js"></script>
<script>
const callstats = new window.callstats(null, null, null);
const server = location.origin + '/ingest/';
callstats.setProxyConfig({ collectorURL: server, authServiceURL: server, restEventURL: server, restStatsURL: server, appSettingsURL: server });
callstats.initialize(${app}, 'not-a-secret', '${side}', (error, message) => console.log('init', error, message), stats => window.figures = stats,
    { collectLegacyStats: false, disablePrecalltest: true, siteID: 'site-1', applicationVersion: '1.2.3', additionalIDs: { customerID: 'c-1' } });
</script>
<script>${readFileSync(join(here, 'page.js'), 'utf8')}</script>`;
    await page.route('**/*', async route => {
        const request = route.request();
        const { pathname } = new URL(request.url());
        if (!pathname.startsWith('/ingest/')) {
            return route.fulfill(pathname === '/callstats.js' ? { contentType: 'text/javascript', body: client } : { contentType: 'text/html', body: html });
        }
        const path = pathname.slice('/ingest/'.length);
        if (process.env.VERBOSE) {
            console.log(side, request.method(), path, JSON.stringify(request.headers()), request.postData());
        }
        const below = new RegExp(`^${app}/conferences/[^/]+(?:/uc-1/(.+))?$`).exec(path);
        if (side === 'alice' && below) {
            frames.push(below[1] ? `["${below[1]}",${request.postData()}]` : `["join",${request.postData()},{"room":"recorded","user":"alice"}]`);
        }
        return route.fulfill({ contentType: 'application/json', body: JSON.stringify(answer(path, request.postData())) });
    });
    await page.goto(`http://localhost/?side=${side}`);
    return page;
}

const alice = await open('alice');
const bob = await open('bob');
await Promise.all([ alice, bob ].map(page => page.evaluate(() => window.started)));
await alice.bringToFront();
await alice.evaluate(() => window.doThings());
await new Promise(resolve => setTimeout(resolve, seconds * 1000));
await alice.evaluate(() => window.fail());
await alice.evaluate(() => window.hangUp());
await bob.evaluate(() => window.hangUp());
await new Promise(resolve => setTimeout(resolve, 2000));
await browser.close();

const text = frames.join('\n') + '\n';
writeFileSync(join(here, '..', 'session.jsonl.gz'), gzipSync(text, { level: 9 }));
console.log(`${frames.length} frames, ${text.length} bytes, ${Math.round(text.length / frames.length)} a frame`);
