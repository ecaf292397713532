/** A plain relay on Bun's sockets: what Weir on Bun is measured against. `bun bare_bun.ts PORT PEER_PORT` */
import type { Socket } from "bun";

const [port = 0, peerPort = 0] = process.argv.slice(2).map(Number);

/** One side of a pair; `tail` is what its socket has not taken yet. */
interface Side {
  socket: Socket<Side> | undefined;
  other: Side | undefined;
  tail: Uint8Array | undefined;
  hasEnded: boolean;
}

function newSide(): Side {
  return { socket: undefined, other: undefined, tail: undefined, hasEnded: false };
}

function send(to: Side, chunk: Uint8Array, from: Socket<Side>): void {
  const sent = to.tail === undefined ? to.socket?.write(chunk) ?? 0 : 0;
  if (sent < 0 || sent === chunk.length) return;
  to.tail = to.tail === undefined ? chunk.slice(sent) : Buffer.concat([to.tail, chunk]);
  from.pause();
}

function finish(side: Side): void {
  side.hasEnded = true;
  const { other } = side;
  if (other?.tail === undefined) other?.socket?.end();
}

const socket = {
  binaryType: "uint8array" as const,
  open(client: Socket<Side>): void {
    const side = newSide();
    client.data = side;
    side.socket = client;
    side.other = newSide();
    side.other.other = side;
    const options = { hostname: "127.0.0.1", port: peerPort, data: side.other };
    Bun.connect({ ...options, socket: peerSocket }).catch(() => client.end());
  },
  data(from: Socket<Side>, chunk: Uint8Array): void {
    const { other } = from.data;
    if (other !== undefined) send(other, chunk, from);
  },
  drain(at: Socket<Side>): void {
    const side = at.data;
    if (side.tail === undefined) return;
    const sent = at.write(side.tail);
    if (sent >= 0 && sent < side.tail.length) {
      side.tail = side.tail.subarray(sent);
      return;
    }
    side.tail = undefined;
    if (side.other?.hasEnded === true) at.end();
    else side.other?.socket?.resume();
  },
  end: (at: Socket<Side>) => finish(at.data),
  close: (at: Socket<Side>) => finish(at.data),
  error: (at: Socket<Side>) => finish(at.data),
};

const peerSocket = {
  ...socket,
  open(peer: Socket<Side>): void {
    const side = peer.data;
    side.socket = peer;
    if (side.other?.hasEnded === true) peer.end();
    else socket.drain(peer);
  },
};

Bun.listen<Side>({ hostname: "127.0.0.1", port, socket });
