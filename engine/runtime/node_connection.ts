/** A stream socket of `node:net` as a `Connection`. */
import type { Socket } from "node:net";
import { isUnix } from "../lib/address.ts";
import { SystemError, toSystemError } from "../lib/errno.ts";
import { plainHost } from "./common.ts";
import type { Address, Connection } from "./runtime.ts";

/** A socket's own queue is full here; with one chunk more a stalled reader stays under 160 KiB. */
export const HIGH_WATER_BYTES = 16 * 1024;

/** How long a closed connection may take to deliver what it still holds. */
export const GRACE_MS = 30_000;

export class NodeConnection implements Connection {
  readonly socket: Socket;
  readonly local: Address;
  readonly remote: Address;
  /** Bytes given back by `unread`, before anything that the socket still has. */
  held: Uint8Array | undefined;
  error: SystemError | undefined;
  isClosed = false;

  constructor(socket: Socket, local: Address | undefined, remote: Address | undefined) {
    this.socket = socket;
    this.local = local ?? { host: plainHost(socket.localAddress), port: socket.localPort ?? 0 };
    this.remote = remote ?? remoteOf(socket, this.local);
    socket.on("error", (error) => {
      this.error = toSystemError(error, "ECONNRESET");
    });
  }

  async read(): Promise<Uint8Array | null> {
    const { held, socket } = this;
    if (held !== undefined) {
      this.held = undefined;
      return held;
    }
    for (;;) {
      if (this.isClosed) return null;
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
    if (this.isClosed || !socket.writable) return Promise.reject(new SystemError("EPIPE"));
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
    const { held } = this;
    if (held === undefined) {
      this.held = chunk;
      return;
    }
    const joined = new Uint8Array(chunk.length + held.length);
    joined.set(chunk);
    joined.set(held, chunk.length);
    this.held = joined;
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
    if (this.isClosed) return;
    this.isClosed = true;
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
    this.isClosed = true;
    if (!this.socket.destroyed) this.socket.resetAndDestroy();
  }

  setNoDelay(on: boolean): void {
    // Sockets are opened with TCP_NODELAY set.
    if (!on) this.socket.setNoDelay(false);
  }

  setKeepAlive(on: boolean): void {
    this.socket.setKeepAlive(on);
  }
}

function destroySocket(this: Socket): void {
  this.destroy();
}

function remoteOf(socket: Socket, local: Address): Address {
  if (isUnix(local)) return { path: "" };
  return { host: plainHost(socket.remoteAddress), port: socket.remotePort ?? 0 };
}
