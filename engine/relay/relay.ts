/** The relay for any two connections: a pump for each direction, over read and write. */
import { toSystemError } from "../lib/errno.ts";
import type {
  Clock,
  Connection,
  RelayEnd,
  Relaying,
  RelayOptions,
  Runtime,
} from "../runtime/runtime.ts";

type Side = "client" | "peer";

class PumpedRelay implements Relaying {
  readonly done: Promise<RelayEnd>;
  readonly #client: Connection;
  readonly #peer: Connection;
  readonly #options: RelayOptions;
  readonly #clock: Clock;
  #result: RelayEnd | undefined;

  constructor(client: Connection, peer: Connection, options: RelayOptions, clock: Clock) {
    this.#client = client;
    this.#peer = peer;
    this.#options = options;
    this.#clock = clock;
    this.done = this.#run();
  }

  stop(): void {
    this.#end({ by: "stop" });
  }

  async #run(): Promise<RelayEnd> {
    await Promise.all([
      this.#pump(this.#client, this.#peer, "client"),
      this.#pump(this.#peer, this.#client, "peer"),
    ]);
    return this.#end({ by: "client" });
  }

  /** Moves one direction until its source has ended or the relay has. Never rejects. */
  async #pump(from: Connection, to: Connection, side: Side): Promise<void> {
    let call: "recv" | "send" = "recv";
    try {
      for (;;) {
        call = "recv";
        const chunk = await from.read();
        if (this.#result !== undefined) return;
        if (chunk === null) break;
        this.#count(side, chunk.length);
        call = "send";
        await to.write(chunk);
      }
      if (this.#options.halfClose) await to.closeWrite();
      else this.#end({ by: side });
    } catch (error) {
      const failed: Side = call === "recv" ? side : side === "client" ? "peer" : "client";
      this.#end({ by: failed, failure: { side: failed, call, error: toSystemError(error) } });
    }
  }

  #count(side: Side, bytes: number): void {
    const { meter, clock } = this.#options;
    meter.touchedAt = clock.now;
    if (side === "client") {
      meter.fromClient += bytes;
      meter.toPeer += bytes;
      return;
    }
    if (meter.fromPeer === 0) meter.firstByteAt = this.#clock.now();
    meter.fromPeer += bytes;
    meter.toClient += bytes;
  }

  /** The first reason is the reason; closing ends the reads of both pumps. */
  #end(end: RelayEnd): RelayEnd {
    if (this.#result === undefined) {
      this.#result = end;
      this.#client.close();
      this.#peer.close();
    }
    return this.#result;
  }
}

/** Moves bytes by the adapter's relay where it knows both connections, else by the pump. */
export function startRelay(
  runtime: Pick<Runtime, "clock" | "relay">,
  client: Connection,
  peer: Connection,
  options: RelayOptions,
): Relaying {
  return runtime.relay(client, peer, options) ??
    new PumpedRelay(client, peer, options, runtime.clock);
}
