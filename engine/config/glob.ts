/** File name patterns of `include`, as glob(3) expands them. */

interface Lister {
  /** Entries of a folder, without "." and ".."; throws where there is none. */
  list(path: string): readonly string[];
}

/** One position of a pattern: any run, or one char that the test accepts. */
type Step = "*" | ((char: string) => boolean);

const MAGIC = /[*?[]/;

/** What sends an `include` through here; it must not be a plain path that has to exist. */
export function hasGlob(path: string): boolean {
  return MAGIC.test(path);
}

/** All paths that match, sorted by bytes; none is fine. The pattern is a full path. */
export function expandGlob(pattern: string, lister: Lister): readonly string[] {
  const parts = pattern.split("/").slice(1);
  let found: readonly string[] = [""];
  for (const [at, part] of parts.entries()) {
    // A plain part in the middle needs no look: the next listing fails where it is missing.
    const isLast = at === parts.length - 1;
    found = hasGlob(part) || isLast && part !== ""
      ? found.flatMap((folder) => matches(folder, part, lister))
      : found.map((folder) => `${folder}/${part}`);
  }
  return [...found].sort();
}

function matches(folder: string, part: string, lister: Lister): readonly string[] {
  const steps = toSteps(part);
  const takesHidden = /^\\?\./.test(part); // a leading dot is never matched by a wildcard
  return entries(folder, lister)
    .filter((name) => (takesHidden || !name.startsWith(".")) && isMatch(steps, name))
    .map((name) => `${folder}/${name}`);
}

function entries(folder: string, lister: Lister): readonly string[] {
  try {
    return lister.list(folder === "" ? "/" : folder);
  } catch {
    return []; // not a folder, or not readable: glob(3) finds nothing there and says nothing
  }
}

function toSteps(part: string): readonly Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < part.length; at++) {
    const char = part.charAt(at);
    const end = char === "[" ? setEnd(part, at) : -1;
    if (char === "*") steps.push("*");
    else if (char === "?") steps.push(() => true);
    else if (end > 0) {
      steps.push(toSet(part.slice(at + 1, end)));
      at = end;
    } else {
      if (char === "\\" && at + 1 < part.length) at += 1;
      const literal = part.charAt(at);
      steps.push((each) => each === literal);
    }
  }
  return steps;
}

/** Where the set that begins at `at` ends; -1 when it does not, then its bracket is literal. */
function setEnd(part: string, at: number): number {
  const first = /[!^]/.test(part.charAt(at + 1)) ? at + 2 : at + 1;
  return part.indexOf("]", first + 1); // a bracket that comes first is a member
}

function toSet(source: string): (char: string) => boolean {
  const isNegated = /^[!^]/.test(source);
  const body = isNegated ? source.slice(1) : source;
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < body.length; at++) {
    const isRange = body.charAt(at + 1) === "-" && at + 2 < body.length;
    ranges.push([body.charAt(at), body.charAt(isRange ? at + 2 : at)]);
    if (isRange) at += 2;
  }
  return (char) => ranges.some(([from, to]) => from <= char && char <= to) !== isNegated;
}

/** Goes back to the last star only: enough, and never more than steps times name. */
function isMatch(steps: readonly Step[], name: string): boolean {
  let [step, at, star, resume] = [0, 0, -1, 0];
  while (at < name.length) {
    const test = steps[step];
    if (test === "*") {
      star = step++;
      resume = at;
    } else if (test?.(name.charAt(at)) === true) {
      step += 1;
      at += 1;
    } else if (star >= 0) {
      step = star + 1;
      at = ++resume;
    } else return false;
  }
  while (steps[step] === "*") step += 1;
  return step === steps.length;
}
