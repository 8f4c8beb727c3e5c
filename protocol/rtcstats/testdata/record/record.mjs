// Records one side of a real two-party call in Chromium: node record.mjs
// [seconds] > calls.jsonl, then `go run . < calls.jsonl` encodes it.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const seconds = Number(process.argv[2] ?? 20);
const html = `<!doctype html><body><script type="module">${readFileSync(new URL('page.js', import.meta.url))}</script>`;
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const context = await browser.newContext({ permissions: ['camera', 'microphone'] });

async function open(side) {
    const page = await context.newPage();
    page.on('pageerror', error => console.error(side, error));
    await page.exposeFunction('note', line => { side === 'alice' && console.log(line); });
    await page.route('**/*', route => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(`http://localhost/?side=${side}`);
    await page.evaluate(() => window.started);
    return page;
}

const alice = await open('alice');
await open('bob');
await alice.bringToFront();
await alice.waitForTimeout(seconds * 1000);
await alice.evaluate(() => window.hangUp());
await browser.close();
