/** Turns a merged `server {}` block into the virtual server that sessions run through. */
import type { AnyModule, Load } from "./module.ts";
import { core } from "./modules/core.ts";
import { errlog } from "./modules/errlog.ts";
import type { BlockScope } from "./scope.ts";
import { Log, type LogDestination, type LogStamp } from "./session/log.ts";
import { type BoundHandler, type Phase, PHASES } from "./session/phases.ts";
import type { VirtualServer } from "./session/session.ts";
import type { VariableTable } from "./session/variables.ts";

/** What all virtual servers of one load share. */
export interface CompileContext {
  readonly modules: readonly AnyModule[];
  readonly load: Load;
  readonly stamp: LogStamp;
  /** For blocks without an `error_log` of their own or around them. */
  readonly defaultLog: readonly LogDestination[];
}

/** The log of a block. */
export function logOf(scope: BlockScope, context: CompileContext): Log {
  return new Log(context.stamp, scope.conf(errlog).destinations ?? context.defaultLog);
}

/** nginx runs the handlers of a phase in the reverse order of the modules. */
function handlersOf(
  scope: BlockScope,
  phase: Phase,
  modules: readonly AnyModule[],
): readonly BoundHandler[] {
  const handlers: BoundHandler[] = [];
  for (const module of [...modules].reverse()) {
    const run = module.phases?.[phase];
    const conf = scope.conf(module);
    if (run === undefined || module.uses?.(conf) === false) continue;
    if (phase === "content" && scope.content !== module.name) continue;
    handlers.push({ phase, run: (session) => run(session, conf) });
  }
  return handlers;
}

export function compileServer(scope: BlockScope, context: CompileContext): VirtualServer {
  const { modules, load } = context;
  for (const module of modules) module.compile?.(scope.conf(module), scope, load);
  const phases = PHASES.filter((phase) => phase !== "log");
  return {
    handlers: phases.flatMap((phase) => handlersOf(scope, phase, modules)),
    logHandlers: handlersOf(scope, "log", modules),
    log: logOf(scope, context),
    name: scope.conf(core).names[0]?.text ?? "",
    noDelay: scope.conf(core).noDelay === true,
    preread: {
      bytes: scope.conf(core).prereadBytes ?? 0,
      timeoutMs: scope.conf(core).prereadTimeoutMs ?? 0,
    },
    conf: (module) => scope.conf(module),
  };
}

/** Declares every module's variables; a getter finds its configuration in the session's server. */
export function defineVariables(table: VariableTable, modules: readonly AnyModule[]): void {
  for (const module of modules) {
    for (const [name, variable] of Object.entries(module.variables ?? {})) {
      const isPlain = typeof variable === "function";
      const get = isPlain ? variable : variable.get;
      table.define(name, (session) => get(session, session.server.conf(module)), !isPlain);
    }
    for (const [prefix, get] of Object.entries(module.families ?? {})) {
      table.defineFamily(
        prefix,
        (session, rest) => get(session, session.server.conf(module), rest),
      );
    }
  }
}
