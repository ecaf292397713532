/**
 * A stream socket of Bun as a `Connection`.
 *
 * Bun's `write` takes a part and `end` drops what is unsent, so the unsent tail is kept here and
 * nothing is finished before it is empty. A socket hands over up to 512 KiB at once, also after
 * `pause`: that much a stalled reader may hold.
 */
import type { Socket } from "bun";
import { SystemError, toSystemError } from "../lib/errno.ts";
import { joinBytes, plainHost } from "./common.ts";
import type { PushConnection, PushSink } from "./push_relay.ts";
import type { Address, Dialer } from "./runtime.ts";

export type BunSocket = Socket<BunConnection>;

/** Bytes that nobody has asked for yet; above it the socket is paused. */
const MOST_HELD = 65_536;

export class BunConnection implements PushConnection {
  /** Set when the socket is open. */
  socket!: BunSocket;
  readonly remote: Address;
  sink: PushSink | undefined;
  error: SystemError | undefined;
  /** The other side finished sending. */
  hasEnded = false;
  /** The descriptor is gone. */
  isGone = false;
  #local: Address | undefined;
  /** Who waits for the connect; undefined once it has succeeded or failed. */
  #dialer: Dialer | undefined;
  #isCanceled = false;
  #isPaused = false;
  /** Received before anybody read. */
  #held: Uint8Array | undefined;
  #tail: Uint8Array | undefined;
  /** What happens once the tail is empty. */
  #afterTail: "nothing" | "finish" | "close" = "nothing";
  #wake: (() => void) | undefined;
  #drain: (() => void) | undefined;

  constructor(local: Address | undefined, remote: Address, dialer?: Dialer) {
    this.#local = local;
    this.remote = remote;
    this.#dialer = dialer;
  }

  get hasTail(): boolean {
    return this.#tail !== undefined;
  }

  /** Asked for only where it is wanted: most sessions never look at the address they connect from. */
  get local(): Address {
    return this.#local ??= localOf(this.socket);
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const held = this.#held;
      if (held !== undefined) {
        this.#held = undefined;
        this.resume();
        return held;
      }
      if (this.#afterTail === "close") return null;
      if (this.error !== undefined) throw this.error;
      if (this.hasEnded || this.isGone) return null;
      await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.isGone || this.#afterTail !== "nothing") throw this.error ?? new SystemError("EPIPE");
    if (!this.send(chunk)) await new Promise<void>((drain) => this.#drain = drain);
    if (this.error !== undefined) throw this.error;
  }

  /** Sends what the socket takes and keeps the rest; false when something is left. */
  send(chunk: Uint8Array): boolean {
    if (this.#tail !== undefined) {
      this.#tail = joinBytes(this.#tail, chunk);
      return false;
    }
    const sent = this.isGone ? -1 : this.socket.write(chunk);
    if (sent === chunk.length || sent < 0) return true; // a closed socket reports itself
    this.#tail = chunk.slice(sent);
    return false;
  }

  unread(chunk: Uint8Array): void {
    this.#held = this.#held === undefined ? chunk : joinBytes(chunk, this.#held);
  }

  closeWrite(): Promise<void> {
    this.finish();
    return Promise.resolve();
  }

  /** Sends a FIN behind all that was written. */
  finish(): void {
    if (this.#afterTail !== "nothing") return;
    this.#afterTail = "finish";
    if (this.#tail === undefined && !this.isGone) this.socket.shutdown();
  }

  close(): void {
    if (this.#afterTail === "close") return;
    this.#afterTail = "close";
    this.#wake?.();
    if (this.#tail === undefined && !this.isGone) this.socket.end();
    else graceful(this);
  }

  reset(): void {
    this.#afterTail = "close";
    this.#tail = undefined;
    this.#wake?.();
    if (!this.isGone) this.socket.terminate();
  }

  /** Closes at once; what the other side has not taken is lost. */
  drop(): void {
    this.#afterTail = "close";
    this.#tail = undefined;
    if (!this.isGone) this.socket.end();
  }

  setNoDelay(on: boolean): void {
    // Bun opens its sockets with TCP_NODELAY set.
    if (!on && !this.isGone) this.socket.setNoDelay(false);
  }

  setKeepAlive(on: boolean): void {
    if (!this.isGone) this.socket.setKeepAlive(on);
  }

  pause(): void {
    if (this.#isPaused || this.isGone) return;
    this.#isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.#isPaused || this.isGone) return;
    this.#isPaused = false;
    this.socket.resume();
  }

  takeHeld(): Uint8Array | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** Bun cannot give a connect up: a late success is closed again. */
  cancel(): void {
    this.#isCanceled = true;
  }

  onConnect(): void {
    const dialer = this.#dialer;
    this.#dialer = undefined;
    if (!this.#isCanceled) {
      dialer?.connected(this);
      return;
    }
    this.drop();
    dialer?.refused(new SystemError("ECANCELED"));
  }

  onRefused(error: unknown): void {
    const dialer = this.#dialer;
    this.#dialer = undefined;
    dialer?.refused(
      this.#isCanceled ? new SystemError("ECANCELED") : toSystemError(error, "ECONNREFUSED"),
    );
  }

  onData(chunk: Uint8Array): void {
    if (this.sink !== undefined) {
      this.sink.received(this, chunk);
      return;
    }
    // Bun may use the chunk's memory again.
    this.#held = this.#held === undefined ? chunk.slice() : joinBytes(this.#held, chunk);
    if (this.#held.length >= MOST_HELD) this.pause();
    this.#wake?.();
  }

  onDrain(): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    const sent = this.socket.write(tail);
    if (sent >= 0 && sent < tail.length) {
      this.#tail = tail.subarray(sent);
      return;
    }
    this.#tail = undefined;
    const after = this.#afterTail;
    if (after === "close") this.socket.end();
    else if (after === "finish") this.socket.shutdown();
    this.#drain?.();
    this.sink?.drained(this);
  }

  onEnd(): void {
    this.hasEnded = true;
    this.#wake?.();
    this.sink?.ended(this);
  }

  /** A bug in a handler: it ends this connection and nothing else. */
  onFault(error: Error): void {
    this.error ??= toSystemError(error, "ECONNABORTED");
    this.reset();
  }

  /** Without an error it is the other side's end, which came after our own. */
  onClose(error: Error | undefined): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#tail = undefined;
    if (error !== undefined) this.error ??= toSystemError(error, "ECONNRESET");
    this.#wake?.();
    this.#drain?.();
    closing.delete(this);
    this.sink?.closed(this);
  }
}

/** Closed connections whose tail the other side has not taken yet, and when they were given up. */
const closing = new Map<BunConnection, number>();
const GRACE_MS = 30_000;
const SWEEP_MS = 5000;
let sweeping = false;

/** One coarse timer for all: a side that never reads must not live for ever. */
function graceful(connection: BunConnection): void {
  if (connection.isGone) return;
  closing.set(connection, performance.now() + GRACE_MS);
  if (sweeping) return;
  sweeping = true;
  setTimeout(sweep, SWEEP_MS).unref();
}

function sweep(): void {
  const now = performance.now();
  for (const [connection, deadline] of closing) {
    if (deadline <= now) connection.drop();
  }
  sweeping = closing.size > 0;
  if (sweeping) setTimeout(sweep, SWEEP_MS).unref();
}

/** The other end of an open socket. */
export function remoteOf(socket: BunSocket): Address {
  return { host: plainHost(socket.remoteAddress), port: socket.remotePort };
}

export function localOf(socket: BunSocket): Address {
  return { host: plainHost(socket.localAddress), port: socket.localPort };
}
