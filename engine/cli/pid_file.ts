/** The pid file, and the signals that -s sends to the process that it names. */
import { fromBytes, toBytes } from "../lib/bytes.ts";
import { type SystemError, toSystemError } from "../lib/errno.ts";
import type { Files, Runtime, Signal } from "../runtime/runtime.ts";
import type { Messages } from "./messages.ts";
import type { SignalWord } from "./options.ts";

/** nginx reads no more of a pid file. */
const PID_BYTES = 22;

const SIGNALS: Readonly<Record<SignalWord, { readonly name: Signal; readonly number: number }>> = {
  stop: { name: "SIGTERM", number: 15 },
  quit: { name: "SIGQUIT", number: 3 },
  reopen: { name: "SIGUSR1", number: 10 },
  reload: { name: "SIGHUP", number: 1 },
};

/** Makes sure that the file can be written, without a change to one that is there (-t). */
export function touchPidFile(files: Files, path: string): string | undefined {
  return attempt(path, "open", () => files.append(path).close());
}

/** Answers with nginx's text when it failed. */
export function writePidFile(files: Files, path: string, pid: number): string | undefined {
  return attempt(path, "open", () => files.write(path, toBytes(`${pid}\n`)));
}

/** Answers with nginx's text when it failed. */
export function removePidFile(files: Files, path: string): string | undefined {
  return attempt(path, "unlink", () => files.remove(path));
}

function attempt(path: string, call: string, run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return `${call}() "${path}" failed (${toSystemError(error).message})`;
  }
}

/** Sends the signal of -s; the exit code. */
export function sendSignal(runtime: Runtime, messages: Messages, at: {
  readonly word: SignalWord;
  readonly pidFile: string;
}): number {
  const pid = readPid(runtime.files, at.pidFile);
  if (typeof pid === "string") {
    messages.report("error", pid);
    return 1;
  }
  const { name, number } = SIGNALS[at.word];
  const error = kill(runtime, pid, name);
  if (error === undefined) return 0;
  messages.report("alert", `kill(${pid}, ${number}) failed (${error.message})`);
  return 1;
}

/** The pid, or what is wrong with the file. 0 would signal a whole group of processes: nginx does. */
function readPid(files: Files, path: string): number | string {
  let text: string;
  try {
    text = fromBytes(files.read(path)).slice(0, PID_BYTES).replace(/[\r\n]+$/, "");
  } catch (error) {
    return `open() "${path}" failed (${toSystemError(error).message})`;
  }
  const pid = /^\d+$/.test(text) ? Number(text) : 0;
  return pid > 0 && pid <= 0x7fffffff ? pid : `invalid PID number "${text}" in "${path}"`;
}

function kill({ host }: Runtime, pid: number, signal: Signal): SystemError | undefined {
  try {
    host.kill(pid, signal);
    return undefined;
  } catch (error) {
    return toSystemError(error);
  }
}
