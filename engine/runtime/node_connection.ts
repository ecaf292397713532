/** A stream socket of `node:net` as a `Connection`. */
import type { Socket } from "node:net";
import { SystemError, toSystemError } from "../lib/errno.ts";
import { joinBytes, plainHost } from "./common.ts";
import type { PushConnection, PushSink } from "./push_relay.ts";
import type { Address, Dialer } from "./runtime.ts";

/** A socket's own queue is full here; with one chunk more a stalled reader stays under 160 KiB. */
export const HIGH_WATER_BYTES = 16 * 1024;

/** How long a closed connection may take to deliver what it still holds. */
export const GRACE_MS = 30_000;

/** Sockets carry their connection, so that the handlers below are shared by all. */
interface Carrier extends Socket {
  weir?: NodeConnection;
}

function onData(this: Carrier, chunk: Uint8Array): void {
  const connection = this.weir;
  if (connection?.sink?.received(connection, chunk) === true) giveBack(chunk);
}

/**
 * Node reads into new memory outside of the heap, 64 KiB at a time, and V8 collects its whole heap
 * for every 64 MB of it. A chunk that was sent gives its memory back at once, for the next read.
 * A small one may still be queued after a `send` that is true, and is cheap to collect.
 */
function giveBack({ buffer, length }: Uint8Array): void {
  const isAlone = buffer.byteLength === length && buffer instanceof ArrayBuffer;
  if (length >= HIGH_WATER_BYTES && isAlone) buffer.transfer(0);
}

function onDrain(this: Carrier): void {
  const connection = this.weir;
  connection?.sink?.drained(connection);
}

function onEnd(this: Carrier): void {
  const connection = this.weir;
  if (connection === undefined) return;
  connection.hasEnded = true;
  connection.sink?.ended(connection);
}

function onError(this: Carrier, error: Error): void {
  const connection = this.weir;
  if (connection !== undefined) connection.error ??= toSystemError(error, "ECONNRESET");
}

function onClose(this: Carrier): void {
  this.weir?.onClose();
}

function onConnect(this: Carrier): void {
  this.weir?.onConnect();
}

export class NodeConnection implements PushConnection {
  readonly socket: Socket;
  readonly remote: Address;
  sink: PushSink | undefined;
  error: SystemError | undefined;
  hasEnded = false;
  isGone = false;
  #local: Address | undefined;
  /** Who waits for the connect; undefined once it has succeeded or failed. */
  #dialer: Dialer | undefined;
  /** Bytes given back by `unread`, before anything that the socket still has. */
  #held: Uint8Array | undefined;
  #isClosed = false;
  #isFlowing = false;
  #isPaused = false;

  constructor(
    socket: Socket,
    at: { readonly local?: Address; readonly remote: Address; readonly dialer?: Dialer },
  ) {
    this.socket = socket;
    this.#local = at.local;
    this.remote = at.remote;
    this.#dialer = at.dialer;
    (socket as Carrier).weir = this;
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    if (at.dialer !== undefined) socket.on("connect", onConnect);
  }

  /** Asked for only where it is wanted: most sessions never look at where they connect from. */
  get local(): Address {
    return this.#local ??= localOf(this.socket);
  }

  get hasTail(): boolean {
    return this.socket.writableLength > 0;
  }

  onConnect(): void {
    const dialer = this.#dialer;
    this.#dialer = undefined;
    dialer?.connected(this);
  }

  onClose(): void {
    this.isGone = true;
    const dialer = this.#dialer;
    this.#dialer = undefined;
    dialer?.refused(this.error ?? new SystemError("ECANCELED"));
    this.sink?.closed(this);
  }

  async read(): Promise<Uint8Array | null> {
    const { socket } = this;
    const held = this.takeHeld();
    if (held !== undefined) return held;
    for (;;) {
      if (this.#isClosed) return null;
      const chunk: Uint8Array | null = socket.read();
      if (chunk !== null) return chunk;
      if (this.error !== undefined) throw this.error;
      if (socket.readableEnded || socket.destroyed) return null;
      await this.#readable();
    }
  }

  #readable(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve) => {
      const done = () => {
        socket.off("readable", done);
        socket.off("end", done);
        socket.off("close", done);
        resolve();
      };
      socket.on("readable", done);
      socket.on("end", done);
      socket.on("close", done);
    });
  }

  write(chunk: Uint8Array): Promise<void> {
    const { socket } = this;
    if (this.error !== undefined) return Promise.reject(this.error);
    if (this.#isClosed || !socket.writable) return Promise.reject(new SystemError("EPIPE"));
    if (socket.write(chunk)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = () => {
        socket.off("drain", settle);
        socket.off("close", settle);
        if (this.error === undefined) resolve();
        else reject(this.error);
      };
      socket.on("drain", settle);
      socket.on("close", settle);
    });
  }

  unread(chunk: Uint8Array): void {
    this.#held = this.#held === undefined ? chunk : joinBytes(chunk, this.#held);
  }

  closeWrite(): Promise<void> {
    const { socket } = this;
    if (!socket.writable) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once("close", () => resolve());
      socket.end(() => resolve());
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { socket } = this;
    if (socket.writableLength === 0 || socket.destroyed) {
      socket.destroy();
      return;
    }
    socket.setTimeout(GRACE_MS, destroySocket);
    socket.resume();
    socket.destroySoon();
  }

  reset(): void {
    this.#isClosed = true;
    if (!this.socket.destroyed) this.socket.resetAndDestroy();
  }

  drop(): void {
    this.#isClosed = true;
    this.socket.destroy();
  }

  setNoDelay(on: boolean): void {
    // Sockets are opened with TCP_NODELAY set.
    if (!on) this.socket.setNoDelay(false);
  }

  setKeepAlive(on: boolean): void {
    this.socket.setKeepAlive(on);
  }

  takeHeld(): Uint8Array | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** The kernel nearly always takes all; only what it leaves is a reason to wait. */
  send(chunk: Uint8Array): boolean {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) return true; // a closed socket reports itself
    return socket.write(chunk) || socket.writableLength === 0;
  }

  finish(): void {
    this.socket.end();
  }

  pause(): void {
    this.#isPaused = true;
    this.socket.pause();
  }

  /** The first call starts the flow: until then nobody listens for data. */
  resume(): void {
    const { socket } = this;
    if (!this.#isFlowing) {
      this.#isFlowing = true;
      socket.on("data", onData);
    }
    if (!this.#isPaused) return;
    this.#isPaused = false;
    socket.resume();
  }
}

function destroySocket(this: Socket): void {
  this.destroy();
}

/** The other end of an open socket. */
export function remoteOf(socket: Socket): Address {
  return { host: plainHost(socket.remoteAddress), port: socket.remotePort ?? 0 };
}

export function localOf(socket: Socket): Address {
  return { host: plainHost(socket.localAddress), port: socket.localPort ?? 0 };
}
