// @ts-check
/** What a build of the app is made of: the crates in the program and the packages in its window. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./prepare.mjs";

/**
 * @typedef {object} Part One crate or package whose code is in what a person installs.
 * @property {"cargo" | "npm"} registry
 * @property {string} name
 * @property {string} version
 * @property {string} license An SPDX expression.
 * @property {string} [description]
 * @property {string} [repository]
 * @property {string} folder Where its source lies on this machine.
 * @property {{ alg: "SHA-256" | "SHA-512", content: string }} hash What the lock file says of it.
 * @property {string[]} dependencies The parts that it needs, as `reference` names them.
 */

/** The name that a part has in a package URL. @param {Pick<Part, "registry" | "name" | "version">} part */
export const reference = ({ registry, name, version }) =>
  `pkg:${registry}/${name.replace("@", "%40")}@${version}`;

export const app = readApp();

function readApp() {
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return { name, version, license };
}

/**
 * The crates in the program for this machine's system. What only builds or tests it is not among them.
 * @returns {{ direct: string[], parts: Part[] }}
 */
export function shippedCrates() {
  const shipped = new Set(
    cargo(
      ...["tree", "--locked", "--package", app.name, "--edges", "normal"],
      ...["--prefix", "none", "--format", "{p}"],
    )
      .split("\n")
      .map((line) => line.split(" ").slice(0, 2).join("@")),
  );
  const metadata = JSON.parse(cargo("metadata", "--locked", "--format-version", "1"));
  const checksums = readChecksums();
  /** @type {Map<string, string[]>} */
  const needed = new Map();
  for (const { id, deps } of metadata.resolve.nodes) {
    needed.set(
      id,
      deps
        .filter((/** @type {any} */ { dep_kinds }) =>
          dep_kinds.some((/** @type {any} */ { kind }) => kind === null),
        )
        .map((/** @type {any} */ { pkg }) => pkg),
    );
  }
  /** @type {Map<string, any>} */
  const crates = new Map(
    metadata.packages
      .filter((/** @type {any} */ { name, version }) => shipped.has(`${name}@v${version}`))
      .map((/** @type {any} */ crate) => [crate.id, crate]),
  );
  /** @param {string} id @returns {string[]} */
  const foreign = (id) =>
    (needed.get(id) ?? []).flatMap((each) => {
      const crate = crates.get(each);
      if (!crate) return [];
      // Our own crates are the app; what they need is what the app needs.
      return crate.source ? [reference({ registry: "cargo", ...crate })] : foreign(each);
    });
  /** @type {Part[]} */
  const parts = [];
  for (const [id, crate] of crates) {
    if (!crate.source) continue;
    parts.push({
      registry: "cargo",
      name: crate.name,
      version: crate.version,
      // Crates from before SPDX expressions part their licences with a slash.
      license: crate.license?.replaceAll(/\s*\/\s*/g, " OR ") ?? "",
      ...(crate.description ? { description: crate.description.trim() } : {}),
      ...(crate.repository ? { repository: crate.repository } : {}),
      folder: dirname(crate.manifest_path),
      hash: { alg: "SHA-256", content: checksums.get(`${crate.name}@${crate.version}`) ?? "" },
      dependencies: foreign(id),
    });
  }
  const [own] = [...crates].find(([, { name }]) => name === app.name) ?? [];
  return { direct: foreign(own ?? ""), parts: sorted(parts) };
}

/**
 * The packages whose code the bundler put into the window, as the bundler itself tells.
 * @returns {Promise<Part[]>}
 */
export async function shippedPackages() {
  const { build } = await import("vite");
  const fileName = "packages.json";
  const built = await build({
    root: join(root, "ui"),
    // Not `production`: the list would count towards how large the window may be.
    mode: "bill-of-materials",
    logLevel: "warn",
    build: { write: false, license: { fileName } },
  });
  const outputs = "output" in built ? built.output : [];
  const list = outputs.find((file) => file.fileName === fileName);
  if (list?.type !== "asset") throw new Error("the bundler doesn't tell what it bundled");
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  /** @type {{ name: string, version: string, identifier: string }[]} */
  const bundled = JSON.parse(String(list.source));
  return sorted(
    bundled.map(({ name, version, identifier }) => {
      const { description, repository } = JSON.parse(
        readFileSync(join(root, "node_modules", name, "package.json"), "utf8"),
      );
      const [, digest] = locked[`node_modules/${name}`].integrity.split("sha512-");
      return {
        registry: /** @type {const} */ ("npm"),
        name,
        version,
        license: identifier,
        ...(description ? { description } : {}),
        ...(repository?.url ? { repository: repository.url.replace(/^git\+/, "") } : {}),
        folder: join(root, "node_modules", name),
        hash: {
          alg: /** @type {const} */ ("SHA-512"),
          content: Buffer.from(digest, "base64").toString("hex"),
        },
        dependencies: Object.keys(locked[`node_modules/${name}`].dependencies ?? {}).flatMap(
          (needed) =>
            bundled
              .filter((other) => other.name === needed)
              .map((other) => reference({ registry: "npm", ...other })),
        ),
      };
    }),
  );
}

/** The SHA-256 of every crate, as `Cargo.lock` has it. */
function readChecksums() {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  return new Map(
    [...lock.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/g)].map(
      ([, name, version, checksum]) => [`${name}@${version}`, String(checksum)],
    ),
  );
}

/** @param {Part[]} parts */
function sorted(parts) {
  return parts.sort((one, other) => (reference(one) < reference(other) ? -1 : 1));
}

/** @param {string[]} args */
function cargo(...args) {
  const ended = spawnSync("cargo", args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (ended.status !== 0) throw new Error(`cargo ${args[0]} failed: ${ended.stderr}`);
  return ended.stdout;
}
