/** The relay of the adapters that push: a socket's data straight into the other, no promise per chunk. */
import type { SystemError } from "../lib/errno.ts";
import type { Connection, RelayEnd, Relaying, RelayOptions } from "./runtime.ts";

/** A connection that hands over what arrives; its events go to the sink once a relay owns it. */
export interface PushConnection extends Connection {
  sink: PushSink | undefined;
  readonly error: SystemError | undefined;
  /** The other side finished sending. */
  readonly hasEnded: boolean;
  /** The descriptor is gone: no event will follow. */
  readonly isGone: boolean;
  /** Something is kept that the socket has not taken yet. */
  readonly hasTail: boolean;
  /** What arrived before the relay; from now on the sink gets everything. */
  takeHeld(): Uint8Array | undefined;
  /** Sends what the socket takes and keeps the rest; false when something is left. */
  send(chunk: Uint8Array): boolean;
  pause(): void;
  resume(): void;
  /** A FIN behind all that was sent. */
  finish(): void;
  /** Closes at once; what the other side has not taken is lost. */
  drop(): void;
}

export interface PushSink {
  /** False when the other side has to be waited for; what `send` answered. */
  received(from: PushConnection, chunk: Uint8Array): boolean;
  /** Nothing is left of what `send` kept. */
  drained(at: PushConnection): void;
  ended(at: PushConnection): void;
  /** The descriptor is gone, with `error` when it was not orderly. */
  closed(at: PushConnection): void;
}

class PushRelay implements Relaying, PushSink {
  readonly done: Promise<RelayEnd>;
  readonly #client: PushConnection;
  readonly #peer: PushConnection;
  readonly #options: RelayOptions;
  #settle!: (end: RelayEnd) => void; // set by the promise's executor
  #result: RelayEnd | undefined;

  constructor(client: PushConnection, peer: PushConnection, options: RelayOptions) {
    this.#client = client;
    this.#peer = peer;
    this.#options = options;
    this.done = new Promise((settle) => {
      this.#settle = settle;
    });
    client.sink = this;
    peer.sink = this;
    this.#takeOver(client);
    this.#takeOver(peer);
    // What happened before has no event left to come.
    if (client.isGone || client.hasEnded || peer.isGone || peer.hasEnded) {
      queueMicrotask(() => this.#catchUp());
    }
  }

  received(from: PushConnection, chunk: Uint8Array): boolean {
    if (this.#result !== undefined) return true;
    const { meter, clock } = this.#options;
    const bytes = chunk.length;
    meter.touchedAt = clock.now;
    if (from === this.#client) {
      meter.fromClient += bytes;
      meter.toPeer += bytes;
      return this.#forward(from, this.#peer, chunk);
    }
    if (meter.fromPeer === 0) meter.firstByteAt = performance.now();
    meter.fromPeer += bytes;
    meter.toClient += bytes;
    return this.#forward(from, this.#client, chunk);
  }

  #forward(from: PushConnection, to: PushConnection, chunk: Uint8Array): boolean {
    const isSent = to.send(chunk);
    if (!isSent) from.pause();
    return isSent;
  }

  drained(at: PushConnection): void {
    this.#other(at).resume();
  }

  ended(at: PushConnection): void {
    if (this.#result !== undefined) return;
    const other = this.#other(at);
    if (this.#options.halfClose && !other.hasEnded) other.finish();
    else this.#finish(this.#sideOf(at));
  }

  closed(at: PushConnection): void {
    const side = this.#sideOf(at);
    const { error } = at;
    if (error === undefined) this.#finish(side);
    else {
      const call = error.code === "EPIPE" ? "send" : "recv";
      this.#finish(side, { side, call, error });
    }
    if (this.#client.isGone && this.#peer.isGone) this.#settle(this.#result ?? { by: side });
  }

  stop(): void {
    this.#result ??= { by: "stop" };
    this.#client.drop();
    this.#peer.drop();
  }

  #takeOver(connection: PushConnection): void {
    const held = connection.takeHeld();
    if (held !== undefined) this.received(connection, held);
    if (!this.#other(connection).hasTail) connection.resume();
  }

  #catchUp(): void {
    for (const connection of [this.#client, this.#peer]) {
      if (connection.isGone) this.closed(connection);
      else if (connection.hasEnded) this.ended(connection);
    }
  }

  /** The first reason is the reason; both are closed behind what they still have to send. */
  #finish(by: "client" | "peer", failure?: NonNullable<RelayEnd["failure"]>): void {
    if (this.#result !== undefined) return;
    this.#result = failure === undefined ? { by } : { by, failure };
    this.#client.close();
    this.#peer.close();
  }

  #other(connection: PushConnection): PushConnection {
    return connection === this.#client ? this.#peer : this.#client;
  }

  #sideOf(connection: PushConnection): "client" | "peer" {
    return connection === this.#client ? "client" : "peer";
  }
}

/** A relay for the connections of one adapter's class; undefined for any other pair. */
export function pushRelayFor(kind: abstract new (...args: never[]) => PushConnection) {
  return (client: Connection, peer: Connection, options: RelayOptions): Relaying | undefined => {
    if (!(client instanceof kind) || !(peer instanceof kind)) return undefined;
    return new PushRelay(client, peer, options);
  };
}
