// The damaging TURN relay of rig/, as a process of its own.
import { type ChildProcess, spawn, execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../harness";

/** As rig.Rule; times in ms since the call's start. */
export interface Rule {
  user?: string;
  dir?: "up" | "down";
  from: number;
  to?: number;
  loss?: number;
  burst?: number;
  delay?: number;
  jitter?: number;
  reorder?: number;
  reorderBy?: number;
  rate?: number;
  queue?: number;
  black?: boolean;
}

export interface Relay {
  port: number;
  start(at: number): Promise<void>;
  open(): Promise<void>;
  shut(): Promise<void>;
  /** As rig.Counts. */
  counts(): Promise<{ late: number }[]>;
  close(): Promise<void>;
}

export interface Relays {
  create(options: { seed: number; schedule: Rule[]; udpOff?: boolean }): Promise<Relay>;
  pid: number;
  stop(): Promise<void>;
}

/** Builds and starts the relay. */
export async function startRelays(): Promise<Relays> {
  const binary = join(root, "bin", "rig-relay");
  execFileSync("go", ["build", "-o", binary, "./rig/relay"], { cwd: root, stdio: "inherit" });
  const child: ChildProcess = spawn(binary, { stdio: ["pipe", "pipe", "inherit"] });
  const url = await new Promise<string>((done, fail) => {
    child.stdout!.once("data", (b: Buffer) => done(b.toString().trim()));
    child.once("exit", (code) => fail(new Error(`the relay ended with ${code}`)));
  });
  const ask = async (method: string, path: string, body?: unknown): Promise<any> => {
    const res = await fetch(url + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!res.ok) throw new Error(`relay: ${method} ${path}: ${await res.text()}`);
    return res.json();
  };
  return {
    pid: child.pid as number,
    async create(options) {
      const { id, port } = await ask("POST", "/relays", options);
      const path = `/relays/${id}`;
      return {
        port,
        start: (at) => ask("POST", `${path}/start`, { at }),
        open: () => ask("POST", `${path}/open`),
        shut: () => ask("POST", `${path}/shut`),
        counts: () => ask("GET", path),
        close: () => ask("DELETE", path),
      };
    },
    async stop() {
      const exited = new Promise((done) => child.once("exit", done));
      child.stdin!.end();
      await exited;
    },
  };
}
