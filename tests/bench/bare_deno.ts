/** A plain relay on Deno's sockets: what Weir on Deno is measured against. `deno run -A bare_deno.ts PORT PEER_PORT` */
const [port = 0, peerPort = 0] = Deno.args.map(Number);

async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  let buffer = new Uint8Array(512);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
      if (count === buffer.length && count < 65_536) buffer = new Uint8Array(count * 8);
    }
  } catch {
    // The other direction closed both.
  }
  close(from);
  close(to);
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}

async function serve(client: Deno.TcpConn): Promise<void> {
  try {
    const peer = await Deno.connect({ hostname: "127.0.0.1", port: peerPort });
    client.setNoDelay();
    peer.setNoDelay();
    void pump(client, peer);
    void pump(peer, client);
  } catch {
    close(client);
  }
}

const listener = Deno.listen({ hostname: "127.0.0.1", port, tcpBacklog: 511 });
for (;;) void serve(await listener.accept());

export {};
