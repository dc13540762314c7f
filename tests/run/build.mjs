// @ts-check
/**
 * The release binary and the installers that this system can make, and beside them what they are made
 * of and their checksums. What was made is opened and looked at before it counts as built.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { prepare, root, run } from "./prepare.mjs";

prepare("package");
// Only now: these need what has just been installed.
const { app, shippedCrates, shippedPackages } = await import("./shipped.mjs");
const { billOfMaterials, objections } = await import("./bill-of-materials.mjs");
const { thirdPartyLicences } = await import("./third-party-licences.mjs");

const crates = shippedCrates();
const packages = await shippedPackages();

// What the installers take in beside the program; tauri.conf.json names these files.
const inside = join(root, "target", "installers");
const licences = join(inside, "THIRD-PARTY-LICENSES");
mkdirSync(inside, { recursive: true });
writeFileSync(licences, thirdPartyLicences([...crates.parts, ...packages]));
writeFileSync(
  join(inside, "changelog.gz"),
  gzipSync(readFileSync(join(root, "src-tauri/installers/linux/changelog")), { level: 9 }),
);

// An installer of an older build would stand among the new checksums.
const bundles = join(root, "target", "release", "bundle");
rmSync(bundles, { recursive: true, force: true });
// Windows' installers know no files of their own, only resources; in the configuration those would
// have to be there for every `cargo build`.
const resources = { bundle: { resources: { [licences]: "THIRD-PARTY-LICENSES.txt" } } };
run([
  ...["npx", "tauri", "build", ...process.argv.slice(2)],
  ...(process.platform === "win32" ? ["--config", JSON.stringify(resources)] : []),
]);

const bill = billOfMaterials(crates, packages);
const wrong = await objections(bill);
if (wrong) throw new Error(`the bill of materials is not CycloneDX: ${JSON.stringify(wrong)}`);
const billFile = join(bundles, `${app.name}-${app.version}.cdx.json`);
writeFileSync(billFile, `${JSON.stringify(bill, null, 2)}\n`);

const installers = readdirSync(bundles, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(deb|rpm|AppImage|msi|exe|dmg)$/.test(name))
  .map((name) => join(bundles, name))
  .sort();
writeFileSync(
  join(bundles, "SHA256SUMS"),
  [...installers, billFile]
    .map((path) => {
      const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
      return `${digest}  ${relative(bundles, path).replaceAll(sep, "/")}\n`;
    })
    .join(""),
);

if (process.platform === "linux") {
  run(["node", "--import", "tsx", "--test", "tests/packages/linux.test.ts"]);
}
const program = `sign-in-with-amiqus${process.platform === "win32" ? ".exe" : ""}`;
for (const path of [join(root, "target", "release", program), ...installers, billFile]) {
  console.log(`${(statSync(path).size / 1e6).toFixed(1)} MB  ${path}`);
}
