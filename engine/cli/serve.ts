/** Runs a loaded configuration: listeners, pid file, dashboard, banner, then signals until the end. */
import type { Runtime } from "../runtime/runtime.ts";
import { bannerText, linkText } from "./banner.ts";
import { openDashboard } from "./dashboard.ts";
import { DemoServers } from "./demo.ts";
import { productText, runtimeText } from "./help.ts";
import { Life } from "./life.ts";
import type { Messages } from "./messages.ts";
import type { Options } from "./options.ts";
import type { CycleParts, DashboardParts, EngineParts, RunDeps } from "./parts.ts";
import { removePidFile, writePidFile } from "./pid_file.ts";

/** How long the dashboard may take to close before the process ends without it. */
const CLOSE_MS = 500;
/** A process without a socket has nothing else that keeps it alive. */
const AWAKE_MS = 3_600_000;

/** What serving needs of the command line. */
export interface ServeParts<E extends EngineParts> {
  readonly runtime: Runtime;
  readonly messages: Messages;
  readonly options: Options;
  readonly deps: RunDeps<E>;
  readonly engine: E;
  /** Full path of the configuration. */
  readonly path: string;
}

export class Service<E extends EngineParts> {
  readonly #parts: ServeParts<E>;
  readonly #life: Life;
  readonly #demo: DemoServers;
  #dashboard: DashboardParts | undefined;
  /** The pid file that is written now. */
  #pidFile: string | undefined;

  constructor(parts: ServeParts<E>) {
    this.#parts = parts;
    const { runtime, engine } = parts;
    this.#life = new Life(runtime, engine, { reloaded: () => this.#reloaded() });
    this.#demo = new DemoServers(runtime, (text) => engine.log.write("notice", text));
  }

  /** Settles with the exit code when everything has ended. */
  async run(cycle: CycleParts, notices: readonly string[]): Promise<number> {
    this.#life.register();
    const failed = this.#bringUp(cycle, notices).then((isUp) => isUp ? this.#life.ended : 1);
    try {
      return await Promise.race([failed, this.#life.ended]);
    } finally {
      await this.#cleanUp();
    }
  }

  /** False when it cannot run; why has been said. */
  async #bringUp(cycle: CycleParts, notices: readonly string[]): Promise<boolean> {
    const { runtime, options, engine, messages, deps } = this.#parts;
    const demo = options.demo ? await this.#demo.serve(cycle) : [];
    const errors = await engine.start(cycle);
    for (const error of errors) messages.report("emerg", String(error));
    if (errors.length > 0) return false;
    if (this.#life.isEnding) return true;
    engine.markDemo(demo);
    if (!this.#writePid(cycle.main.pidFile)) return false;
    const start = [productText(deps.version), `running on ${runtimeText(runtime)}`];
    for (const text of [...start, ...notices]) engine.log.write("notice", text);
    if (!await this.#openDashboard()) return false;
    const refused = engine.settle(cycle);
    if (refused !== undefined) {
      messages.report("emerg", String(refused));
      return false;
    }
    if (cycle.sockets.length === 0) this.#stayAwake();
    this.#greet(cycle);
    return true;
  }

  #writePid(path: string): boolean {
    const { runtime, messages } = this.#parts;
    const error = writePidFile(runtime.files, path, runtime.host.pid);
    if (error !== undefined) messages.report("emerg", error);
    else this.#pidFile = path;
    return error === undefined;
  }

  /** False when it was asked for by name and its address is taken. */
  async #openDashboard(): Promise<boolean> {
    const { options, deps, engine, messages } = this.#parts;
    if (options.dashboard === "off") return true;
    const start = (address: Parameters<typeof deps.startDashboard>[1]) =>
      deps.startDashboard(engine, address);
    const result = await openDashboard(start, options.dashboard);
    if ("dashboard" in result) {
      this.#dashboard = result.dashboard;
      return true;
    }
    if (result.isFatal) messages.report("emerg", result.message);
    else messages.report("error", `the dashboard does not run: ${result.message}`);
    return !result.isFatal;
  }

  #greet(cycle: CycleParts): void {
    const { runtime, options, deps, messages, path } = this.#parts;
    const link = this.#dashboard?.link;
    const isPlain = options.conf === undefined && options.prefix === undefined;
    if (options.demo || (isPlain && runtime.host.isTerminal("stdout"))) {
      const start = { version: deps.version, runtime: runtimeText(runtime), configuration: path };
      const { pid } = runtime.host;
      messages.out(bannerText({ ...start, sockets: cycle.sockets, link, pid }));
    } else if (link !== undefined) messages.out(linkText(link));
  }

  /** The pid file may be another one now, and peers may be new. */
  async #reloaded(): Promise<void> {
    const { engine, options, runtime } = this.#parts;
    const { cycle } = engine;
    if (cycle === undefined) return;
    const old = this.#pidFile;
    if (old !== undefined && old !== cycle.main.pidFile) {
      const error = writePidFile(runtime.files, cycle.main.pidFile, runtime.host.pid);
      if (error === undefined) {
        this.#removePid(old);
        this.#pidFile = cycle.main.pidFile;
      } else engine.log.write("emerg", error);
    }
    if (options.demo) engine.markDemo(await this.#demo.serve(cycle));
  }

  #removePid(path: string): void {
    const error = removePidFile(this.#parts.runtime.files, path);
    // Whoever the process has become may not remove what the first user made.
    if (error !== undefined) this.#parts.engine.log.write("notice", error);
  }

  #stayAwake(): void {
    this.#parts.runtime.clock.after(AWAKE_MS, () => this.#stayAwake());
  }

  /** After a failed start the engine may run already. */
  async #cleanUp(): Promise<void> {
    const { runtime, engine } = this.#parts;
    if (!this.#life.isEnding) await engine.stop();
    const closing = Promise.all([this.#dashboard?.close(), this.#demo.close()]);
    const late = new Promise<void>((resolve) => {
      runtime.clock.after(CLOSE_MS, resolve);
    });
    await Promise.race([closing, late]);
    if (this.#pidFile !== undefined) this.#removePid(this.#pidFile);
    engine.log.write("notice", "exit");
  }
}
