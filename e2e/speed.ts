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
const told = (times: number[]) => `median ${ms(middle(times))}, worst of ${opens} ${ms(Math.max(...times))}`;

const crowd = (data: string, ...args: string[]) => promisify(execFile)("go", ["run", "./e2e/crowd", "--data", data, ...args], { cwd: root });

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

/**
 * Opens a call, scrolls to its charts as soon as they have a place, and waits
 * until every card of which anything is in sight has the lines of so many
 * senders on its canvas: pixels of the colours of lines, as many as it is wide.
 */
async function chartsOf(page: Page, url: string, senders: number): Promise<{ times: number[]; steps: string }> {
  const steps: Record<string, number[]> = {};
  const times = await opened(page, url, async () => {
    const at = await page.waitForFunction((senders) => {
      const seen = globalThis as unknown as { scrolled?: boolean };
      const heading = [...document.querySelectorAll("h3")].find((h) => h.textContent === "Data received");
      if (!heading) return undefined;
      if (!seen.scrolled) { heading.scrollIntoView(); seen.scrolled = true; return undefined; }
      const cards = [...document.querySelectorAll<HTMLElement>(".flow-card")].filter((c) => { const box = c.getBoundingClientRect(); return box.top < innerHeight - 40 && box.bottom > 40; });
      const full = (card: HTMLElement) => {
        if (card.dataset.drawn) return true;
        const canvas = card.querySelector("canvas");
        if (!canvas?.width || card.querySelectorAll(".legend-item").length < senders) return false;
        const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
        let lines = 0;
        for (let i = 0; i < data.length; i += 4) if ((data[i + 3] as number) > 100 && Math.max(data[i] as number, data[i + 1] as number, data[i + 2] as number) - Math.min(data[i] as number, data[i + 1] as number, data[i + 2] as number) > 50) lines++;
        if (lines >= canvas.width) card.dataset.drawn = "yes";
        return lines >= canvas.width;
      };
      if (cards.length < 2 || !cards.every(full)) return undefined;
      const asked = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
      const call = asked.find((r) => /\/calls\/[^/?]+$/.test(r.name) && r.name.includes("/api/"));
      const figures = asked.filter((r) => r.name.includes("/samples?"));
      return {
        "the call is asked for": call?.startTime ?? 0, "it is answered": call?.responseEnd ?? 0,
        "figures are asked for": figures[0]?.startTime ?? 0, "they are answered": figures[0]?.responseEnd ?? 0, "lines are drawn": performance.now(),
      };
    }, senders, { polling: "raf" });
    for (const [step, time] of Object.entries(await at.jsonValue() as Record<string, number>)) (steps[step] ??= []).push(time);
  });
  return { times, steps: Object.entries(steps).map(([step, all]) => `${step} at ${ms(middle(all))}`).join(", ") };
}

it("pages of large calls", async () => {
  const program = await startProgram();
  const browser = await startBrowser();
  const lines: string[] = [];
  const row = (what: string, figure: string) => { console.log(what, figure); lines.push(`| ${what} | ${figure} |`); };
  try {
    await crowd(program.data);
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
    row("call of 300 users: from the address to its users on the page", told(users));

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

    const { people } = await program.api(`/apps/1/calls/${long.id}`);
    const twenty = people.map((u: any) => u.stays[0].id).join(",");
    const charts = await chartsOf(page, `${program.url}/calls/${long.id}?app=1&users=${twenty}`, 15);
    row("call of 5 h with 20 users: from the address to the charts in sight, 19 senders in each", told(charts.times));
    row("the same, where that goes", charts.steps);

    await crowd(program.data, "--users", "0", "--party", "4", "--minutes", "60");
    const short = await until("the call of four", async () => (await program.api("/apps/1/calls?limit=10")).items.find((c: any) => c.users === 4));
    const few = await chartsOf(page, `${program.url}/calls/${short.id}?app=1`, 3);
    row("call of 1 h with 4 users: from the address to the charts in sight", told(few.times));
  } finally {
    await browser.close();
    await program.stop();
  }
  const text = `| what | figure |\n|---|---|\n${lines.join("\n")}\n`;
  if (process.env.SPEED_OUT) await writeFile(process.env.SPEED_OUT, text);
  console.log(text);
}, 1_200_000);
