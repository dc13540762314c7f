// @ts-check
/** Installs what a purpose needs, system packages too: `install.mjs check|test|build|package|bench|audit`. */
import { prepare } from "./prepare.mjs";

prepare(/** @type {import("./prepare.mjs").Purpose} */ (process.argv[2] ?? "build"));
