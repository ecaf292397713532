/** The relay of `node:net`: data events straight into the other socket, no promise per chunk. */
import type { Socket } from "node:net";
import { type SystemError, toSystemError } from "../lib/errno.ts";
import { NodeConnection } from "./node_connection.ts";
import type { Connection, Meter, RelayEnd, Relaying, RelayOptions } from "./runtime.ts";

type Side = "client" | "peer";

/** One direction's source: its socket, where it writes to, and what it has seen. */
class End {
  readonly relay: NodeRelay;
  readonly side: Side;
  readonly connection: NodeConnection;
  readonly socket: Socket;
  /** The end that this one's bytes go to; set right after both are made. */
  other!: End;
  ended = false;

  constructor(relay: NodeRelay, side: Side, connection: NodeConnection) {
    this.relay = relay;
    this.side = side;
    this.connection = connection;
    this.socket = connection.socket;
  }
}

/** Sockets carry their end, so that the handlers below are shared by all sessions. */
interface Carried extends Socket {
  weirEnd?: End;
}

function onData(this: Carried, chunk: Uint8Array): void {
  const end = this.weirEnd;
  if (end !== undefined) forward(end, chunk);
}

function onDrain(this: Carried): void {
  this.weirEnd?.other.socket.resume();
}

function onEnd(this: Carried): void {
  const end = this.weirEnd;
  if (end !== undefined) end.relay.sideEnded(end);
}

function onError(this: Carried, error: Error): void {
  const end = this.weirEnd;
  if (end !== undefined) end.relay.sideFailed(end, toSystemError(error, "ECONNRESET"));
}

function onClose(this: Carried): void {
  const end = this.weirEnd;
  if (end !== undefined) end.relay.sideClosed(end);
}

function forward(end: End, chunk: Uint8Array): void {
  const { other: { socket: target }, relay } = end;
  count(relay.meter, end.side, chunk.length, relay);
  if (target.destroyed || target.writableEnded) return;
  if (!target.write(chunk)) end.socket.pause();
}

function count(meter: Meter, side: Side, bytes: number, { options }: NodeRelay): void {
  meter.touchedAt = options.clock.now;
  if (side === "client") {
    meter.fromClient += bytes;
    meter.toPeer += bytes;
    return;
  }
  if (meter.fromPeer === 0) meter.firstByteAt = performance.now();
  meter.fromPeer += bytes;
  meter.toClient += bytes;
}

class NodeRelay implements Relaying {
  readonly done: Promise<RelayEnd>;
  readonly meter: Meter;
  readonly options: RelayOptions;
  readonly #client: End;
  readonly #peer: End;
  #settle: (end: RelayEnd) => void = () => {};
  #result: RelayEnd | undefined;
  #open = 2;

  constructor(client: NodeConnection, peer: NodeConnection, options: RelayOptions) {
    this.options = options;
    this.meter = options.meter;
    this.done = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#client = new End(this, "client", client);
    this.#peer = new End(this, "peer", peer);
    this.#client.other = this.#peer;
    this.#peer.other = this.#client;
    attach(this.#client);
    attach(this.#peer);
  }

  stop(): void {
    this.#finish({ by: "stop" });
    this.#client.socket.destroy();
    this.#peer.socket.destroy();
  }

  /** A side finished sending: pass it on, or end the session. */
  sideEnded(end: End): void {
    if (end.ended) return;
    end.ended = true;
    if (this.options.halfClose && !end.other.ended) {
      end.other.socket.end();
      return;
    }
    this.#finish({ by: end.side });
    end.other.connection.close();
    end.connection.close();
  }

  sideFailed(end: End, error: SystemError): void {
    const call = error.code === "EPIPE" ? "send" : "recv";
    this.#finish({ by: end.side, failure: { side: end.side, call, error } });
    end.other.connection.close();
  }

  sideClosed(end: End): void {
    this.#open -= 1;
    this.#finish({ by: end.side });
    if (this.#open > 0) end.other.connection.close();
    else this.#settle(this.#result ?? { by: end.side });
  }

  /** The first reason is the reason. */
  #finish(result: RelayEnd): void {
    this.#result ??= result;
  }
}

function attach(end: End): void {
  const socket: Carried = end.socket;
  socket.weirEnd = end;
  socket.on("drain", onDrain);
  socket.on("end", onEnd);
  socket.on("error", onError);
  socket.on("close", onClose);
  const { held, error } = end.connection;
  if (held !== undefined) {
    end.connection.held = undefined;
    forward(end, held);
  }
  socket.on("data", onData);
  // What happened before the relay has no event left to come.
  if (socket.destroyed && socket.closed) queueMicrotask(() => closedBefore(end, error));
  else if (socket.readableEnded) queueMicrotask(() => end.relay.sideEnded(end));
}

function closedBefore(end: End, error: SystemError | undefined): void {
  if (error !== undefined) end.relay.sideFailed(end, error);
  end.relay.sideClosed(end);
}

/** Two connections of this adapter; undefined for any other pair. */
export function nodeRelay(
  client: Connection,
  peer: Connection,
  options: RelayOptions,
): Relaying | undefined {
  if (!(client instanceof NodeConnection) || !(peer instanceof NodeConnection)) return undefined;
  return new NodeRelay(client, peer, options);
}
