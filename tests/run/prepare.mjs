// @ts-check
/**
 * Brings a machine with Rust and Node to where the project builds and its tests run. Plain Node, since
 * no package is installed yet.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runWithProgress } from "./progress.mjs";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What the app is built with. */
const toBuild = [
  "build-essential",
  "libayatana-appindicator3-dev",
  "libdbus-1-dev",
  "librsvg2-dev",
  "libssl-dev",
  "libwebkit2gtk-4.1-dev",
  "libxdo-dev",
  "pkg-config",
  "xdg-utils",
];

/** What the window, the browser, the keychain and the crash test need. */
const toTest = [
  "chromium",
  "chromium-driver",
  "dbus",
  "desktop-file-utils",
  "fonts-dejavu-core",
  "gnome-keyring",
  "imagemagick",
  "iproute2",
  "libglib2.0-bin",
  "openbox",
  "openssl",
  "strace",
  "webkit2gtk-driver",
  "wmctrl",
  "xdotool",
  "xvfb",
];

/** What tells whether an installer holds what it should. */
const toLookInside = ["appstream", "binutils", "desktop-file-utils", "groff"];

/** What the installers are made with. */
const toPackage = ["patchelf", "rpm", ...toLookInside];

/** What fetches the tools of `tools.txt`. */
const forTools = ["python3-pip"];

const packages = {
  audit: forTools,
  bench: [...toBuild, ...toTest, ...toPackage],
  build: toBuild,
  check: [...toBuild, "dbus", ...forTools],
  package: [...toBuild, ...toPackage],
  test: [...toBuild, ...toTest, ...forTools],
  // The rest is unpacked beside the system.
  windows: ["build-essential", "strace", "xvfb"],
};

/** @typedef {keyof typeof packages} Purpose */

/** Set where system packages are left alone. */
const NO_SYSTEM = "AMIQUS_TESTS_NO_SYSTEM";

/** Leaves system packages alone from here on, in all that this process runs too. */
export function leaveSystemAlone() {
  process.env[NO_SYSTEM] = "1";
}

/**
 * Installs what a purpose needs. Where system packages are left alone, what is missing is named and the
 * command ends.
 * @param {Purpose} purpose
 */
export function prepare(purpose) {
  const missing = missingPackages(purpose);
  if (missing.length > 0 && process.env[NO_SYSTEM]) {
    console.error(`Missing system packages. Install them and try again:
  sudo apt-get install --no-install-recommends ${missing.join(" ")}`);
    process.exit(1);
  }
  if (missing.length > 0) installSystemPackages(missing);
  installNodePackages();
  if (purpose === "test" || purpose === "audit") fetchCrates();
}

/**
 * The Debian packages that a purpose needs and this machine lacks.
 * @param {Purpose} purpose
 */
export function missingPackages(purpose) {
  if (process.platform !== "linux") return [];
  if (!isOnPath("dpkg-query")) {
    console.log(
      `Not checked, without dpkg, are the system packages: ${packages[purpose].join(" ")}`,
    );
    return [];
  }
  return [...new Set(packages[purpose])].filter((name) => !isInstalled(name));
}

/**
 * Downloads every crate that the lock file names, also those that only another system or a fuzz target
 * needs: the audit reads them all, offline.
 */
function fetchCrates() {
  run(["cargo", "fetch", "--locked"], { quiet: true });
}

/** @param {string[]} missing */
function installSystemPackages(missing) {
  console.log(`Installing system packages: ${missing.join(" ")}`);
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run([...sudo, "apt-get", "update", "-qq"], { env });
  run([...sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing], {
    env,
    quiet: true,
  });
}

/** @param {string} name */
function isInstalled(name) {
  const asked = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status}", name]);
  return String(asked.stdout) === "installed";
}

/** @param {string} program */
function isOnPath(program) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((folder) => existsSync(join(folder, program)));
}

function installNodePackages() {
  const installed = join(root, "node_modules", ".package-lock.json");
  const wanted = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  console.log("Installing npm packages");
  run(["npm", "ci", "--no-audit", "--no-fund"], { quiet: true });
}

/**
 * Runs a command and ends with its code when it fails.
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} choices
 */
export function run(
  [program = "", ...args],
  { cwd = root, env = process.env, quiet = false } = {},
) {
  const ended = spawnSync(program, args, {
    cwd,
    env,
    stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ended.status === 0) return;
  if (quiet) process.stderr.write(`${String(ended.stdout)}${String(ended.stderr)}`);
  console.error(
    `${program} ${args.join(" ")} failed${ended.error ? `: ${ended.error.message}` : ""}`,
  );
  process.exit(ended.status ?? 1);
}

/** Builds the window, the app and the practice service, for trying and testing. */
export async function build() {
  run(["npm", "run", "--silent", "ui:build"], { quiet: true });
  await runWithProgress(["cargo", "build", "--workspace", "--bins"]);
}
