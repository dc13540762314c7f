/**
 * What compiles the app for Windows and runs it on this machine, in a cache that is keyed by the versions of its
 * parts. It is made once, in minutes.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "../harness/paths";
import { makeOnce } from "./cached";
import { type Package, resolvePackages, run, unpack, WANTED } from "./packages";

/** The system that the app is compiled for. Releases are made with Microsoft's tools, for `…-msvc`. */
export const TARGET = "x86_64-pc-windows-gnu";

const GNU = "x86_64-w64-mingw32";

/** To be raised when what is made of the same packages changes. */
const RECIPE = 1;

export type Toolchain = {
  /** Where the packages are unpacked. */
  readonly root: string;
  /** The environment in which cargo compiles for Windows. */
  readonly env: NodeJS.ProcessEnv;
  /** Libraries for the folder of each program. */
  readonly libraries: readonly string[];
};

/** Makes the toolchain, or finds it in the cache. */
export function prepareToolchain(say: (step: string) => void): Toolchain {
  const packages = resolvePackages();
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(cache, "sign-in-with-amiqus", `windows-${keyOf(packages)}`);
  makeOnce(folder, (partial) => {
    say(`unpack ${String(packages.length)} packages`);
    unpack(packages, partial);
    finishPackages(partial);
    say("compile the standard library");
    buildStandardLibrary(partial);
    run(`${GNU}-gcc`, libraryArguments(partial), undefined, compilerEnv(partial));
  });
  const sodium = prepareSodium(folder, say);
  return {
    root: join(folder, "usr"),
    env: {
      ...compilerEnv(folder),
      CARGO_TARGET_DIR: targetFolder("windows", librariesFor(folder)),
      CARGO_PROFILE_DEV_DEBUG: "0",
      // Another source than the crate's own tarball is downloaded, without encryption.
      SODIUM_LIB_DIR: sodium,
      [`CARGO_TARGET_${TARGET.toUpperCase().replaceAll("-", "_")}_LINKER`]: `${GNU}-gcc`,
      ...Object.fromEntries(
        Object.entries({ CC: "gcc", CXX: "g++", AR: "ar" }).map(([name, tool]) => [
          `${name}_${TARGET.replaceAll("-", "_")}`,
          `${GNU}-${tool}`,
        ]),
      ),
    },
    libraries: [
      join(folder, "bcryptprimitives.dll"),
      crateFile("webview2-com-sys", "x64/WebView2Loader.dll"),
    ],
  };
}

/** Compiles a C source of this folder into a program or a library for Windows. */
export function compileForWindows(
  toolchain: Toolchain,
  source: string,
  output: string,
  options: readonly string[] = [],
): void {
  const warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"];
  run(
    `${GNU}-gcc`,
    ["-O2", ...warnings, ...options, "-o", output, join(ROOT, "tests/windows", source)],
    undefined,
    toolchain.env,
  );
}

/** Names what is made of the wanted packages. What else is unpacked depends on what this machine has at that time. */
function keyOf(packages: readonly Package[]): string {
  const wanted = packages.filter(({ name }) => WANTED.includes(name));
  const text = [RECIPE, ...wanted.map(({ name, version }) => `${name}=${version}`)].join("\n");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The environment in which this toolchain's programs come first. */
function compilerEnv(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    RUSTUP_TOOLCHAIN: undefined,
    PATH: `${join(folder, "usr/bin")}:${process.env.PATH ?? ""}`,
    LD_LIBRARY_PATH: join(folder, "usr/lib/x86_64-linux-gnu"),
  };
}

/** Does what the packages' own scripts would do when they are installed. */
function finishPackages(folder: string): void {
  for (const tool of ["gcc", "g++", "cpp", "c++"]) {
    symlinkSync(`${GNU}-${tool}-win32`, join(folder, "usr/bin", `${GNU}-${tool}`));
  }
  // A script that looks for the server where the package would be installed.
  const server = join(folder, "usr/lib/wine/wineserver");
  rmSync(server);
  symlinkSync("wineserver64", server);
}

/**
 * The environment in which Clippy stands in the compiler's place, with warnings denied. It compiles as well, so that
 * nothing is built twice.
 */
export function withClippy(env: NodeJS.ProcessEnv, target: string): NodeJS.ProcessEnv {
  return {
    ...env,
    RUSTC_WORKSPACE_WRAPPER: "clippy-driver",
    [`CARGO_TARGET_${target.toUpperCase().replaceAll("-", "_")}_RUSTFLAGS`]: "-Dwarnings",
  };
}

/** Where the compiler looks for the standard library of a system. */
export function librariesFor(folder: string, target = TARGET): string {
  return join(folder, "usr/lib/rustlib", target, "lib");
}

/**
 * The folder for what is compiled with a standard library, emptied if that isn't the one of the last run: cargo
 * doesn't know that it was built again, and the compiler would take neither.
 */
export function targetFolder(name: string, libraries: string): string {
  const folder = join(ROOT, "target", name);
  const stamp = join(folder, "standard-library");
  const { ino, mtimeMs } = statSync(libraries);
  const current = `${String(ino)} ${String(mtimeMs)}`;
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== current) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(stamp, current);
  }
  return folder;
}

/** Builds Rust's standard library for a system from its source, and lays it where the compiler looks for it. */
export function buildStandardLibrary(folder: string, target = TARGET): void {
  const empty = join(folder, "std");
  mkdirSync(join(empty, "src"), { recursive: true });
  writeFileSync(join(empty, "src/lib.rs"), "");
  writeFileSync(
    join(empty, "Cargo.toml"),
    '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n',
  );
  // What the distribution's compiler does for itself: the source is its own.
  const env = { ...compilerEnv(folder), RUSTC_BOOTSTRAP: "1" };
  run(
    "cargo",
    [
      ...["build", "--release", "--target", target, "--jobs", String(availableParallelism())],
      "-Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro",
      "-Zbuild-std-features=panic-unwind,backtrace",
    ],
    empty,
    { ...env, CARGO_TARGET_DIR: join(empty, "target") },
  );
  const built = join(empty, "target", target, "release/deps");
  const libraries = librariesFor(folder, target);
  makeOnce(libraries, (partial) => {
    for (const file of readdirSync(built)) {
      if (/\.(rlib|rmeta)$/.test(file) && !file.startsWith("libnothing")) {
        copyFileSync(join(built, file), join(partial, file));
      }
    }
  });
  if (target === TARGET) buildStartObjects(folder, libraries, env);
  rmSync(empty, { recursive: true });
}

/** Builds the objects that a program for Windows begins and ends with. */
function buildStartObjects(folder: string, libraries: string, env: NodeJS.ProcessEnv): void {
  const [source = ""] = readdirSync(join(folder, "usr/src")).filter((name) =>
    name.startsWith("rustc-"),
  );
  for (const object of ["rsbegin", "rsend"]) {
    run(
      "rustc",
      [
        ...["--edition", "2024", "--target", TARGET, "--emit", "obj", "--cap-lints", "allow"],
        ...["-o", join(libraries, `${object}.o`)],
        join(folder, "usr/src", source, "library/rtstartup", `${object}.rs`),
      ],
      undefined,
      env,
    );
  }
}

function libraryArguments(folder: string): string[] {
  return [
    ...["-shared", "-O2", "-o", join(folder, "bcryptprimitives.dll")],
    ...[join(ROOT, "tests/windows/bcryptprimitives.c"), "-ladvapi32"],
  ];
}

/**
 * Builds libsodium from the source that its crate carries; the crate's own build script can't do that for this
 * system. Returns the library's folder.
 */
function prepareSodium(folder: string, say: (step: string) => void): string {
  const source = crateFile("libsodium-sys-stable", "LATEST.tar.gz");
  const digest = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16);
  const built = join(folder, `libsodium-${digest}`);
  makeOnce(built, (partial) => {
    say("compile libsodium");
    const work = join(partial, "source");
    mkdirSync(work);
    run("tar", ["--extract", "--file", source, "--strip-components", "1"], work);
    const env = {
      ...compilerEnv(folder),
      CC: `${GNU}-gcc`,
      AR: `${GNU}-ar`,
      RANLIB: `${GNU}-ranlib`,
    };
    run(
      "./configure",
      [`--host=${GNU}`, "--disable-shared", "--enable-static", `--prefix=${partial}`],
      work,
      env,
    );
    run("make", ["--jobs", String(availableParallelism()), "install"], work, env);
    rmSync(work, { recursive: true });
  });
  return join(built, "lib");
}

/** A file of a crate that the lock file names. */
function crateFile(name: string, file: string): string {
  const metadata = JSON.parse(
    run("cargo", ["metadata", "--locked", "--format-version", "1"], ROOT),
  ) as { packages: { name: string; manifest_path: string }[] };
  const found = metadata.packages.find((one) => one.name === name);
  if (!found) throw new Error(`Cargo.lock has no ${name}`);
  return join(found.manifest_path, "..", file);
}
