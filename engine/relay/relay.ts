/** The relay for any two connections: a pump for each direction, over read and write. */
import { toSystemError } from "../lib/errno.ts";
import { Pace } from "./pace.ts";
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
  readonly #paces: { readonly client: Pace | undefined; readonly peer: Pace | undefined };
  #result: RelayEnd | undefined;

  constructor(client: Connection, peer: Connection, options: RelayOptions, clock: Clock) {
    this.#client = client;
    this.#peer = peer;
    this.#options = options;
    this.#clock = clock;
    const { upload = 0, download = 0 } = options.rates ?? {};
    this.#paces = {
      client: upload > 0 ? new Pace(upload, clock) : undefined,
      peer: download > 0 ? new Pace(download, clock) : undefined,
    };
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
        call = "send";
        const pace = this.#paces[side];
        if (pace === undefined) {
          this.#count(side, chunk.length);
          await to.write(chunk);
        } else if (!await this.#pumpSlowly(side, chunk, to, pace)) return;
      }
      if (this.#options.halfClose) await to.closeWrite();
      else this.#end({ by: side });
    } catch (error) {
      const failed: Side = call === "recv" ? side : side === "client" ? "peer" : "client";
      this.#end({ by: failed, failure: { side: failed, call, error: toSystemError(error) } });
    }
  }

  /** Writes a chunk in the parts that the rate allows; false when the relay has ended. */
  async #pumpSlowly(side: Side, chunk: Uint8Array, to: Connection, pace: Pace): Promise<boolean> {
    for (let at = 0; at < chunk.length;) {
      const bytes = pace.allowed(chunk.length - at);
      if (bytes > 0) {
        this.#count(side, bytes);
        await to.write(chunk.subarray(at, at + bytes));
        at += bytes;
      }
      const ms = bytes > 0 ? pace.moved(bytes) : pace.overdrawnMs();
      // A direction that has to wait is not idle.
      if (ms > 0) this.#options.meter.touchedAt = this.#options.clock.now + ms;
      if (ms > 0 && this.#result === undefined) await pace.wait(ms);
      if (this.#result !== undefined) return false;
    }
    return true;
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
      this.#paces.client?.stop();
      this.#paces.peer?.stop();
      this.#client.close();
      this.#peer.close();
    }
    return this.#result;
  }
}

/** Moves bytes by the adapter's relay where it knows both connections, by the pump within rates. */
export function startRelay(
  runtime: Pick<Runtime, "clock" | "relay">,
  client: Connection,
  peer: Connection,
  options: RelayOptions,
): Relaying {
  const own = options.rates === undefined ? runtime.relay(client, peer, options) : undefined;
  return own ?? new PumpedRelay(client, peer, options, runtime.clock);
}
