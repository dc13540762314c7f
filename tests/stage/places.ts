import { fileURLToPath } from "node:url";

/** The project's own folder. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where the built programs are: the debug build, or the one that a variable names. */
export const BUILT =
  process.env.AMIQUS_BUILT ?? fileURLToPath(new URL("../../target/debug/", import.meta.url));
