// @ts-check
/** What the lock files must say of everything that comes from elsewhere: from where, and its hash. */

const cratesIo = "registry+https://github.com/rust-lang/crates.io-index";
const npmRegistry = "https://registry.npmjs.org/";

/** As cargo-deny has them for crates; for the packages whose code may be in the window. */
const licences = ["MIT", "Apache-2.0", "ISC", "BSD-3-Clause"];

/**
 * What is wrong with them, in sentences.
 * @param {{ cargoLock: string, packageLock: string, manifest: string }} texts
 */
export function findings({ cargoLock, packageLock, manifest }) {
  return [...inCrates(cargoLock), ...inPackages(JSON.parse(packageLock), JSON.parse(manifest))];
}

/** @param {string} lock */
function* inCrates(lock) {
  for (const entry of lock.split("[[package]]").slice(1)) {
    const value = (/** @type {string} */ key) =>
      new RegExp(`^${key} = "(.*)"$`, "m").exec(entry)?.[1];
    const source = value("source");
    // Without a source it lies in this repository.
    if (!source) continue;
    const crate = `${value("name")} ${value("version")}`;
    if (source !== cratesIo) yield `${crate} comes from ${source}`;
    if (!/^[0-9a-f]{64}$/.test(value("checksum") ?? "")) yield `${crate} has no checksum`;
  }
}

/**
 * @param {{ packages: Record<string, Record<string, any>> }} lock
 * @param {Record<string, any>} manifest
 */
function* inPackages({ packages }, manifest) {
  for (const kind of ["dependencies", "devDependencies"]) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      if (!/^\d+\.\d+\.\d+$/.test(version)) yield `${name} is asked for as ${version}`;
      if (packages[""]?.[kind]?.[name] !== version) yield `${name} ${version} isn't locked`;
    }
  }
  for (const [place, entry] of Object.entries(packages)) {
    if (place === "") continue;
    const name = `${place.replace(/^.*node_modules\//, "")} ${entry.version}`;
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

/** One of those that stand between ORs is enough. @param {string} expression */
function isAllowed(expression) {
  return expression
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .some((each) => licences.includes(each));
}
