/**
 * What a build of the app is made of: the crates in the program and the packages in its window. `cargo tree`
 * and the bundler tell which those are; no one library reads both.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "vite";
import { root } from "./prepare.mjs";

/** One crate or package whose code is in the installed app. */
export type Part = {
  registry: "cargo" | "npm";
  name: string;
  version: string;
  /** An SPDX expression. */
  license: string;
  description?: string | undefined;
  repository?: string | undefined;
  /** Where its source lies on this machine. */
  folder: string;
  /** What the lock file says of it. */
  hash: { alg: "SHA-256" | "SHA-512"; content: string };
  /** The parts that it needs, as `reference` names them. */
  dependencies: string[];
};

/** The crates, and which of them the app itself asks for. */
export type Crates = { direct: string[]; parts: Part[] };

/** What `cargo metadata` tells, as far as it is read here. */
type Metadata = {
  packages: {
    id: string;
    name: string;
    version: string;
    license: string | null;
    description: string | null;
    repository: string | null;
    source: string | null;
    manifest_path: string;
  }[];
  resolve: {
    nodes: { id: string; deps: { pkg: string; dep_kinds: { kind: string | null }[] }[] }[];
  };
};

type PackageLock = {
  packages: Record<string, { integrity: string; dependencies?: Record<string, string> }>;
};

/** The name that a part has as a package URL. */
export function reference({
  registry,
  name,
  version,
}: Pick<Part, "registry" | "name" | "version">) {
  return `pkg:${registry}/${name.replace("@", "%40")}@${version}`;
}

export const app = json("package.json") as { name: string; version: string; license: string };

/** The crates in the program for this machine's system. What only builds or tests it is not among them. */
export function shippedCrates(): Crates {
  const shipped = new Set(
    cargo(
      ...["tree", "--package", app.name, "--edges", "normal"],
      ...["--prefix", "none", "--format", "{p}"],
    )
      .split("\n")
      .map((line) => line.split(" ").slice(0, 2).join(" ")),
  );
  const metadata = JSON.parse(cargo("metadata", "--format-version", "1")) as Metadata;
  const needs = new Map(
    metadata.resolve.nodes.map(({ id, deps }) => [
      id,
      deps
        .filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null))
        .map(({ pkg }) => pkg),
    ]),
  );
  const crates = new Map(
    metadata.packages
      .filter(({ name, version }) => shipped.has(`${name} v${version}`))
      .map((crate) => [crate.id, crate]),
  );
  const others = (id: string): string[] =>
    (needs.get(id) ?? []).flatMap((needed) => {
      const crate = crates.get(needed);
      if (!crate) return [];
      // Our own crates are the app; what they need is what the app needs.
      return crate.source ? [reference({ registry: "cargo", ...crate })] : others(needed);
    });
  const checksums = readChecksums();
  const parts = [...crates.values()]
    .filter(({ source }) => source !== null)
    .map((crate): Part => ({
      registry: "cargo",
      name: crate.name,
      version: crate.version,
      // Crates from before SPDX expressions part their licences with a slash.
      license: crate.license?.replaceAll(/\s*\/\s*/g, " OR ") ?? "NOASSERTION",
      description: crate.description?.trim(),
      repository: crate.repository ?? undefined,
      folder: dirname(crate.manifest_path),
      hash: { alg: "SHA-256", content: checksums.get(`${crate.name} ${crate.version}`) ?? "" },
      dependencies: others(crate.id),
    }));
  const own = [...crates.values()].find(({ name }) => name === app.name);
  return { direct: others(own?.id ?? ""), parts: sorted(parts) };
}

/** The packages whose code the bundler put into the window, as the bundler itself tells. */
export async function shippedPackages(): Promise<Part[]> {
  const fileName = "packages.json";
  const built = await build({
    root: join(root, "ui"),
    // Not `production`: the list would count towards how large the window may be.
    mode: "bill-of-materials",
    logLevel: "warn",
    build: { write: false, license: { fileName } },
  });
  const list = "output" in built ? built.output.find((file) => file.fileName === fileName) : null;
  if (list?.type !== "asset") throw new Error("the bundler doesn't tell what it bundled");
  const bundled = JSON.parse(String(list.source)) as {
    name: string;
    version: string;
    identifier: string;
  }[];
  const { packages } = json("package-lock.json") as PackageLock;
  return sorted(
    bundled.map(({ name, version, identifier }): Part => {
      const folder = `node_modules/${name}`;
      const { description, repository } = json(join(folder, "package.json")) as {
        description?: string;
        repository?: string | { url: string };
      };
      const address = typeof repository === "string" ? repository : repository?.url;
      const locked = packages[folder];
      const digest = locked?.integrity.replace("sha512-", "") ?? "";
      return {
        registry: "npm",
        name,
        version,
        license: identifier,
        description,
        repository: address?.includes("://") ? address.replace(/^git\+/, "") : undefined,
        folder: join(root, folder),
        hash: { alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") },
        dependencies: bundled
          .filter((other) => other.name in (locked?.dependencies ?? {}))
          .map((other) => reference({ registry: "npm", ...other })),
      };
    }),
  );
}

/** The SHA-256 of every crate, as `Cargo.lock` has it. */
function readChecksums(): Map<string, string> {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const entries = lock.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/g);
  return new Map(
    [...entries].map(([, name, version, checksum]) => [
      `${String(name)} ${String(version)}`,
      String(checksum),
    ]),
  );
}

function sorted(parts: Part[]): Part[] {
  return parts.sort((one, other) => (reference(one) < reference(other) ? -1 : 1));
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function cargo(command: string, ...args: string[]): string {
  return execFileSync("cargo", [command, "--locked", ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 256e6,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
