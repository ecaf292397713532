/**
 * `npm run bench [-- --rounds 8 --seconds 1 --only nginx,weir/bun --work connections --skip memory,start]`: the cost of Weir next to nginx,
 * HAProxy and bare relays, as processor time of the proxy process per unit of work.
 *
 * All proxies run side by side, one slice of load after the other in turns, so that the noise of a
 * shared machine falls on all of them; printed are the medians of the rounds' ratios to nginx.
 */
import { type ChildProcess, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import {
  buildLoad,
  holdIdle,
  median,
  type Ports,
  processorTime,
  residentKib,
  runLoad,
  type Work,
} from "./measure.ts";
import { accepting, launch, root, stop, type Subject, SUBJECTS } from "./subjects.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "8" },
    seconds: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    work: { type: "string", default: "connections,messages,bulk" },
    skip: { type: "string", default: "" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

/** A column of the table: a kind of load and what one unit of it is. */
interface Column {
  readonly title: string;
  readonly work: Work;
  readonly clients: number;
  /** Units of the generator in one unit of the table. */
  readonly per: number;
  /** Unit of the absolute figures of nginx. */
  readonly unit: string;
}

const GB = 1e9;
const WARM_UP = 3;
const COLUMNS: readonly Column[] = [
  { title: "per connection", work: "connections", clients: 20, per: 1, unit: "us" },
  { title: "per message", work: "messages", clients: 50, per: 1, unit: "us" },
  { title: "per GB, 1 conn.", work: "bulk", clients: 1, per: GB, unit: "us" },
  { title: "per GB, 8 conn.", work: "bulk", clients: 8, per: GB, unit: "us" },
];

interface Running extends Ports {
  readonly subject: Subject;
  readonly child: ChildProcess;
  readonly pid: number;
}

const dir = mkdtempSync(`${tmpdir()}/weir-bench-`);
let nextPort = 14_000;

async function begin(subject: Subject): Promise<Running | undefined> {
  const port = nextPort++;
  const place = { port, peerPort: port + 1000, dir: `${dir}/${port}` };
  mkdirSync(place.dir);
  const command = subject.command(place);
  if (command === undefined) {
    console.log(`${subject.name}: not installed, left out`);
    return undefined;
  }
  const child = launch(command, 0);
  await accepting(port, child);
  return { subject, child, pid: child.pid ?? 0, port, peerPort: place.peerPort };
}

/** Processor time per unit, microseconds. */
function slice(load: string, running: Running, column: Column): number {
  const before = processorTime(running.pid);
  const { units, failed } = runLoad(load, column.work, running, {
    clients: column.clients,
    seconds,
  });
  const used = processorTime(running.pid) - before;
  if (failed > units / 100) {
    console.log(`${running.subject.name}: ${failed} of ${units} ${column.work} failed`);
  }
  return used / (units / column.per);
}

/** One figure per round for each subject. */
function measure(load: string, all: readonly Running[], column: Column): Map<string, number[]> {
  const figures = new Map<string, number[]>(all.map(({ subject }) => [subject.name, []]));
  // The first rounds warm up compilers and are not counted.
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const running of all) {
      const figure = slice(load, running, column);
      if (round >= 0) figures.get(running.subject.name)?.push(figure);
    }
  }
  return figures;
}

function ratios(figures: Map<string, number[]>, of: string, to: string): number {
  const base = figures.get(to) ?? [];
  return median((figures.get(of) ?? []).map((figure, round) => figure / (base[round] ?? NaN)));
}

async function memory(load: string, subject: Subject): Promise<number | undefined> {
  const running = await begin(subject);
  if (running === undefined) return undefined;
  const seen: number[] = [];
  const steps = { first: 500, then: 4000 };
  await holdIdle(load, running, steps, () => seen.push(residentKib(running.pid)));
  await stop(running.child);
  const [few = NaN, many = NaN] = seen;
  return (many - few) / (steps.then - steps.first);
}

/** Milliseconds from the start of the program to the first accepted connection. */
async function startTime(subject: Subject): Promise<number> {
  const times: number[] = [];
  for (let tried = 0; tried < 7; tried++) {
    const port = nextPort++;
    const place = { port, peerPort: port + 1000, dir: `${dir}/${port}` };
    mkdirSync(place.dir);
    const child = launch(subject.command(place) ?? [], 0);
    times.push(await accepting(port, child));
    await stop(child);
  }
  return median(times);
}

function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  for (const row of rows) {
    console.log(row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  "));
  }
}

async function costs(load: string, subjects: readonly Subject[]): Promise<void> {
  const all: Running[] = [];
  for (const subject of subjects) {
    const running = await begin(subject);
    if (running !== undefined) all.push(running);
  }
  const head = ["processor time"];
  const rows = new Map(all.map(({ subject }) => [subject.name, [subject.name]]));
  const wanted = values.work.split(",");
  for (const column of COLUMNS.filter(({ work }) => wanted.includes(work))) {
    const figures = measure(load, all, column);
    head.push(column.title, "over bare");
    for (const { subject } of all) {
      const row = rows.get(subject.name);
      const absolute = median(figures.get(subject.name) ?? []);
      const ratio = ratios(figures, subject.name, "nginx");
      row?.push(`${ratio.toFixed(2)} (${absolute.toFixed(0)} ${column.unit})`);
      row?.push(
        subject.bare === undefined ? "" : ratios(figures, subject.name, subject.bare).toFixed(2),
      );
    }
  }
  table([head, ...rows.values()]);
  for (const { child } of all) await stop(child);
}

async function main(): Promise<void> {
  const load = buildLoad(dir, `${root}tests/bench/load.c`);
  if (load === undefined) {
    console.log("no C compiler for the load generator (apt-get install gcc): nothing measured");
    return;
  }
  spawnSync(process.execPath, [`${root}tests/tools/build.ts`], { cwd: root, stdio: "inherit" });
  const only = values.only === "" ? undefined : values.only.split(",");
  const skip = values.skip.split(",");
  const subjects = SUBJECTS.filter(({ name }) => only === undefined || only.includes(name));
  console.log(`${rounds} rounds of ${seconds} s; ratios to nginx, medians of paired rounds\n`);
  if (!skip.includes("costs")) await costs(load, subjects);
  if (!skip.includes("memory")) {
    console.log("");
    const rows = [["memory", "KiB per idle connection"]];
    for (const subject of subjects) {
      rows.push([subject.name, (await memory(load, subject))?.toFixed(1) ?? "-"]);
    }
    table(rows);
  }
  if (!skip.includes("start")) {
    console.log("");
    const rows = [["start", "ms to the first accepted connection"]];
    for (const subject of subjects) {
      if (subject.name.startsWith("weir/")) {
        rows.push([subject.name, (await startTime(subject)).toFixed(0)]);
      }
    }
    table(rows);
  }
}

try {
  await main();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
