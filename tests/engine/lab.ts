/** The whole engine on the memory runtime: exact scenarios that take no time. */
import assert from "node:assert/strict";
import { Engine } from "../../engine/engine.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import type { Connection } from "../../engine/runtime/runtime.ts";
import { dial, openDoor, text } from "../conformance/network.ts";

const PATH = "/weir/x.conf";

export interface Lab {
  readonly runtime: MemoryRuntime;
  readonly engine: Engine;
  /** Lines of the error log and of the access log. */
  readonly errors: () => readonly string[];
  readonly accesses: () => readonly string[];
  /** The answer of the client's one visit; what came before it was closed. */
  visit(port?: number, options?: { readonly from?: string }): Promise<string>;
  /** A client that stays. */
  enter(port?: number): Promise<Connection>;
  reload(stream: string): Promise<boolean>;
}

const access = `log_format lab '$status $upstream_addr $upstream_connect_time $session_time';
  access_log /log/access lab;`;

function textOf(stream: string): string {
  return `error_log /log/error info; stream { ${access} ${stream} }`;
}

/** Starts the stream block in memory. */
export async function lab(stream: string, runtime = new MemoryRuntime()): Promise<Lab> {
  runtime.files.put(PATH, textOf(stream));
  const options = { path: PATH, prefix: "/weir/", globals: "", demo: false };
  const engine = new Engine(runtime, options, "test");
  const { cycle, errors } = await engine.load();
  assert.ok(cycle, String(errors[0]));
  assert.deepEqual(await engine.start(cycle), []);
  const linesOf = (path: string) => () => runtime.files.text(path).split("\n").slice(0, -1);
  const enter = (port = 80) => dial(runtime, { host: "127.0.0.1", port });
  return {
    runtime,
    engine,
    enter,
    errors: linesOf("/log/error"),
    accesses: linesOf("/log/access"),
    async visit(port = 80, { from } = {}) {
      const source = from === undefined ? {} : { source: { host: from, port: 0 } };
      const client = await dial(runtime, { host: "127.0.0.1", port }, source);
      let answer = "";
      for (let chunk = await client.read(); chunk !== null; chunk = await client.read()) {
        answer += text(chunk);
      }
      client.close();
      await runtime.settle();
      return answer;
    },
    reload(next) {
      runtime.files.put(PATH, textOf(next));
      return engine.reload();
    },
  };
}

/** A peer that says its name and closes. Returns how to take it away. */
export async function greeter(runtime: MemoryRuntime, port: number): Promise<() => Promise<void>> {
  const door = await openDoor(runtime, { host: "127.0.0.1", port });
  let isOpen = true;
  void (async () => {
    while (isOpen) {
      const connection = await door.accept();
      // Whoever gave up meanwhile hears nothing.
      await connection.write(new TextEncoder().encode(`${port}`)).catch(() => {});
      connection.close();
    }
  })();
  return () => {
    isOpen = false;
    return door.close();
  };
}

/** A peer that answers nothing and keeps its clients. */
export async function holder(runtime: MemoryRuntime, port: number): Promise<Connection[]> {
  const held: Connection[] = [];
  const address = { host: "127.0.0.1", port };
  const accept = (connection: Connection) => void held.push(connection);
  await runtime.listen(address, { backlog: 1, ipv6Only: true, accept, failed() {} });
  return held;
}
