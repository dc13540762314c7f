/**
 * Debian's packages, downloaded by apt, which verifies them, and unpacked into a folder: nothing is installed, and
 * no other program of this machine finds them.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * A compiler with the source of its standard library, from which that of another system is built (rustup has
 * none here); a C compiler and a linker for Windows; Wine.
 */
export const WANTED: readonly string[] = [
  "cargo-web",
  "g++-mingw-w64-x86-64-win32",
  "libstd-rust-web-dev",
  "libwine",
  "rust-web-clippy",
  "rust-web-src",
  "rustc-web",
  "wine64",
];

export type Package = { name: string; version: string };

/** The packages to unpack: those wanted, and what they need and this machine lacks. */
export function resolvePackages(wanted: readonly string[] = WANTED): Package[] {
  let candidates = findCandidates(wanted);
  if (candidates.size < wanted.length) {
    update();
    candidates = findCandidates(wanted);
  }
  const missing = wanted.filter((name) => !candidates.has(name));
  if (missing.length > 0) {
    throw new Error(
      `apt doesn't know ${missing.join(", ")}: this needs Debian 12 with its security updates.`,
    );
  }
  const simulated = run("apt-get", [
    ...["install", "--simulate", "--no-install-recommends", "-o", "Debug::NoLocking=1"],
    ...wanted,
  ]);
  const needed = [...simulated.matchAll(/^Inst (\S+) .*?\((\S+)/gm)].map(
    ([, name = "", version = ""]) => ({ name, version }),
  );
  const installed = wanted.filter((each) => !needed.some(({ name }) => name === each));
  return [
    ...needed,
    ...installed.map((name) => ({ name, version: candidates.get(name) ?? "" })),
  ].sort((one, other) => one.name.localeCompare(other.name));
}

/** Downloads the packages and unpacks them into a folder. */
export function unpack(packages: readonly Package[], folder: string): void {
  const downloads = `${folder}.downloads`;
  mkdirSync(downloads, { recursive: true });
  mkdirSync(folder, { recursive: true });
  run(
    "apt-get",
    ["download", "-q", ...packages.map(({ name, version }) => `${name}=${version}`)],
    downloads,
  );
  for (const file of readdirSync(downloads)) {
    run("dpkg-deb", ["--extract", join(downloads, file), folder]);
  }
  rmSync(downloads, { recursive: true });
}

/** The versions that apt would install. */
function findCandidates(names: readonly string[]): Map<string, string> {
  const { stdout } = spawnSync("apt-cache", ["policy", ...names], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  const found = stdout.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: (\S+)$/gm);
  return new Map(
    [...found].flatMap(([, name = "", version]) =>
      version === undefined || version === "(none)" ? [] : [[name, version]],
    ),
  );
}

function update(): void {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  run("env", [...sudo, "apt-get", "update", "-qq"]);
}

/** Runs a program to its end and returns what it prints; throws when it fails. */
export function run(
  program: string,
  args: readonly string[],
  cwd?: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const ended = spawnSync(program, args, {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ended.status !== 0) {
    const why = ended.error?.message ?? `${ended.stdout}${ended.stderr}`.slice(-4000);
    throw new Error(`${program} ${args.slice(0, 4).join(" ")} failed: ${why}`);
  }
  return ended.stdout;
}
