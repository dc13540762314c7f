import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The folder of the programs under test: the debug build's, or that of `AMIQUS_BUILT`. */
export const BIN_DIR =
  process.env.AMIQUS_BUILT ?? fileURLToPath(new URL("../../target/debug/", import.meta.url));
