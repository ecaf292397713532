/**
 * The relay of Deno: one pump for each direction over the bare resources.
 *
 * A read buffer starts small, so that an idle session is, and grows while reads fill it; a stalled
 * reader holds one buffer.
 */
import { toSystemError } from "../lib/errno.ts";
import { DenoConnection } from "./deno_connection.ts";
import type { Connection, Meter, RelayEnd, Relaying, RelayOptions } from "./runtime.ts";

class DenoRelay implements Relaying {
  readonly done: Promise<RelayEnd>;
  readonly #client: DenoConnection;
  readonly #peer: DenoConnection;
  readonly #options: RelayOptions;
  #settle!: (end: RelayEnd) => void; // set by the promise's executor
  #result: RelayEnd | undefined;
  #pumping = 2;

  constructor(client: DenoConnection, peer: DenoConnection, options: RelayOptions) {
    this.#client = client;
    this.#peer = peer;
    this.#options = options;
    this.done = new Promise((settle) => {
      this.#settle = settle;
    });
    void this.#pump(client, peer, "client");
    void this.#pump(peer, client, "peer");
  }

  stop(): void {
    this.#finish({ by: "stop" });
  }

  /** Moves one direction until its source has ended or the relay has. Never rejects. */
  async #pump(from: DenoConnection, to: DenoConnection, side: "client" | "peer"): Promise<void> {
    let call: "recv" | "send" = "recv";
    try {
      const held = from.takeHeld();
      if (held !== undefined) {
        this.#count(side, held.length);
        call = "send";
        await to.write(held);
      }
      const source = from.conn;
      const target = to.conn;
      for (;;) {
        call = "recv";
        const { buffer } = from;
        const count = await source.read(buffer);
        if (count === null || this.#result !== undefined) break;
        this.#count(side, count);
        call = "send";
        for (let sent = 0; sent < count;) sent += await target.write(buffer.subarray(sent, count));
        if (count === buffer.length) from.growBuffer();
      }
      if (this.#result === undefined) await this.#ended(to, side);
    } catch (error) {
      this.#failed(side, call, error);
    }
    this.#pumping -= 1;
    if (this.#pumping === 0) this.#settle(this.#result ?? { by: side });
  }

  async #ended(to: DenoConnection, side: "client" | "peer"): Promise<void> {
    if (this.#options.halfClose && this.#pumping === 2) await to.closeWrite();
    else this.#finish({ by: side });
  }

  /** A read that our own close canceled comes here too: by then there is a result. */
  #failed(source: "client" | "peer", call: "recv" | "send", error: unknown): void {
    if (this.#result !== undefined) return;
    const side = call === "recv" ? source : source === "client" ? "peer" : "client";
    const fallback = call === "recv" ? "ECONNRESET" : "EPIPE";
    this.#finish({ by: side, failure: { side, call, error: toSystemError(error, fallback) } });
  }

  #count(side: "client" | "peer", bytes: number): void {
    const { clock } = this.#options;
    const meter: Meter = this.#options.meter;
    meter.touchedAt = clock.now;
    if (side === "client") {
      meter.fromClient += bytes;
      meter.toPeer += bytes;
      return;
    }
    if (meter.fromPeer === 0) meter.firstByteAt = performance.now();
    meter.fromPeer += bytes;
    meter.toClient += bytes;
  }

  /** The first reason is the reason; closing ends the reads of both pumps. */
  #finish(end: RelayEnd): void {
    if (this.#result !== undefined) return;
    this.#result = end;
    this.#client.close();
    this.#peer.close();
  }
}

/** For two native connections; undefined for any other pair (`proxy_bind` connects by `node:net`). */
export function denoRelay(
  client: Connection,
  peer: Connection,
  options: RelayOptions,
): Relaying | undefined {
  if (!(client instanceof DenoConnection) || !(peer instanceof DenoConnection)) return undefined;
  return new DenoRelay(client, peer, options);
}
