/** A plain relay on node:net: what Weir on Node is measured against. `node bare_node.ts PORT PEER_PORT` */
import { connect, createServer, type Socket } from "node:net";

const [port, peerPort] = process.argv.slice(2).map(Number);

function forward(from: Socket, to: Socket): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroySoon());
}

createServer({ noDelay: true }, (client) => {
  const peer = connect({ port: peerPort ?? 0, host: "127.0.0.1", noDelay: true });
  forward(client, peer);
  forward(peer, client);
}).listen(port, "127.0.0.1", 511);
