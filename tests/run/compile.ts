/** Compiles for release as Tauri's command line does, under the brand's names. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { forTauri } from "./brand.mjs";
import { forInstallers } from "./installers";
import { runWithProgress } from "./progress.mjs";

/**
 * Compiles the app and makes the installers. What stands behind `--` goes to cargo; a change in what
 * stands before it can compile the whole app again.
 */
export async function compile(args: readonly string[]): Promise<void> {
  await runWithProgress([
    ...["npx", "tauri", "build"],
    ...["--config", JSON.stringify(forTauri)],
    ...["--config", JSON.stringify(forInstallers)],
    ...args,
  ]);
}

/**
 * Writes the settings with which `npx tauri bundle --config FILE …` makes installers of a program that was
 * compiled before: beside a release's keys nothing else may run.
 */
export function writeBundleSettings(folder: string, updates: object): void {
  const settings = { brand: forTauri, installers: forInstallers, updates };
  for (const [name, setting] of Object.entries(settings)) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(setting));
  }
}
