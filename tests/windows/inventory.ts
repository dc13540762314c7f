/** What is on a Windows: its files and its registry. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readRegistry } from "./registry";
import type { Wine } from "./wine";

/** What Wine itself writes when it is used, into places of its own and about this computer. */
const WINE = /^HKCU\\Software\\Wine\\|\\Windows NT\\CurrentVersion\\NetworkCards\\/;

/** The folders, the files with their sizes, and the registry of users' programs, by their paths. */
export function takeInventory(wine: Wine): Map<string, string> {
  const files = readdirSync(wine.driveC, { recursive: true, withFileTypes: true }).map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const path = `C:\\${file.slice(wine.driveC.length + 1).replaceAll("/", "\\")}`;
    if (entry.isDirectory()) return [`${path}\\`, ""] as const;
    return [path, entry.isFile() ? String(statSync(file).size) : ""] as const;
  });
  const entries = [
    ...readRegistry(wine, "HKCU", "Software"),
    ...readRegistry(wine, "HKLM", "Software"),
  ];
  return new Map([...files, ...entries.filter(([path]) => !WINE.test(path))]);
}

/** What came, went or changed, sorted, with `+`, `-` or `*` before its path. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const all = [...new Set([...before.keys(), ...after.keys()])].sort();
  return all.flatMap((path) => {
    if (!before.has(path)) return [`+ ${path}`];
    if (!after.has(path)) return [`- ${path}`];
    return before.get(path) === after.get(path) ? [] : [`* ${path}`];
  });
}
