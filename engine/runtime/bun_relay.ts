/** The relay of Bun: a socket's data straight into the other's write, no promise per chunk. */
import { BunConnection, type BunSink } from "./bun_connection.ts";
import type { Connection, RelayEnd, Relaying, RelayOptions } from "./runtime.ts";

class BunRelay implements Relaying, BunSink {
  readonly done: Promise<RelayEnd>;
  readonly #client: BunConnection;
  readonly #peer: BunConnection;
  readonly #options: RelayOptions;
  #settle: (end: RelayEnd) => void = () => {};
  #result: RelayEnd | undefined;

  constructor(client: BunConnection, peer: BunConnection, options: RelayOptions) {
    this.#client = client;
    this.#peer = peer;
    this.#options = options;
    this.done = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#take(client);
    this.#take(peer);
    // What happened before has no event left to come.
    if (client.isGone || client.hasEnded || peer.isGone || peer.hasEnded) {
      queueMicrotask(() => this.#catchUp());
    }
  }

  received(from: BunConnection, chunk: Uint8Array): void {
    if (this.#result !== undefined) return;
    const { meter, clock } = this.#options;
    const bytes = chunk.length;
    meter.touchedAt = clock.now;
    if (from === this.#client) {
      meter.fromClient += bytes;
      meter.toPeer += bytes;
      if (!this.#peer.send(chunk)) from.pause();
      return;
    }
    if (meter.fromPeer === 0) meter.firstByteAt = performance.now();
    meter.fromPeer += bytes;
    meter.toClient += bytes;
    if (!this.#client.send(chunk)) from.pause();
  }

  drained(at: BunConnection): void {
    this.#other(at).resume();
  }

  ended(at: BunConnection): void {
    if (this.#result !== undefined) return;
    const other = this.#other(at);
    if (this.#options.halfClose && !other.hasEnded) other.finish();
    else this.#finish({ by: this.#sideOf(at) });
  }

  closed(at: BunConnection): void {
    const side = this.#sideOf(at);
    const { error } = at;
    this.#finish(
      error === undefined ? { by: side } : { by: side, failure: { side, call: "recv", error } },
    );
    if (this.#result !== undefined && this.#client.isGone && this.#peer.isGone) {
      this.#settle(this.#result);
    }
  }

  stop(): void {
    this.#result ??= { by: "stop" };
    this.#client.drop();
    this.#peer.drop();
  }

  #take(connection: BunConnection): void {
    connection.sink = this;
    const { held } = connection;
    connection.held = undefined;
    if (held !== undefined) this.received(connection, held);
    if (this.#other(connection).tail === undefined) connection.resume();
  }

  #catchUp(): void {
    for (const connection of [this.#client, this.#peer]) {
      if (connection.isGone) this.closed(connection);
      else if (connection.hasEnded) this.ended(connection);
    }
  }

  /** The first reason is the reason; both are closed behind what they still have to send. */
  #finish(end: RelayEnd): void {
    if (this.#result !== undefined) return;
    this.#result = end;
    this.#client.close();
    this.#peer.close();
  }

  #other(connection: BunConnection): BunConnection {
    return connection === this.#client ? this.#peer : this.#client;
  }

  #sideOf(connection: BunConnection): "client" | "peer" {
    return connection === this.#client ? "client" : "peer";
  }
}

/** For two native connections; undefined for any other pair. */
export function bunRelay(
  client: Connection,
  peer: Connection,
  options: RelayOptions,
): Relaying | undefined {
  if (!(client instanceof BunConnection) || !(peer instanceof BunConnection)) return undefined;
  return new BunRelay(client, peer, options);
}
