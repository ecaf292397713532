/** What a configuration needs of a host with permissions, read from its statements alone. */
import { parseCidr } from "../lib/cidr.ts";
import { type Address, formatAddress, isUnix } from "../lib/address.ts";
import { listenTargets, parsePeerAddress } from "../config/address.ts";
import { ConfigError, type Statement } from "../config/tree.ts";
import type { Needs, SystemNeed } from "../runtime/runtime.ts";
import { fullPath } from "./paths.ts";

/** Blocks that are read; `http` and `mail` are passed over. */
const BLOCKS = new Set(["stream", "upstream", "server"]);

/** Log destinations that are no files. */
const NO_FILE = /^(off|stderr|syslog:.*|memory:.*)$/;

/** Where accounts are looked up. */
const ACCOUNTS = ["/etc/passwd", "/etc/group"];

/** Collects needs; `true` of a kind is any of it and stays so. */
export class NeedsList {
  readonly #net = new Set<string>();
  readonly #read = new Set<string>();
  readonly #write = new Set<string>();
  readonly #system = new Set<SystemNeed>();
  #anyNet = false;
  #anyWrite = false;

  /** A socket to bind or to connect to. The file of a unix socket is read and written. */
  socket(address: Address): void {
    if (!isUnix(address)) {
      this.#net.add(formatAddress(address));
      return;
    }
    this.#read.add(address.path);
    this.#write.add(address.path);
  }

  /** Addresses that are known only later: a name is looked up and then connected to. */
  anySocket(): void {
    this.#anyNet = true;
  }

  read(path: string): void {
    this.#read.add(path);
  }

  write(path: string): void {
    this.#write.add(path);
  }

  anyWrite(): void {
    this.#anyWrite = true;
  }

  system(need: SystemNeed): void {
    this.#system.add(need);
  }

  get needs(): Needs {
    return {
      net: this.#anyNet || [...this.#net],
      read: [...this.#read],
      write: this.#anyWrite || [...this.#write],
      system: [...this.#system],
    };
  }
}

/** Adds what the statements need. Wrong statements need nothing: the load will refuse them. */
export function addNeeds(
  list: NeedsList,
  statements: readonly Statement[],
  prefix: string,
): void {
  new Adder(list, groupNames(statements), prefix).add(statements, "main");
}

/** Names of groups, which `proxy_pass` may use before they are defined. */
function groupNames(statements: readonly Statement[]): ReadonlySet<string> {
  const inner = statements.filter(({ name }) => name === "stream").flatMap(({ block }) =>
    block ?? []
  );
  const groups = inner.filter(({ name }) => name === "upstream");
  return new Set(groups.map(({ args: [name = ""] }) => name.toLowerCase()));
}

class Adder {
  readonly #list: NeedsList;
  readonly #groups: ReadonlySet<string>;
  readonly #prefix: string;

  constructor(list: NeedsList, groups: ReadonlySet<string>, prefix: string) {
    this.#list = list;
    this.#groups = groups;
    this.#prefix = prefix;
  }

  /** Blocks lie within each other as deep as the parser allows. */
  add(statements: readonly Statement[], context: string): void {
    for (const { name, args, block } of statements) {
      const [word = ""] = args;
      if (args.some((each) => /\$\{?hostname\b/i.test(each))) this.#list.system("hostname");
      if (block === undefined) this.#addOne(name, word, context);
      else if (BLOCKS.has(name)) this.add(block, name);
    }
  }

  #addOne(name: string, word: string, context: string): void {
    if (name === "pid") this.#list.write(fullPath(this.#prefix, word));
    else if (name === "error_log" || name === "access_log") this.#addLog(word);
    else if (name === "listen") this.#addListen(word);
    else if (name === "server" && context === "upstream") this.#addPeer(word);
    else if (name.startsWith("geoip_")) this.#list.read(fullPath(this.#prefix, word));
    else if (name === "user") this.#addUser();
    else if (name === "worker_priority") this.#list.system("priority");
    else if (name === "set_real_ip_from") this.#addTrusted(word);
    else if (name === "proxy_pass" && !this.#groups.has(word.toLowerCase())) this.#addPeer(word);
  }

  #addSyslog(word: string): void {
    this.#list.anySocket();
    if (!word.includes("nohostname")) this.#list.system("hostname");
  }

  #addUser(): void {
    for (const path of ACCOUNTS) this.#list.read(path);
    this.#list.system("user");
  }

  /** A name is looked up. */
  #addTrusted(word: string): void {
    if (word !== "unix:" && parseCidr(word) === undefined) this.#list.anySocket();
  }

  #addLog(word: string): void {
    if (word.includes("$")) this.#list.anyWrite();
    else if (word.startsWith("syslog:")) this.#addSyslog(word);
    else if (!NO_FILE.test(word)) this.#list.write(fullPath(this.#prefix, word));
  }

  #addListen(word: string): void {
    try {
      for (const target of listenTargets(word)) {
        if (target.kind === "address") this.#list.socket(target.address);
        else this.#list.anySocket();
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }

  #addPeer(word: string): void {
    const target = parsePeerAddress(word);
    if (target.kind === "address") this.#list.socket(target.address);
    else if (target.kind === "name" || word.includes("$")) this.#list.anySocket();
  }
}
