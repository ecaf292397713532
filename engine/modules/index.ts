/** All modules in nginx's order; handlers of one phase run in the reverse of it. */
import type { AnyModule, Module } from "../module.ts";
import { access } from "./access.ts";
import { core } from "./core.ts";
import { errlog } from "./errlog.ts";
import { events } from "./events.ts";
import { geo } from "./geo.ts";
import { geoip } from "./geoip.ts";
import { limitConn } from "./limit_conn.ts";
import { log } from "./log.ts";
import { main } from "./main.ts";
import { map } from "./map.ts";
import { pass } from "./pass.ts";
import { proxy } from "./proxy.ts";
import { realip } from "./realip.ts";
import { returnModule } from "./return.ts";
import { set } from "./set.ts";
import { splitClients } from "./split_clients.ts";
import { sslPreread } from "./ssl_preread.ts";
import { upstream } from "./upstream.ts";

/** Closes over the configuration type: the loader only hands a module what it made itself. */
function any<C>(module: Module<C>): AnyModule {
  return module as unknown as AnyModule;
}

export const MODULES: readonly AnyModule[] = [
  any(main),
  any(events),
  any(errlog),
  any(core),
  any(log),
  any(realip),
  any(limitConn),
  any(access),
  any(geo),
  any(geoip),
  any(map),
  any(splitClients),
  any(upstream),
  any(returnModule),
  any(pass),
  any(set),
  any(sslPreread),
  any(proxy),
];
