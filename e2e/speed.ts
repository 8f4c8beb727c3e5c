// How fast the pages of a large call are: one of 300 users, and one of 5 h with
// 20 users (e2e/crowd). Told, never judged: machines are noisy. `make bench`
// writes what it prints into docs/benchmarks.md.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { it } from "vitest";
import { enter, root, startBrowser, startProgram, until } from "./harness";

const opens = 9;

const middle = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;
const ms = (n: number) => `${Math.round(n)} ms`;

/** Opens an address often; gives the time until what is waited for is there. */
async function opened(page: Page, url: string, there: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i <= opens; i++) {
    await page.goto("about:blank");
    const began = performance.now();
    await page.goto(url, { waitUntil: "commit" });
    await there();
    if (i > 0) times.push(performance.now() - began); // the first one fills the caches
  }
  return times;
}

it("pages of large calls", async () => {
  const program = await startProgram();
  const browser = await startBrowser();
  const lines: string[] = [];
  const row = (what: string, figure: string) => { console.log(what, figure); lines.push(`| ${what} | ${figure} |`); };
  try {
    await promisify(execFile)("go", ["run", "./e2e/crowd", "--data", program.data], { cwd: root });
    const calls = await until("both calls", async () => {
      const { items } = await program.api("/apps/1/calls?limit=10");
      return items.length >= 2 ? items : undefined;
    });
    const large = calls.find((c: any) => c.users === 300);
    const long = calls.find((c: any) => c.users === 20);

    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await enter(page, program);

    const table = page.getByRole("table", { name: "Users" });
    const users = await opened(page, `${program.url}/calls/${large.id}?app=1`, () => table.getByRole("link").nth(5).waitFor());
    row("call of 300 users: from the address to its users on the page", `median ${ms(middle(users))}, worst of ${opens} ${ms(Math.max(...users))}`);

    await page.getByText(/^All users \(/).click();
    await table.getByRole("link").nth(8).waitFor();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable");
    const busy = async () => (await devtools.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration")?.value ?? 0;
    const before = await busy();
    const frames = await table.evaluate((el) => new Promise<number[]>((done) => {
      const at: number[] = [];
      let last = performance.now();
      const step = (now: number) => {
        at.push(now - last);
        last = now;
        el.scrollBy(0, 40);
        if (el.scrollTop + el.clientHeight < el.scrollHeight - 1 && at.length < 600) requestAnimationFrame(step);
        else done(at.slice(1));
      };
      requestAnimationFrame(step);
    }));
    const work = ((await busy()) - before) * 1000;
    row("the same, scrolling its 300 users, 40 px a frame", `median ${middle(frames).toFixed(1)} ms a frame, ${Math.round((100 * frames.filter((t) => t <= 17.5).length) / frames.length)} % of ${frames.length} frames within 17.5 ms; ${(work / frames.length).toFixed(1)} ms of the main thread each`);

    const drawn = async () => {
      const heading = page.getByRole("heading", { name: "Data received" });
      await heading.waitFor();
      await heading.evaluate((el) => el.scrollIntoView());
      await page.waitForFunction(() => {
        const seen = [...document.querySelectorAll<HTMLElement>(".chart")].filter((c) => c.getBoundingClientRect().top < innerHeight - 200);
        return seen.length > 1 && seen.every((c) => c.querySelector("canvas"));
      }, undefined, { polling: "raf" });
    };
    const { people } = await program.api(`/apps/1/calls/${long.id}`);
    const twenty = people.map((u: any) => u.stays[0].id).join(",");
    const charts = await opened(page, `${program.url}/calls/${long.id}?app=1&users=${twenty}`, drawn);
    row("call of 5 h with 20 users: from the address to the charts in sight, 19 senders in each", `median ${ms(middle(charts))}, worst of ${opens} ${ms(Math.max(...charts))}`);
  } finally {
    await browser.close();
    await program.stop();
  }
  const text = `| what | figure |\n|---|---|\n${lines.join("\n")}\n`;
  if (process.env.SPEED_OUT) await writeFile(process.env.SPEED_OUT, text);
  console.log(text);
}, 1_200_000);
