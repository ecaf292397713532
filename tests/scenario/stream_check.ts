/**
 * Random streams that check themselves: every byte that arrives is compared with the one that was
 * sent at its place in its stream, so a lost, doubled, moved or crossed byte is found.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** All streams are windows of this table: where a stream starts in it is its identity. */
const TABLE_BYTES = 1 << 20;
const HEADER_BYTES = 16;

/** xorshift32: the same streams for the same seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const table = (() => {
  const bytes = Buffer.alloc(2 * TABLE_BYTES);
  const random = randomOf(0x5eed);
  for (let at = 0; at < TABLE_BYTES; at++) bytes[at] = random(256);
  bytes.copy(bytes, TABLE_BYTES, 0, TABLE_BYTES);
  return bytes;
})();

/** "complete": all arrives; the others cut the stream, and what did arrive must be right. */
type Kind = "complete" | "client resets" | "server resets";

interface Plan {
  readonly id: number;
  readonly kind: Kind;
  readonly up: number;
  readonly down: number;
  /** The client waits for nothing, or finishes sending before the server starts. */
  readonly inTurn: boolean;
  /** Pauses between chunks, and a reader that stops reading now and then. */
  readonly isSlow: boolean;
}

function planOf(id: number, random: (below: number) => number): Plan {
  const length = () => {
    const dice = random(100);
    if (dice < 10) return 0;
    if (dice < 90) return random(6000);
    return dice < 99 ? random(120_000) : random(1_000_000);
  };
  const dice = random(20);
  return {
    id,
    kind: dice === 0 ? "client resets" : dice === 1 ? "server resets" : "complete",
    up: length(),
    down: length(),
    inTurn: random(2) === 0,
    isSlow: random(8) === 0,
  };
}

/** The bytes of a stream from `at` on, at most `length` of them. */
function windowOf(id: number, way: "up" | "down", at: number, length: number): Buffer {
  const start = (Math.imul(id, 2_654_435_761) + (way === "up" ? 0 : 77_777)) >>> 0;
  const from = (start + at) % TABLE_BYTES;
  return table.subarray(from, from + Math.min(length, TABLE_BYTES));
}

/** Sends a stream in random pieces within the socket's backpressure. */
async function send(
  socket: Socket,
  plan: Plan,
  way: "up" | "down",
  random: (below: number) => number,
): Promise<void> {
  const total = way === "up" ? plan.up : plan.down;
  const stop = plan.kind === (way === "up" ? "client resets" : "server resets")
    ? random(total + 1)
    : total;
  for (let at = 0; at < stop;) {
    const length = Math.min(stop - at, 1 + random(random(4) === 0 ? 60_000 : 2000));
    if (socket.destroyed) return;
    const canTakeMore = socket.write(windowOf(plan.id, way, at, length));
    at += length;
    if (!canTakeMore) await settled(socket, "drain");
    else if (plan.isSlow && random(4) === 0) {
      await new Promise((resolve) => setTimeout(resolve, random(5)));
    }
  }
  if (stop < total || plan.kind === (way === "up" ? "client resets" : "server resets")) {
    socket.resetAndDestroy();
  } else socket.end();
}

function settled(socket: Socket, event: "drain"): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const done = () => {
      socket.off(event, done);
      socket.off("close", done);
      resolve();
    };
    socket.on(event, done);
    socket.on("close", done);
  });
}

/** Compares what arrives; `received` is how much was right. */
class Checker {
  received = 0;
  wrong: string | undefined;
  readonly #plan: Plan;
  readonly #way: "up" | "down";

  constructor(plan: Plan, way: "up" | "down") {
    this.#plan = plan;
    this.#way = way;
  }

  take(chunk: Buffer): void {
    const { id } = this.#plan;
    for (let at = 0; at < chunk.length; at += TABLE_BYTES) {
      const part = chunk.subarray(at, at + TABLE_BYTES);
      const wanted = windowOf(id, this.#way, this.received, part.length);
      if (!part.equals(wanted)) this.wrong ??= `stream ${id} ${this.#way} at ${this.received}`;
      this.received += part.length;
    }
  }

  /** What is wrong now that the stream is over; undefined when nothing is. */
  verdict(total: number): string | undefined {
    if (this.wrong !== undefined) return this.wrong;
    const { id, kind } = this.#plan;
    const isShort = this.received < total;
    if (this.received > total || (isShort && kind === "complete")) {
      return `stream ${id} ${this.#way}: ${this.received} of ${total} bytes (${kind})`;
    }
    return undefined;
  }
}

export interface StreamServer {
  readonly server: Server;
  readonly port: number;
  readonly faults: string[];
  finished: number;
}

const KINDS: readonly Kind[] = ["complete", "client resets", "server resets"];

function headerOf({ id, kind, up, down, inTurn, isSlow }: Plan): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(id, 0);
  header.writeUInt32LE(up, 4);
  header.writeUInt32LE(down, 8);
  header.writeUInt8(KINDS.indexOf(kind), 12);
  header.writeUInt8((inTurn ? 1 : 0) | (isSlow ? 2 : 0), 13);
  return header;
}

function planFrom(header: Buffer): Plan {
  const flags = header.readUInt8(13);
  return {
    id: header.readUInt32LE(0),
    up: header.readUInt32LE(4),
    down: header.readUInt32LE(8),
    kind: KINDS[header.readUInt8(12)] ?? "complete",
    inTurn: (flags & 1) !== 0,
    isSlow: (flags & 2) !== 0,
  };
}

export async function streamServer(): Promise<StreamServer> {
  const faults: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, made));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const made: StreamServer = { server, port, faults, finished: 0 };
  return made;
}

function serve(socket: Socket, made: StreamServer): void {
  let head: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let plan: Plan | undefined;
  let checker: Checker | undefined;
  const begin = (known: Plan) => {
    const random = randomOf(known.id * 7 + 1);
    void send(socket, known, "down", random);
  };
  socket.on("error", () => {}); // resets belong to the plan; "close" judges
  socket.on("data", (chunk: Buffer) => {
    if (checker !== undefined) return checker.take(chunk);
    head = Buffer.concat([head, chunk]);
    if (head.length < HEADER_BYTES) return;
    plan = planFrom(head);
    checker = new Checker(plan, "up");
    if (head.length > HEADER_BYTES) checker.take(head.subarray(HEADER_BYTES));
    if (!plan.inTurn) begin(plan);
  });
  socket.on("end", () => {
    if (plan?.inTurn === true) begin(plan);
    else if (plan === undefined) socket.end();
  });
  socket.on("close", () => {
    made.finished += 1;
    if (plan === undefined) return; // a client that reset before its header arrived
    const fault = checker?.verdict(plan.up);
    if (fault !== undefined) made.faults.push(fault);
  });
}

/** One client's stream through `port`; what was wrong with it. */
export async function runStream(
  port: number,
  id: number,
  seed: number,
): Promise<string | undefined> {
  const random = randomOf(seed ^ Math.imul(id + 1, 0x9e3779b1));
  const plan = planOf(id, random);
  const checker = new Checker(plan, "down");
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("error", () => {}); // as above
  socket.on("data", (chunk: Buffer) => {
    checker.take(chunk);
    if (!plan.isSlow || random(6) > 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), random(20));
  });
  socket.write(headerOf(plan));
  await send(socket, plan, "up", random);
  await closed;
  return checker.verdict(plan.down);
}
