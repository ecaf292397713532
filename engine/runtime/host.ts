/** The process, its clock and its signals, over `node:*` modules that mean the same on all runtimes. */
import { writeSync } from "node:fs";
import { readFileSync } from "node:fs";
import { hostname, setPriority } from "node:os";
import process from "node:process";
import { isatty } from "node:tty";
import { toSystemError } from "../lib/errno.ts";
import type { Clock, Host, Signal } from "./runtime.ts";

/** How often a full pipe is asked again before the text is given up. */
const PIPE_TRIES = 50;

/** Writes all of it; a pipe that nobody reads or that was closed loses it. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  let left = bytes;
  for (let tried = 0; left.length > 0 && tried < PIPE_TRIES;) {
    try {
      left = left.subarray(writeSync(descriptor, left));
    } catch (error) {
      if (toSystemError(error).code !== "EAGAIN") return;
      tried += 1;
    }
  }
}

const LIMITS = "/proc/self/limits";

function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(
      readFileSync(LIMITS, "latin1"),
    );
    const limit = Number(line?.[1]);
    return Number.isFinite(limit) ? limit : undefined;
  } catch {
    return undefined; // no /proc here, or no permission to read it
  }
}

/** What differs between the runtimes about the process. */
export interface HostParts {
  /** Called after SIGUSR1 was handled: Deno opens its inspector on it. */
  readonly afterUsr1?: () => void;
  /** Takes the groups of an account where `node:process` has no call for it; false when it cannot. */
  readonly setGroups?: (name: string, gid: number) => boolean;
}

/** The groups of an account; false where the host has no call for it. The types lack it. */
function initGroups(name: string, gid: number): boolean {
  if (!("initgroups" in process) || typeof process.initgroups !== "function") return false;
  process.initgroups(name, gid);
  return true;
}

export function createHost({ afterUsr1, setGroups = initGroups }: HostParts = {}): Host {
  let limit: { readonly value: number | undefined } | undefined;
  return {
    pid: process.pid,
    args: process.argv.slice(2),
    get hostname() {
      return hostname();
    },
    get cwd() {
      return process.cwd();
    },
    reads: process.platform === "linux" ? [LIMITS] : [],
    env: (name) => process.env[name],
    userId: () => process.geteuid?.() ?? 0,
    becomeUser: ({ name, uid, gid }) => {
      try {
        const left = setGroups(name, gid) ? undefined : "the supplementary groups";
        process.setgid?.(gid);
        process.setuid?.(uid);
        return { left };
      } catch (error) {
        throw toSystemError(error);
      }
    },
    setPriority(nice) {
      try {
        setPriority(nice);
      } catch (error) {
        throw toSystemError(error);
      }
    },
    // Read once: it is asked for with every snapshot.
    descriptorLimit: () => (limit ??= { value: descriptorLimit() }).value,
    residentBytes: () => process.memoryUsage().rss,
    isTerminal: (stream) => isatty(["stdin", "stdout", "stderr"].indexOf(stream)),
    stdout: (bytes) => writeAll(1, bytes),
    stderr: (bytes) => writeAll(2, bytes),
    onSignal(signal: Signal, run: () => void) {
      process.on(signal, () => {
        run();
        if (signal === "SIGUSR1") afterUsr1?.();
      });
    },
    kill(pid, signal) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        throw toSystemError(error);
      }
    },
    onUncaught(run) {
      process.on("uncaughtException", run);
      process.on("unhandledRejection", run);
    },
    exit: (code) => process.exit(code),
  };
}

export const clock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { stop: () => clearTimeout(timer) };
  },
};
