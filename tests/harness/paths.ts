import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The folder of the programs under test: the debug build's, or that of `AMIQUS_BUILT`. */
export const BIN_DIR = resolved(
  process.env.AMIQUS_BUILT ?? fileURLToPath(new URL("../../target/debug/", import.meta.url)),
);

/** A path without symbolic links: the app, too, names its own program like that. */
function resolved(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}
