/** Folders that are made once. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";

/**
 * Has a folder made, unless it is there. It is made under another name and renamed, so that what was broken off isn't
 * taken for the whole.
 */
export function makeOnce(folder: string, make: (partial: string) => void): void {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  make(partial);
  renameSync(partial, folder);
}
