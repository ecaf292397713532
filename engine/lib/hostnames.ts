/** nginx's hash of names: exact ones and, where asked for, `*.x`, `.x` and `x.*`; case does not matter. */

/** What `add` says of a key. */
export type Added = "added" | "conflicting" | "invalid";

export class NameTable<T> {
  readonly #exact = new Map<string, T>();
  /** By what follows `*.`. */
  readonly #heads = new Map<string, T>();
  /** By what precedes `.*`. */
  readonly #tails = new Map<string, T>();

  /** A plain key; a star in it is only a character. */
  add(key: string, value: T): Added {
    return put(this.#exact, key.toLowerCase(), value);
  }

  /** A name, with a wildcard label at one end or a leading dot, which stands for `x` and `*.x`. */
  addWildcard(key: string, value: T): Added {
    const name = key.toLowerCase();
    const stars = name.split("*").length - 1;
    if (stars > 1 || name.includes("..") || name.includes("\0")) return "invalid";
    if (stars === 0 && name.startsWith(".") && name.length > 1) {
      const rest = name.slice(1);
      if (this.#heads.has(rest)) return "conflicting";
      const added = put(this.#exact, rest, value);
      return added === "added" ? put(this.#heads, rest, value) : added;
    }
    if (stars === 0) return put(this.#exact, name, value);
    if (name.startsWith("*.") && name.length > 2) return put(this.#heads, name.slice(2), value);
    if (name.endsWith(".*") && name.length > 2) return put(this.#tails, name.slice(0, -2), value);
    return "invalid";
  }

  /** Exact, then the longest `*.x`, then the longest `x.*`. */
  find(text: string): T | undefined {
    const name = text.toLowerCase();
    return this.#exact.get(name) ?? this.#findHead(name) ?? this.#findTail(name);
  }

  #findHead(name: string): T | undefined {
    if (this.#heads.size === 0) return undefined;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const found = dot > 0 ? this.#heads.get(name.slice(dot + 1)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findTail(name: string): T | undefined {
    if (this.#tails.size === 0) return undefined;
    for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
      const found = this.#tails.get(name.slice(0, dot));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function put<T>(table: Map<string, T>, key: string, value: T): Added {
  if (table.has(key)) return "conflicting";
  table.set(key, value);
  return "added";
}
