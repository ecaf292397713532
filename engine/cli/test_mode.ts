/** -t and -T: says whether a configuration can run, without running it. */
import type { Files } from "../runtime/runtime.ts";
import type { Messages } from "./messages.ts";
import type { Options } from "./options.ts";
import type { CycleParts, EngineParts, LoadedParts } from "./parts.ts";
import { touchPidFile } from "./pid_file.ts";

/** What is tested. */
export interface TestParts {
  readonly engine: EngineParts;
  readonly loaded: LoadedParts;
  readonly files: Files;
  readonly messages: Messages;
  readonly options: Options;
  /** Full path of the configuration. */
  readonly path: string;
}

/** The exit code; errors of the load have been said already. */
export async function testConfig(parts: TestParts): Promise<number> {
  const { loaded, messages, options, path } = parts;
  const { cycle } = loaded;
  const isParsed = cycle !== undefined;
  if (isParsed && !options.quiet) messages.say(`the configuration file ${path} syntax is ok`);
  if (!isParsed || !await canRun(parts, cycle)) {
    messages.say(`configuration file ${path} test failed`);
    return 1;
  }
  if (!options.quiet) messages.say(`configuration file ${path} test is successful`);
  if (options.dump) {
    for (const file of loaded.files) {
      messages.out(`# configuration file ${file.path}:\n${file.text}\n`);
    }
  }
  return 0;
}

async function canRun({ engine, files, messages }: TestParts, cycle: CycleParts): Promise<boolean> {
  const pidError = touchPidFile(files, cycle.main.pidFile);
  if (pidError !== undefined) {
    messages.report("emerg", pidError);
    return false;
  }
  const errors = await engine.tryBind(cycle);
  for (const error of errors) messages.report("emerg", String(error));
  return errors.length === 0;
}
