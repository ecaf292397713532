/** An engine that notes what it is asked to do, and a program around it. */
import { run } from "../../engine/cli/main.ts";
import type {
  CycleParts,
  DashboardParts,
  EngineParts,
  LoadedParts,
} from "../../engine/cli/parts.ts";
import type { ConfigError } from "../../engine/config/tree.ts";
import type { LoadOptions } from "../../engine/engine.ts";
import type { Address } from "../../engine/lib/address.ts";
import { exitCode, FakeRuntime, settle } from "./fake_host.ts";

export const CYCLE: CycleParts = {
  main: { pidFile: "/w/weir.pid" },
  sockets: [{ address: { host: "0.0.0.0", port: 62345 }, target: { name: "backend" } }],
  upstreams: [{
    peers: [
      { address: { host: "127.0.0.1", port: 12345 } },
      { address: { host: "127.0.0.1", port: 12346 } },
    ],
  }],
};

export class FakeEngine implements EngineParts {
  readonly lines: string[] = [];
  readonly calls: string[] = [];
  options: LoadOptions | undefined;
  cycle: CycleParts | undefined;
  /** What `load` gives; unset parts are empty and the cycle is CYCLE. */
  loads: Partial<LoadedParts> = {};
  bindErrors: readonly ConfigError[] = [];
  /** The cycle of the next reload; undefined refuses it. */
  next: CycleParts | undefined;
  /** Pending `reload`s and `quit`s settle by these. */
  readonly pending: (() => void)[] = [];
  readonly log = {
    write: (level: string, message: string) => {
      this.lines.push(`${level}: ${message}`);
    },
  };

  load(): Promise<LoadedParts> {
    this.calls.push("load");
    return Promise.resolve({
      cycle: "cycle" in this.loads ? this.loads.cycle : CYCLE,
      errors: this.loads.errors ?? [],
      warnings: this.loads.warnings ?? [],
      notices: this.loads.notices ?? [],
      files: this.loads.files ?? [],
      statements: this.loads.statements ?? [],
    });
  }

  start(cycle: CycleParts): Promise<readonly ConfigError[]> {
    this.calls.push("start");
    if (this.bindErrors.length === 0) this.cycle = cycle;
    return Promise.resolve(this.bindErrors);
  }

  tryBind(): Promise<readonly ConfigError[]> {
    this.calls.push("tryBind");
    return Promise.resolve(this.bindErrors);
  }

  reload(): Promise<boolean> {
    this.calls.push("reload");
    return new Promise((resolve) => {
      this.pending.push(() => {
        this.cycle = this.next ?? this.cycle;
        resolve(this.next !== undefined);
      });
    });
  }

  settle(): undefined {}

  reopen(): void {
    this.calls.push("reopen");
  }

  quit(): Promise<void> {
    this.calls.push("quit");
    return new Promise((resolve) => this.pending.push(resolve));
  }

  stop(): Promise<void> {
    this.calls.push("stop");
    return Promise.resolve();
  }

  markDemo(addresses: readonly string[]): void {
    if (addresses.length > 0) this.calls.push(`demo ${addresses.join(" ")}`);
  }
}

/** A program with fakes around it. */
export class Scene {
  readonly runtime = new FakeRuntime();
  readonly engine = new FakeEngine();
  /** Where the dashboard was asked to listen. */
  readonly dashboards: Address[] = [];
  dashboard: (address: Address) => Promise<DashboardParts> = () =>
    Promise.resolve({
      link: "http://127.0.0.1:7070/#token=t",
      close: () => Promise.resolve(),
    });

  constructor() {
    this.runtime.files.texts.set("/w/conf/stream.conf", "events {}\n");
  }

  /** Starts the program; the promise is its exit code. */
  run(...args: string[]): Promise<number> {
    this.runtime.args = args;
    return exitCode(run(this.runtime, {
      version: "0.1.0",
      startDashboard: (_engine, address) => {
        this.dashboards.push(address);
        return this.dashboard(address);
      },
      createEngine: (options) => {
        this.engine.options = options;
        return this.engine;
      },
    }));
  }

  signal(name: Parameters<FakeRuntime["host"]["onSignal"]>[0]): void {
    const handler = this.runtime.signals.get(name);
    if (handler === undefined) throw new Error(`${name} has no handler`);
    handler();
  }

  /** Starts it, waits until it runs, and stops it at once with SIGTERM. */
  async runAndStop(...args: string[]): Promise<number> {
    const code = this.run(...args);
    await settle();
    this.signal("SIGTERM");
    return await code;
  }
}
