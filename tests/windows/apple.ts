/**
 * Type-checks the app for macOS, with warnings denied. C code isn't compiled: empty objects stand in for it, so that
 * nothing can be linked or run.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { follow } from "../run/progress.mjs";
import { CRATES } from "./rust-tests";
import {
  buildStandardLibrary,
  librariesFor,
  targetFolder,
  type Toolchain,
  withClippy,
} from "./toolchain";

const TARGET = "aarch64-apple-darwin";

/** A C compiler that writes an empty object wherever one is asked for. */
const COMPILER = `#!/bin/sh
for argument in "$@"; do
  case "$argument" in
    --version) echo "Apple clang version 15.0.0"; exit 0 ;;
    -E) exit 0 ;;
  esac
done
while [ $# -gt 0 ]; do
  if [ "$1" = "-o" ]; then : > "$2"; exit 0; fi
  shift
done
`;

/** An archiver that writes an empty archive. */
const ARCHIVER = `#!/bin/sh
for argument in "$@"; do
  case "$argument" in *.a) : > "$argument"; exit 0 ;; esac
done
`;

/** Checks all targets of the app and its core; returns cargo's exit code. */
export async function checkForApple(
  toolchain: Toolchain,
  say: (step: string) => void,
): Promise<number> {
  const folder = join(toolchain.root, "..");
  const libraries = librariesFor(folder, TARGET);
  if (!existsSync(libraries)) {
    say("compile the standard library for macOS");
    buildStandardLibrary(folder, TARGET);
  }
  const target = targetFolder("apple", libraries);
  const stubs = join(target, "stubs");
  mkdirSync(join(stubs, "empty"), { recursive: true });
  for (const [name, text] of [
    ["cc", COMPILER],
    ["ar", ARCHIVER],
  ] as const) {
    writeFileSync(join(stubs, name), text);
    chmodSync(join(stubs, name), 0o755);
  }
  say("check the app for macOS, with warnings denied");
  const env = {
    ...withClippy(toolchain.env, TARGET),
    CARGO_TARGET_DIR: target,
    SODIUM_LIB_DIR: join(stubs, "empty"),
    SDKROOT: join(stubs, "empty"),
    CC_aarch64_apple_darwin: join(stubs, "cc"),
    CXX_aarch64_apple_darwin: join(stubs, "cc"),
    AR_aarch64_apple_darwin: join(stubs, "ar"),
    RANLIB_aarch64_apple_darwin: "true",
  };
  return follow(
    [
      ...["cargo", "check", "--locked", "--target", TARGET, "--all-targets"],
      ...["--features", "tauri/custom-protocol"],
      ...CRATES.flatMap((name) => ["--package", name]),
    ],
    { env },
  );
}
