/** Tauri's configuration for a system, put together as `npm run build` and Tauri do it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../harness/paths";
import { forTauri } from "../run/brand.mjs";
import { forInstallers } from "../run/installers";

/** Where Tauri's configuration is, to which its paths are relative. */
export const SHELL = join(ROOT, "src-tauri");

/** The files with the configuration of each system, beside the common one. */
const FILES = {
  linux: [],
  windows: ["tauri.windows.conf.json"],
  macos: ["tauri.macos.conf.json"],
};

/** The common file, the system's, what `npm run build` adds, and changes of a test's own. */
export function readConfiguration(system: keyof typeof FILES, changes: object = {}): unknown {
  const files = ["tauri.conf.json", ...FILES[system]].map(
    (name) => JSON.parse(readFileSync(join(SHELL, name), "utf8")) as unknown,
  );
  return [...files, forTauri, forInstallers, changes].reduce(mergePatch, {});
}

/** Applies a JSON Merge Patch (RFC 7396) without deletions, as Tauri does. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) result[name] = mergePatch(result[name], value);
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
