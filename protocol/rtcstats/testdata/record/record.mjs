// Records one side of a real two-party call in Chromium: node record.mjs
// [seconds] > calls.jsonl, then `go run . < calls.jsonl` encodes it.
import { readFileSync } from 'node:fs';
import { start } from '../../../testdata/record/tabs.mjs';

const seconds = Number(process.argv[2] ?? 20);
const html = `<!doctype html><body><script type="module">${readFileSync(new URL('page.js', import.meta.url))}</script>`;
const { browser, context } = await start();

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
