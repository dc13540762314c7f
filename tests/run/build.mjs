// @ts-check
/**
 * The release binary and the installers that this system can make, and beside them what they are made
 * of and their checksums. What was made is opened and looked at before it counts as built.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { forTauri } from "./brand.mjs";
import { prepare, root, run } from "./prepare.mjs";

prepare("package");
// Only now: these need what has just been installed.
const { app, shippedCrates, shippedPackages } = await import("./shipped.mjs");
const { billOfMaterials, objections } = await import("./bill-of-materials.mjs");
const { thirdPartyLicences } = await import("./third-party-licences.mjs");
const { forInstallers } = await import("./installers.mjs");

const crates = shippedCrates();
const packages = await shippedPackages();
const licences = thirdPartyLicences([...crates.parts, ...packages]);

// An installer of an older build would stand among the new checksums.
const bundles = join(root, "target", "release", "bundle");
rmSync(bundles, { recursive: true, force: true });
run([
  ...["npx", "tauri", "build"],
  ...["--config", JSON.stringify(forTauri)],
  ...["--config", JSON.stringify(forInstallers(licences))],
  ...signed(),
]);

const bill = billOfMaterials(crates, packages);
const wrong = await objections(bill);
if (wrong) throw new Error(`the bill of materials is not CycloneDX: ${JSON.stringify(wrong)}`);
const billFile = join(bundles, `${app.name}-${app.version}-${process.platform}.cdx.json`);
writeFileSync(billFile, `${JSON.stringify(bill, null, 2)}\n`);

const installers = readdirSync(bundles, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(deb|rpm|AppImage|msi|exe|dmg|sig)$/.test(name))
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
  run([
    ...["node", "--import", "tsx", "--test", "--test-reporter=spec"],
    "tests/packages/linux.test.ts",
  ]);
}
const program = `${app.name}${process.platform === "win32" ? ".exe" : ""}`;
for (const path of [join(root, "target", "release", program), ...installers, billFile]) {
  console.log(`${(statSync(path).size / 1e6).toFixed(1)} MB  ${path}`);
}

/**
 * What makes Tauri sign the installers, where a distributor gave a public key for updates; it asks
 * for `TAURI_SIGNING_PRIVATE_KEY` then, and says so when that isn't the key's other half.
 */
function signed() {
  const pubkey = process.env.AMIQUS_UPDATE_PUBLIC_KEY;
  if (!pubkey) return [];
  const override = { bundle: { createUpdaterArtifacts: true }, plugins: { updater: { pubkey } } };
  return ["--config", JSON.stringify(override)];
}
