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
const WANTED = [
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
export function resolvePackages(): Package[] {
  if (WANTED.some((name) => candidate(name) === undefined)) update();
  const missing = WANTED.filter((name) => candidate(name) === undefined);
  if (missing.length > 0) {
    throw new Error(
      `apt doesn't know ${missing.join(", ")}: this needs Debian 12 with its security updates.`,
    );
  }
  const simulated = run("apt-get", [
    ...["install", "--simulate", "--no-install-recommends", "-o", "Debug::NoLocking=1"],
    ...WANTED,
  ]);
  const needed = [...simulated.matchAll(/^Inst (\S+) .*?\((\S+)/gm)].map(
    ([, name = "", version = ""]) => ({ name, version }),
  );
  const installed = WANTED.filter((wanted) => !needed.some(({ name }) => name === wanted));
  return [...needed, ...installed.map((name) => ({ name, version: candidate(name) ?? "" }))].sort(
    (one, other) => one.name.localeCompare(other.name),
  );
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

/** The version that apt would install. */
function candidate(name: string): string | undefined {
  const { stdout } = spawnSync("apt-cache", ["policy", name], { encoding: "utf8" });
  const [, version] = /^ {2}Candidate: (\S+)$/m.exec(stdout) ?? [];
  return version === "(none)" ? undefined : version;
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
