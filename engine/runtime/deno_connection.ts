/** A stream socket of Deno as a `Connection`. Accepted natively: `node:net` does not survive EMFILE here. */
import { SystemError, toSystemError } from "../lib/errno.ts";
import { joinBytes, plainHost } from "./common.ts";
import type { Address, Connection } from "./runtime.ts";

/** The first read buffer is small, so that an idle session is; it grows while reads fill it. */
const FIRST_BYTES = 512;
/** A stalled reader holds one buffer and stays under 160 KiB; less would cost more reads. */
const MOST_BYTES = 152 * 1024;

export class DenoConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly conn: Deno.Conn;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #held: Uint8Array | undefined;
  #isClosed = false;
  #isFinished = false;

  constructor(conn: Deno.Conn, remote?: Address) {
    this.conn = conn;
    this.local = addressOf(conn.localAddr);
    this.remote = remote ?? addressOf(conn.remoteAddr);
  }

  /** Made when something is read for the first time. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer ??= new Uint8Array(FIRST_BYTES);
  }

  /** After a read that filled it. */
  growBuffer(): void {
    const bytes = this.buffer.length;
    if (bytes < MOST_BYTES) this.#buffer = new Uint8Array(Math.min(MOST_BYTES, bytes * 8));
  }

  async read(): Promise<Uint8Array | null> {
    const held = this.takeHeld();
    if (held !== undefined) return held;
    if (this.#isClosed) return null;
    try {
      const { buffer } = this;
      const count = await this.conn.read(buffer);
      if (count === null) return null;
      if (count === buffer.length) this.growBuffer();
      return buffer.subarray(0, count);
    } catch (error) {
      if (this.#isClosed) return null;
      throw toSystemError(error, "ECONNRESET");
    }
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#isClosed || this.#isFinished) return Promise.reject(new SystemError("EPIPE"));
    return this.#writeAll(chunk);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    try {
      for (let left = chunk; left.length > 0;) {
        left = left.subarray(await this.conn.write(left));
      }
    } catch (error) {
      throw toSystemError(error, "EPIPE");
    }
  }

  unread(chunk: Uint8Array): void {
    const held = this.#held;
    this.#held = held === undefined ? chunk : joinBytes(chunk, held);
  }

  takeHeld(): Uint8Array | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  async closeWrite(): Promise<void> {
    this.#isFinished = true;
    try {
      await this.conn.closeWrite();
    } catch {
      // The other side is gone: there is nobody left to tell.
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.conn.close();
  }

  reset(): void {
    // Deno cannot send a reset.
    this.close();
  }

  setNoDelay(on: boolean): void {
    this.#tcp()?.setNoDelay(on);
  }

  setKeepAlive(on: boolean): void {
    this.#tcp()?.setKeepAlive(on);
  }

  /** Undefined for a unix socket and for a closed one, which would throw. */
  #tcp(): Deno.TcpConn | undefined {
    const isOpenTcp = !this.#isClosed && "setNoDelay" in this.conn;
    return isOpenTcp ? this.conn as Deno.TcpConn : undefined; // the method tells the class
  }
}

function addressOf(addr: Deno.Addr): Address {
  if ("hostname" in addr) return { host: plainHost(addr.hostname), port: addr.port };
  return { path: "path" in addr ? addr.path ?? "" : "" };
}
