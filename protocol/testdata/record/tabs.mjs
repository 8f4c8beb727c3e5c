// What every recorder has in common: Chromium with fake devices, and pages that
// come from no server.
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

/** Starts Chromium, and a context whose pages may use its fake devices. */
export async function start() {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: [ '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream' ],
    });
    return { browser, context: await browser.newContext({ permissions: [ 'camera', 'microphone' ] }) };
}

/** The script that esbuild makes of what options name, to stand in a page. */
export async function script(options) {
    const bundle = await build({ bundle: true, write: false, format: 'iife', ...options });
    return `<script>${bundle.outputFiles[0].text.replaceAll('</script', '<\\/script')}</script>`;
}

/** A document of that script alone. */
export const pageOf = async options => `<!doctype html><body>${await script(options)}`;
