/** Files, clock and host of the memory runtime: maps, a clock moved by hand, and a transcript. */
import { SystemError } from "../lib/errno.ts";
import { joinBytes } from "./common.ts";
import type { AppendFile, Clock, Files, Host, Signal, Timer } from "./runtime.ts";

interface Due extends Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time stands still until `advance`. Timers run in the order of their deadlines. */
export class HandClock implements Clock {
  /** Monday, 23 November 2026, 00:00 UTC. */
  readonly #epoch = Date.UTC(2026, 10, 23);
  readonly #timers = new Set<Due>();
  #now = 1000;

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const due: Due = { at: this.#now + ms, run, stop: () => void this.#timers.delete(due) };
    this.#timers.add(due);
    return due;
  }

  /** Lets `ms` pass; `settle` is awaited after each timer, so that what it caused has happened. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const target = this.#now + ms;
    await settle();
    for (let due = this.#nextUntil(target); due !== undefined; due = this.#nextUntil(target)) {
      this.#now = Math.max(this.#now, due.at);
      this.#timers.delete(due);
      due.run();
      await settle();
    }
    this.#now = target;
  }

  #nextUntil(target: number): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#timers) {
      if (due.at <= target && (next === undefined || due.at < next.at)) next = due;
    }
    return next;
  }
}

/** A file system of one map. Folders are what the paths say. */
export class MemoryFiles implements Files {
  /** Users that files were given to. */
  readonly owners = new Map<string, number>();
  readonly #content = new Map<string, Uint8Array>();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(files)) this.put(path, text);
  }

  put(path: string, text: string): void {
    this.#content.set(path, new TextEncoder().encode(text));
  }

  text(path: string): string {
    return new TextDecoder().decode(this.read(path));
  }

  read(path: string): Uint8Array {
    const bytes = this.#content.get(path);
    if (bytes !== undefined) return bytes;
    throw new SystemError(this.list(path).length > 0 ? "EISDIR" : "ENOENT");
  }

  write(path: string, bytes: Uint8Array): void {
    this.#content.set(path, bytes.slice());
  }

  append(path: string): AppendFile {
    const open = () => {
      if (!this.exists(path)) this.write(path, new Uint8Array());
      return undefined;
    };
    open();
    return {
      write: (bytes) => {
        this.write(path, joinBytes(this.read(path), bytes));
        return undefined;
      },
      reopen: open,
      close() {},
    };
  }

  list(path: string): readonly string[] {
    const folder = path.endsWith("/") ? path : `${path}/`;
    const inside = [...this.#content.keys()].filter((each) => each.startsWith(folder));
    return [...new Set(inside.map((each) => each.slice(folder.length).split("/")[0] ?? ""))];
  }

  chown(path: string, uid: number): void {
    this.owners.set(path, uid);
  }

  exists(path: string): boolean {
    return this.#content.has(path);
  }

  remove(path: string): void {
    this.#content.delete(path);
  }
}

/** The host of a process that does not exist. */
export class MemoryHost implements Host {
  readonly pid = 4711;
  readonly args: readonly string[] = [];
  readonly hostname = "memory";
  readonly cwd = "/";
  /** Whom it has become, and how nice. */
  user = { name: "root", uid: 0, gid: 0 };
  nice = 0;
  readonly #limit: number;
  readonly #signals = new Map<Signal, () => void>();
  #output = "";

  constructor(descriptorLimit: number) {
    this.#limit = descriptorLimit;
  }

  /** All that was written to the standard streams. */
  get output(): string {
    return this.#output;
  }

  get reads(): readonly string[] {
    return [];
  }

  env(): undefined {
    return undefined;
  }

  userId(): number {
    return this.user.uid;
  }

  becomeUser(user: { readonly name: string; readonly uid: number; readonly gid: number }) {
    this.user = user;
    return { left: undefined };
  }

  setPriority(nice: number): void {
    this.nice = nice;
  }

  descriptorLimit(): number {
    return this.#limit;
  }

  residentBytes(): number {
    return 0;
  }

  isTerminal(): boolean {
    return false;
  }

  stdout(bytes: Uint8Array): void {
    this.#output += new TextDecoder().decode(bytes);
  }

  stderr(bytes: Uint8Array): void {
    this.stdout(bytes);
  }

  onSignal(signal: Signal, run: () => void): void {
    this.#signals.set(signal, run);
  }

  kill(pid: number, signal: Signal): void {
    if (pid !== this.pid) throw new SystemError("ESRCH");
    this.#signals.get(signal)?.();
  }

  onUncaught(): void {}

  exit(code: number): never {
    throw new Error(`exit(${code}) in memory`);
  }
}
