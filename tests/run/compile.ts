/** Compiles for release as Tauri's command line does, under the brand's names; both are to be told alike. */
import { forTauri } from "./brand.mjs";
import { forInstallers } from "./installers";
import { run } from "./prepare.mjs";

/**
 * Compiles the app and makes the installers. What stands behind `--` goes to cargo; a change in what
 * stands before it can compile the app anew.
 */
export function compile(args: readonly string[]): void {
  tauri("build", args);
}

/** Makes the installers of a program that was compiled before: no code but Tauri's own runs. */
export function bundle(args: readonly string[]): void {
  tauri("bundle", args);
}

function tauri(command: "build" | "bundle", args: readonly string[]): void {
  run([
    ...["npx", "tauri", command],
    ...["--config", JSON.stringify(forTauri)],
    ...["--config", JSON.stringify(forInstallers)],
    ...args,
  ]);
}
