import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** One stretch of a process's memory, as it was when it was read. */
export type Stretch = {
  /** What lies there: `[heap]`, `[stack]`, a file, or nothing for memory without a name. */
  name: string;
  bytes: Buffer;
};

/**
 * Reads all that a process keeps in memory of its own, while it stands still, as a debugger does: it
 * takes root, or to be the one who started the process.
 */
export function readMemory(id: number): Stretch[] {
  process.kill(id, "SIGSTOP");
  const memory = openSync(`/proc/${String(id)}/mem`, "r");
  const pages = openSync(`/proc/${String(id)}/pagemap`, "r");
  try {
    return [...mappings(id)].flatMap(({ name, start, end }) =>
      runs(pages, start, end).map((run) => ({ name, bytes: read(memory, run) })),
    );
  } finally {
    closeSync(pages);
    closeSync(memory);
    process.kill(id, "SIGCONT");
  }
}

type Run = { start: bigint; end: bigint };

/** `proc_pid_smaps(5)`: the mappings that hold anything, but for those that nobody ever wrote to. */
function* mappings(id: number): Generator<Run & { name: string }> {
  let mapping: (Run & { name: string; rights: string }) | undefined;
  for (const line of readFileSync(`/proc/${String(id)}/smaps`, "utf8").split("\n")) {
    const [, from, to, rights = "", name = ""] =
      /^([\da-f]+)-([\da-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
    if (from && to) {
      mapping = { name, rights, start: BigInt(`0x${from}`), end: BigInt(`0x${to}`) };
    } else if (mapping && /^(Anonymous|Shared_Dirty): +[1-9]/.test(line)) {
      if (!mapping.name.startsWith("[v")) yield mapping;
      mapping = undefined;
    }
  }
}

const PAGE = 4096n;
/** A reserved stretch may be sixty gigabytes long: no more of its map is looked at in one go. */
const LOOK = 1 << 20;

/** `proc_pid_pagemap(5)`: the runs of pages that are there; the others were never touched. */
function runs(pages: number, start: bigint, end: bigint): Run[] {
  const found: Run[] = [];
  let run: Run | undefined;
  for (let at = start; at < end;) {
    const wanted = Math.min(LOOK, Number((end - at) / PAGE) * 8);
    const map = Buffer.alloc(wanted);
    const length = readSync(pages, map, 0, wanted, (at / PAGE) * 8n);
    if (length === 0) break;
    for (let entry = 0; entry < length; entry += 8, at += PAGE) {
      // Bit 63: it is in memory. Bit 62: it is in the swap.
      const isThere = ((map[entry + 7] ?? 0) & 0xc0) !== 0;
      if (isThere && run) run.end = at + PAGE;
      else if (isThere) found.push((run = { start: at, end: at + PAGE }));
      else run = undefined;
    }
  }
  return found;
}

function read(memory: number, { start, end }: Run): Buffer {
  const bytes = Buffer.alloc(Number(end - start));
  let length = 0;
  while (length < bytes.length) {
    const part = readSync(memory, bytes, length, bytes.length - length, start + BigInt(length));
    if (part === 0) break;
    length += part;
  }
  return bytes.subarray(0, length);
}
