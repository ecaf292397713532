/** Rules about groups and their peers. */
import type { Statement } from "../config/tree.ts";
import type { Finding, Subject } from "./lint.ts";

type Found = Omit<Finding, "code">;

/** Methods that refuse `backup` when they are written before the peers. */
const REFUSES_BACKUP = new Set(["hash", "random"]);

/** Protocols whose clients finish sending before the answer comes, by port. */
const NEEDS_HALF_CLOSE: Readonly<Record<string, string>> = {
  514: "rsh",
  873: "rsync",
  3632: "distcc",
  9100: "raw printing",
  9418: "git",
};

function groups({ stream }: Subject): readonly Statement[] {
  return stream.filter(({ name }) => name === "upstream");
}

function peers({ block }: Statement): readonly Statement[] {
  return (block ?? []).filter(({ name }) => name === "server");
}

export function* backupRefused(subject: Subject): Iterable<Found> {
  for (const group of groups(subject)) {
    const method = group.block?.find(({ name }) => REFUSES_BACKUP.has(name));
    if (method === undefined) continue;
    for (const peer of peers(group)) {
      if (!peer.args.includes("backup")) continue;
      const message = `"${method.name}" refuses "backup" when it is written first, ` +
        "so that the backup is only used as nginx happens to";
      yield { message, place: peer.place, word: "backup" };
    }
  }
}

export function* unusedUpstream(subject: Subject): Iterable<Found> {
  const targets = subject.servers.flatMap(({ block }) =>
    block.filter(({ name }) => name === "proxy_pass").map(({ args: [word = ""] }) => word)
  );
  // A variable may name any group.
  if (targets.some((word) => word.includes("$"))) return;
  const used = new Set(targets.map((word) => word.toLowerCase()));
  for (const group of groups(subject)) {
    const [name = ""] = group.args;
    if (used.has(name.toLowerCase())) continue;
    yield { message: `no proxy_pass uses the group "${name}"`, place: group.place, word: name };
  }
}

export function* duplicatePeer(subject: Subject): Iterable<Found> {
  for (const group of groups(subject)) {
    const seen = new Set<string>();
    for (const peer of peers(group)) {
      const [address = ""] = peer.args;
      if (seen.has(address)) {
        const message = `"${address}" stands twice in the group "${group.args[0]}": it gets ` +
          "twice the share, and each of the two counts its own failures";
        yield { message, place: peer.place, word: address };
      }
      seen.add(address);
    }
  }
}

export function* halfClose(subject: Subject): Iterable<Found> {
  const isOn = ({ name, args: [word] }: Statement) =>
    name === "proxy_half_close" && word?.toLowerCase() === "on";
  const isOnOutside = subject.stream.some(isOn);
  for (const { block } of subject.servers) {
    const own = block.find(({ name }) => name === "proxy_half_close");
    if (own === undefined ? isOnOutside : isOn(own)) continue;
    const target = block.find(({ name }) => name === "proxy_pass");
    for (const port of target === undefined ? [] : portsOf(target, subject)) {
      const protocol = NEEDS_HALF_CLOSE[port];
      if (target === undefined || protocol === undefined) continue;
      const message = `port ${port} looks like ${protocol}, whose clients finish sending first: ` +
        'without "proxy_half_close on" they lose the answer';
      yield { message, place: target.place, word: target.args[0] ?? "" };
      break;
    }
  }
}

/** Ports that a `proxy_pass` leads to. */
function portsOf({ args: [word = ""] }: Statement, subject: Subject): readonly string[] {
  const group = groups(subject).find(({ args: [name = ""] }) =>
    name.toLowerCase() === word.toLowerCase()
  );
  const addresses = group === undefined
    ? [word]
    : peers(group).map(({ args: [each = ""] }) => each);
  return addresses.map((address) => /:(\d+)$/.exec(address)?.[1] ?? "");
}
