import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** A contiguous part of a process's memory, as it was when it was read. */
export type MemoryRegion = {
  /** The mapping's name: `[heap]`, `[stack]`, a file, or empty for anonymous memory. */
  name: string;
  bytes: Buffer;
};

/**
 * Reads a process's private memory while the process is stopped, as a debugger does. That needs root,
 * or to be the parent of the process.
 */
export function readMemory(id: number): MemoryRegion[] {
  process.kill(id, "SIGSTOP");
  const memory = openSync(`/proc/${String(id)}/mem`, "r");
  const pagemap = openSync(`/proc/${String(id)}/pagemap`, "r");
  try {
    return [...mappings(id)].flatMap(({ name, start, end }) =>
      presentRanges(pagemap, start, end).map((range) => ({ name, bytes: read(memory, range) })),
    );
  } finally {
    closeSync(pagemap);
    closeSync(memory);
    process.kill(id, "SIGCONT");
  }
}

type AddressRange = { start: bigint; end: bigint };

/** The mappings that hold something the process wrote (`proc_pid_smaps(5)`). */
function* mappings(id: number): Generator<AddressRange & { name: string }> {
  let mapping: (AddressRange & { name: string }) | undefined;
  for (const line of readFileSync(`/proc/${String(id)}/smaps`, "utf8").split("\n")) {
    const [, from, to, name = ""] =
      /^([\da-f]+)-([\da-f]+) \S+ \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
    if (from && to) {
      mapping = { name, start: BigInt(`0x${from}`), end: BigInt(`0x${to}`) };
    } else if (mapping && /^(Anonymous|Shared_Dirty): +[1-9]/.test(line)) {
      if (!mapping.name.startsWith("[v")) yield mapping;
      mapping = undefined;
    }
  }
}

const PAGE_SIZE = 4096n;
/** A reserved mapping may be sixty gigabytes long: its page map is read in pieces of this many bytes. */
const PAGEMAP_CHUNK = 1 << 20;

/** The ranges of pages that are in memory or swapped out (`proc_pid_pagemap(5)`). */
function presentRanges(pagemap: number, start: bigint, end: bigint): AddressRange[] {
  const found: AddressRange[] = [];
  let range: AddressRange | undefined;
  for (let at = start; at < end;) {
    const wanted = Math.min(PAGEMAP_CHUNK, Number((end - at) / PAGE_SIZE) * 8);
    const entries = Buffer.alloc(wanted);
    const length = readSync(pagemap, entries, 0, wanted, (at / PAGE_SIZE) * 8n);
    if (length === 0) break;
    for (let entry = 0; entry < length; entry += 8, at += PAGE_SIZE) {
      // Bit 63: present. Bit 62: swapped.
      const isPresent = ((entries[entry + 7] ?? 0) & 0xc0) !== 0;
      if (isPresent && range) range.end = at + PAGE_SIZE;
      else if (isPresent) found.push((range = { start: at, end: at + PAGE_SIZE }));
      else range = undefined;
    }
  }
  return found;
}

function read(memory: number, { start, end }: AddressRange): Buffer {
  const bytes = Buffer.alloc(Number(end - start));
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(memory, bytes, length, bytes.length - length, start + BigInt(length));
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
