/** A connection made of two queues: what one end writes, the other reads. */
import { SystemError } from "../lib/errno.ts";
import { joinBytes } from "./common.ts";
import type { Address, Connection } from "./runtime.ts";

/** What one direction holds before its writer has to wait, as a socket's buffer does. */
const PIPE_BYTES = 64 * 1024;

/** One direction. Chunks are copied, as a kernel does: the writer may use its buffer again. */
class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #hasEnded = false;
  #error: SystemError | undefined;
  #reader: (() => void) | undefined;
  #writer: (() => void) | undefined;

  async push(chunk: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    if (this.#hasEnded) throw new SystemError("EPIPE");
    this.#chunks.push(chunk.slice());
    this.#bytes += chunk.length;
    this.#wakeReader();
    while (this.#bytes > PIPE_BYTES && this.#error === undefined && !this.#hasEnded) {
      await new Promise<void>((resolve) => this.#writer = resolve);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  async pull(isClosed: () => boolean): Promise<Uint8Array | null> {
    for (;;) {
      if (isClosed()) return null;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        this.#wakeWriter();
        return chunk;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => this.#reader = resolve);
    }
  }

  /** Nothing more will be written; what is queued is still read. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  fail(error: SystemError): void {
    if (this.#hasEnded && this.#chunks.length === 0) return;
    this.#error ??= error;
    this.#wake();
  }

  /** The reader has left: writers are told so. */
  abandon(error: SystemError): void {
    this.#error ??= error;
    this.#chunks.length = 0;
    this.#wake();
  }

  #wake(): void {
    this.#wakeReader();
    this.#wakeWriter();
  }

  #wakeReader(): void {
    this.#reader?.();
    this.#reader = undefined;
  }

  #wakeWriter(): void {
    this.#writer?.();
    this.#writer = undefined;
  }
}

class MemoryConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly #input: Pipe;
  readonly #output: Pipe;
  #held: Uint8Array | undefined;
  #isClosed = false;

  constructor(
    at: { readonly local: Address; readonly remote: Address },
    input: Pipe,
    output: Pipe,
  ) {
    this.local = at.local;
    this.remote = at.remote;
    this.#input = input;
    this.#output = output;
  }

  read(): Promise<Uint8Array | null> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) return Promise.resolve(held);
    return this.#input.pull(() => this.#isClosed);
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#isClosed) return Promise.reject(new SystemError("EPIPE"));
    return this.#output.push(chunk);
  }

  unread(chunk: Uint8Array): void {
    this.#held = this.#held === undefined ? chunk : joinBytes(chunk, this.#held);
  }

  closeWrite(): Promise<void> {
    this.#output.end();
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.end();
    this.#input.abandon(new SystemError("EPIPE"));
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.fail(new SystemError("ECONNRESET"));
    this.#input.abandon(new SystemError("ECONNRESET"));
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
}

/** Both ends of a new connection. */
export function connectionPair(
  client: Address,
  server: Address,
): readonly [Connection, Connection] {
  const [up, down] = [new Pipe(), new Pipe()];
  return [
    new MemoryConnection({ local: client, remote: server }, down, up),
    new MemoryConnection({ local: server, remote: client }, up, down),
  ];
}
