/** Every adapter that the running host can carry passes the suites; each skip says why. */
import { detectRuntime } from "../../engine/runtime/detect.ts";
import { MemoryRuntime } from "../../engine/runtime/memory.ts";
import { runtime as nodeSockets } from "../../engine/runtime/node.ts";
import { connectionConformance } from "./connection.ts";
import { relayConformance } from "./relay.ts";

const memory = new MemoryRuntime();
connectionConformance("memory", memory, {
  skip: {
    "a foreign address is EADDRNOTAVAIL": "every address is this host's own in memory",
  },
});
relayConformance("memory", memory);

const native = await detectRuntime();
connectionConformance(native.name, native);
relayConformance(native.name, native);

/** What `node:net` lacks where it is only the fallback; the native adapters pass these. */
const LACKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bun: {},
  deno: {
    "0.0.0.0 and [::] listen on the same port": "node:net on Deno ignores ipv6Only",
    "a foreign address is EADDRNOTAVAIL": "node:net on Deno reports EINVAL",
  },
};

if (native.name !== "node") {
  const label = `node:net on ${native.name}`;
  connectionConformance(label, nodeSockets, { skip: LACKS[native.name] ?? {} });
  relayConformance(label, nodeSockets);
}
