/** Reads what the kernel counted of a process, and drives the load. Linux only. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Processor time of all threads so far, microseconds. */
export function processorTime(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  return ns / 1000;
}

/** Resident memory, KiB. */
export function residentKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Compiles the load generator; undefined where there is no C compiler. */
export function buildLoad(dir: string, source: string): string | undefined {
  const program = `${dir}/load`;
  const { status } = spawnSync("cc", ["-O2", "-o", program, source], { stdio: "inherit" });
  return status === 0 ? program : undefined;
}

export interface Ports {
  readonly port: number;
  readonly peerPort: number;
}

export type Work = "connections" | "messages" | "bulk";

/** Units done, and the failures among them. */
export interface Done {
  readonly units: number;
  readonly failed: number;
}

function parse(line: string): Done {
  const [units = 0, failed = 0] = line.trim().split(" ").map(Number);
  return { units, failed };
}

export function runLoad(
  program: string,
  work: Work,
  { port, peerPort }: Ports,
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Done {
  const args = [work, port, peerPort, clients, seconds].map(String);
  const { stdout, stderr, status } = spawnSync("taskset", ["-c", "1", program, ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`load ${args.join(" ")}: ${stderr}`);
  return parse(stdout);
}

/** Holds `first`, then `then` silent connections; `look` is called at each step. */
export async function holdIdle(
  program: string,
  { port, peerPort }: Ports,
  steps: { readonly first: number; readonly then: number },
  look: () => void,
): Promise<void> {
  const args = ["idle", port, peerPort, steps.first, steps.then].map(String);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  for await (const line of createInterface(child.stdout)) {
    const { units, failed } = parse(line);
    if (failed > 0) throw new Error(`${failed} of ${units} idle connections failed`);
    await new Promise((done) => setTimeout(done, 1500));
    look();
    child.stdin.write("\n");
  }
  await closed;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? NaN) + high) / 2;
}
