/** The program: from the words of the command line to the exit code. */
import { Engine } from "../engine.ts";
import { ConfigError } from "../config/tree.ts";
import { byteString } from "../lib/bytes.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { DEFAULT_DASHBOARD } from "./dashboard.ts";
import { HELP_TEXT, runtimeText, versionText } from "./help.ts";
import { errorText } from "./life.ts";
import { Messages } from "./messages.ts";
import { type Options, readOptions } from "./options.ts";
import type { Deps, EngineParts, RunDeps } from "./parts.ts";
import { candidates, fullPath, prefixOf } from "./paths.ts";
import { permissionText, permitAll, permitReading } from "./permissions.ts";
import { sendSignal } from "./pid_file.ts";
import { Service } from "./serve.ts";
import { tellLoad } from "./tell_load.ts";
import { testConfig } from "./test_mode.ts";

/** Name of the pid file under the prefix, where `pid` names no other. */
const PID_FILE = "weir.pid";

/** Runs the program and ends the process. */
export async function main(runtime: Runtime, deps: Deps<Engine>): Promise<void> {
  await run(runtime, {
    ...deps,
    createEngine: (options) => new Engine(runtime, options, deps.version),
  });
}

/** As `main`, with any engine. */
export async function run<E extends EngineParts>(
  runtime: Runtime,
  deps: RunDeps<E>,
): Promise<void> {
  runtime.host.exit(await new Program(runtime, deps).run());
}

class Program<E extends EngineParts> {
  readonly #runtime: Runtime;
  readonly #deps: RunDeps<E>;
  readonly #messages: Messages;
  readonly #cwd: string;

  constructor(runtime: Runtime, deps: RunDeps<E>) {
    this.#runtime = runtime;
    this.#deps = deps;
    this.#messages = new Messages(runtime);
    this.#cwd = byteString(runtime.host.cwd);
  }

  /** The exit code. */
  async run(): Promise<number> {
    const options = readOptions(this.#runtime.host.args.map(byteString));
    if (typeof options === "string") {
      this.#messages.say(options);
      return 1;
    }
    if (options.showVersion) {
      this.#showVersion(options);
      if (!options.test) return 0;
    }
    try {
      const path = await this.#findConfig(options);
      return path === undefined ? 1 : await this.#withConfig(options, path);
    } catch (error) {
      if (error instanceof ConfigError) this.#messages.report("emerg", String(error));
      else this.#messages.report("alert", errorText(error));
      return 1;
    }
  }

  #showVersion(options: Options): void {
    const { version } = this.#deps;
    const about = {
      version,
      runtime: runtimeText(this.#runtime),
      prefix: prefixOf(options, this.#cwd),
    };
    this.#messages.err(versionText(about, options.showConfigure));
    if (options.showHelp) this.#messages.err(HELP_TEXT);
  }

  /** Undefined when there is none, or none may be read; why has been said. */
  async #findConfig(options: Options): Promise<string | undefined> {
    const paths = candidates(options, this.#cwd);
    const missing = await permitReading(this.#runtime, paths);
    if (missing.length > 0) {
      this.#refuse(missing);
      return undefined;
    }
    const [only, ...others] = paths;
    if (others.length === 0) return only;
    const found = paths.find((path) => this.#runtime.files.exists(path));
    if (found !== undefined) return found;
    const prefix = prefixOf(options, this.#cwd);
    const places = paths.map((path) => path.slice(prefix.length)).join(", ");
    this.#messages.report("emerg", `no configuration file: there is no ${places} in ${prefix}`);
    return undefined;
  }

  /** Asks for permissions, loads, and does with the configuration what the options say. */
  async #withConfig(options: Options, path: string): Promise<number> {
    const prefix = prefixOf(options, this.#cwd);
    const errorLog = logPath(options, prefix);
    if (!await this.#permit(options, { path, prefix, errorLog })) return 1;
    if (errorLog !== undefined && errorLog !== "stderr") this.#messages.logTo(errorLog);
    const engine = this.#deps.createEngine({
      path,
      prefix,
      globals: options.globals,
      demo: options.demo,
      ...(errorLog === undefined ? {} : { errorLog }),
    });
    // A bug costs one session and a line, not the process.
    this.#runtime.host.onUncaught((error) => engine.log.write("alert", errorText(error)));
    const loaded = await engine.load();
    const isForPeople = this.#runtime.host.isTerminal("stderr") || options.check;
    const format = options.format ?? (isForPeople ? "human" : "nginx");
    tellLoad(this.#messages, loaded, { format, isLinting: options.test || options.check });
    const { cycle } = loaded;
    if (options.check) return cycle === undefined ? 1 : 0;
    const parts = { runtime: this.#runtime, messages: this.#messages, options, engine, path };
    if (options.test) return await testConfig({ ...parts, loaded, files: this.#runtime.files });
    if (cycle === undefined) return 1;
    if (options.signal !== undefined) {
      const at = { word: options.signal, pidFile: cycle.main.pidFile };
      return sendSignal(this.#runtime, this.#messages, at);
    }
    return await new Service({ ...parts, deps: this.#deps }).run(cycle, loaded.notices);
  }

  /** False when the host refuses something; what to do has been said. */
  async #permit(options: Options, at: {
    readonly path: string;
    readonly prefix: string;
    readonly errorLog: string | undefined;
  }): Promise<boolean> {
    const isServing = !options.test && options.signal === undefined;
    const dashboard = options.dashboard ?? DEFAULT_DASHBOARD;
    const missing = await permitAll(this.#runtime, {
      ...at,
      globals: options.globals,
      dashboard: isServing && dashboard !== "off" ? dashboard : undefined,
      pidFile: fullPath(at.prefix, PID_FILE),
      readsPidFile: options.signal !== undefined,
    });
    if (missing.length > 0) this.#refuse(missing);
    return missing.length === 0;
  }

  #refuse(flags: readonly string[]): void {
    const program = byteString(this.#deps.program ?? "mod.ts");
    const args = this.#runtime.host.args.map(byteString);
    this.#messages.err(permissionText(flags, { program, args }));
  }
}

/** The file of -e in full. */
function logPath({ errorLog }: Options, prefix: string): string | undefined {
  return errorLog === undefined || errorLog === "stderr" ? errorLog : fullPath(prefix, errorLog);
}
