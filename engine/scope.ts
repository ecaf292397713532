/** Blocks of a configuration as the loader keeps them: one `BlockScope` for each. */
import type { Place } from "./config/tree.ts";
import type { AnyModule, Context, Scope } from "./module.ts";
import type { ConfKey } from "./session/session.ts";

export class BlockScope implements Scope {
  readonly context: Context;
  readonly parent: BlockScope | undefined;
  readonly place: Place;
  readonly children: BlockScope[] = [];
  /** Directives that stand here, to notice a second one. */
  readonly seen = new Set<string>();
  content: string | undefined;
  readonly #confs = new Map<string, unknown>();

  constructor(context: Context, parent: BlockScope | undefined, place: Place) {
    this.context = context;
    this.parent = parent;
    this.place = place;
    parent?.children.push(this);
  }

  conf<C>(module: ConfKey<C>): C {
    const known = this.#confs.get(module.name);
    if (known !== undefined) return known as C; // stored under this module's name by the next line
    const made = module.create();
    this.#confs.set(module.name, made);
    return made;
  }
}

/** Merges every module's configuration from the outer block into this one, then into its children. */
export function mergeScope(scope: BlockScope, modules: readonly AnyModule[]): void {
  for (const module of modules) {
    const outer = scope.parent === undefined ? module.create() : scope.parent.conf(module);
    module.merge(outer, scope.conf(module));
  }
  for (const child of scope.children) mergeScope(child, modules);
}
