/** The signals of a running process, nginx's, and its one end. */
import type { Runtime, Signal } from "../runtime/runtime.ts";
import type { EngineParts } from "./parts.ts";

/** How long an end at once may take; nginx's master then kills its workers. */
const STOP_MS = 2000;

/** Linux's numbers, as nginx logs them. */
const NUMBERS: Readonly<Record<Signal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGWINCH: 28,
};

/** What is done beside the engine's own work. */
export interface LifeHooks {
  /** After a reload that succeeded. */
  reloaded(): Promise<void>;
}

export class Life {
  /** Settles with the exit code once a signal has ended the process's work. */
  readonly ended: Promise<number>;
  readonly #runtime: Runtime;
  readonly #engine: EngineParts;
  readonly #hooks: LifeHooks;
  #end: (code: number) => void = () => {};
  #state: "running" | "draining" | "stopping" = "running";
  #reload: "none" | "running" | "again" = "none";

  constructor(runtime: Runtime, engine: EngineParts, hooks: LifeHooks) {
    this.#runtime = runtime;
    this.#engine = engine;
    this.#hooks = hooks;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** True from the first signal that ends the process. */
  get isEnding(): boolean {
    return this.#state !== "running";
  }

  /** To be called before anything listens: Deno needs a free descriptor for the first signal. */
  register(): void {
    const on = (signal: Signal, run: () => void) => this.#runtime.host.onSignal(signal, run);
    on("SIGTERM", () => this.#stop("SIGTERM"));
    on("SIGINT", () => this.#stop("SIGINT"));
    on("SIGQUIT", () => this.#quit());
    on("SIGHUP", () => this.#reconfigure());
    on("SIGUSR1", () => this.#reopen());
    on(
      "SIGUSR2",
      () => this.#refuse("SIGUSR2", "start the new program, then send QUIT to this one"),
    );
    // A terminal sends it whenever its window changes.
    if (this.#runtime.host.isTerminal("stdin")) return;
    on("SIGWINCH", () => this.#refuse("SIGWINCH", "send QUIT to stop accepting connections"));
  }

  #received(signal: Signal, action: string): void {
    this.#notice(`signal ${NUMBERS[signal]} (${signal}) received, ${action}`);
  }

  #notice(message: string): void {
    this.#engine.log.write("notice", message);
  }

  #refuse(signal: Signal, instead: string): void {
    this.#received(signal, `nothing is done: ${instead}`);
  }

  #stop(signal: Signal): void {
    if (this.#state === "stopping") return;
    this.#received(signal, "exiting");
    this.#stopNow();
  }

  #stopNow(): void {
    this.#state = "stopping";
    this.#notice("exiting");
    this.#runtime.clock.after(STOP_MS, () => this.#end(0));
    this.#endAfter(this.#engine.stop());
  }

  #quit(): void {
    if (this.#state === "stopping") return;
    this.#received("SIGQUIT", "shutting down");
    if (this.#state === "draining") return this.#stopNow();
    this.#state = "draining";
    this.#notice("gracefully shutting down");
    this.#endAfter(this.#engine.quit());
  }

  #endAfter(work: Promise<void>): void {
    work.then(() => this.#end(0), (error) => {
      this.#engine.log.write("alert", errorText(error));
      this.#end(1);
    });
  }

  #reconfigure(): void {
    if (this.isEnding) return this.#refuse("SIGHUP", "the process is shutting down");
    this.#received("SIGHUP", "reconfiguring");
    if (this.#reload !== "none") {
      this.#reload = "again";
      return;
    }
    this.#reloadAll().catch((error) => this.#engine.log.write("alert", errorText(error)));
  }

  /** Signals that came during a reload make one more. */
  async #reloadAll(): Promise<void> {
    try {
      do {
        this.#reload = "running";
        this.#notice("reconfiguring");
        if (await this.#engine.reload()) await this.#hooks.reloaded();
      } while (this.#needsAnother());
    } finally {
      this.#reload = "none";
    }
  }

  #needsAnother(): boolean {
    return this.#reload === "again" && !this.isEnding;
  }

  #reopen(): void {
    this.#received("SIGUSR1", "reopening logs");
    this.#notice("reopening logs");
    this.#engine.reopen();
  }
}

/** An error that nobody expected, with its stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
