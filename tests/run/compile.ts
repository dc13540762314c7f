/** Compiles for release as Tauri's command line does, under the brand's names; both are to be told alike. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { forTauri } from "./brand.mjs";
import { forInstallers } from "./installers";
import { run } from "./prepare.mjs";

/**
 * Compiles the app and makes the installers. What stands behind `--` goes to cargo; a change in what
 * stands before it can compile the app anew.
 */
export function compile(args: readonly string[]): void {
  run([
    ...["npx", "tauri", "build"],
    ...["--config", JSON.stringify(forTauri)],
    ...["--config", JSON.stringify(forInstallers)],
    ...args,
  ]);
}

/**
 * Writes down what Tauri must be told to make installers of a program that was compiled before, for
 * `npx tauri bundle --config FILE` and so on: beside a release's keys nothing else is to run.
 */
export function writeBundleSettings(folder: string, updates: object): void {
  const settings = { brand: forTauri, installers: forInstallers, updates };
  for (const [name, setting] of Object.entries(settings)) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(setting));
  }
}
