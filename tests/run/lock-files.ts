/** What the lock files must say of everything that comes from elsewhere: from where, and its hash. */

const cratesIo = "registry+https://github.com/rust-lang/crates.io-index";
const npmRegistry = "https://registry.npmjs.org/";

/** As cargo-deny has them for crates; for the packages whose code may be in the window. */
const licences = ["MIT", "Apache-2.0", "ISC", "BSD-3-Clause"];

export type LockFiles = { cargoLock: string; packageLock: string; manifest: string };

type Wishes = Record<"dependencies" | "devDependencies", Record<string, string>>;

type Locked = Partial<Wishes> & {
  version?: string;
  resolved?: string;
  integrity?: string;
  license?: string;
  dev?: boolean;
};

/** What is wrong with them, in sentences. */
export function findings({ cargoLock, packageLock, manifest }: LockFiles): string[] {
  const { packages } = JSON.parse(packageLock) as { packages: Record<string, Locked> };
  return [...inCrates(cargoLock), ...inPackages(packages, JSON.parse(manifest) as Wishes)];
}

function* inCrates(lock: string): Generator<string> {
  for (const entry of lock.split("[[package]]").slice(1)) {
    const value = (key: string) => new RegExp(`^${key} = "(.*)"$`, "m").exec(entry)?.[1];
    const source = value("source");
    // Without a source it lies in this repository.
    if (!source) continue;
    const crate = `${String(value("name"))} ${String(value("version"))}`;
    if (source !== cratesIo) yield `${crate} comes from ${source}`;
    if (!/^[0-9a-f]{64}$/.test(value("checksum") ?? "")) yield `${crate} has no checksum`;
  }
}

function* inPackages(packages: Record<string, Locked>, wishes: Wishes): Generator<string> {
  for (const kind of ["dependencies", "devDependencies"] as const) {
    for (const [name, version] of Object.entries(wishes[kind])) {
      if (!/^\d+\.\d+\.\d+$/.test(version)) yield `${name} is asked for as ${version}`;
      if (packages[""]?.[kind]?.[name] !== version) yield `${name} ${version} isn't locked`;
    }
  }
  for (const [place, entry] of Object.entries(packages)) {
    if (place === "") continue;
    const name = `${place.replace(/^.*node_modules\//, "")} ${String(entry.version)}`;
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? "")) yield `${name} has no hash`;
    // Left out, it is whichever registry the person uses; the hash decides.
    if (entry.resolved !== undefined && !entry.resolved.startsWith(npmRegistry)) {
      yield `${name} comes from ${entry.resolved}`;
    }
    if (!entry.dev && !isAllowed(entry.license ?? "none")) {
      yield `${name} may be in the window under ${entry.license ?? "no licence"}`;
    }
  }
}

/** One of those that stand between ORs is enough. */
function isAllowed(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .some((each) => licences.includes(each));
}
