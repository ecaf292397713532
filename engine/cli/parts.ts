/** What the command line asks of an engine and of the program around it. */
import type { Loaded } from "../engine.ts";
import type { ConfigError } from "../config/tree.ts";
import type { Address } from "../lib/address.ts";
import type { LoadOptions } from "../engine.ts";
import type { Start } from "./banner.ts";
import type { DemoPlan } from "./demo.ts";

/** The parts of a cycle that are read here. */
export interface CycleParts extends DemoPlan {
  readonly main: { readonly pidFile: string };
  readonly sockets: Start["sockets"];
}

/** What `load` gives, for an engine of cycles `C`. */
export type LoadedParts<C extends CycleParts = CycleParts> =
  & Pick<Loaded, "errors" | "warnings" | "notices" | "files" | "statements">
  & { readonly cycle: C | undefined };

/** The engine as the command line uses it; tests put another one in its place. */
export interface EngineParts<C extends CycleParts = CycleParts> {
  readonly log: { write(level: "notice" | "alert" | "error" | "emerg", message: string): void };
  readonly cycle: C | undefined;
  load(): Promise<LoadedParts<C>>;
  start(cycle: C): Promise<readonly ConfigError[]>;
  settle(cycle: C): ConfigError | undefined;
  tryBind(cycle: C): Promise<readonly ConfigError[]>;
  reload(): Promise<boolean>;
  reopen(): void;
  quit(): Promise<void>;
  stop(): Promise<void>;
  markDemo(addresses: readonly string[]): void;
}

/** A dashboard that answers. */
export interface DashboardParts {
  readonly link: string;
  close(): Promise<void>;
}

/** What the program hands to the command line. */
export interface Deps<E> {
  readonly version: string;
  /** The file that was run, for the command that is printed where permissions are missing. */
  readonly program?: string;
  /** Rejects with SystemError when the address cannot be had. */
  startDashboard(engine: E, address: Address): Promise<DashboardParts>;
}

/** The same with the engine's maker, which tests replace. */
export interface RunDeps<E extends EngineParts> extends Deps<E> {
  createEngine(options: LoadOptions): E;
}
