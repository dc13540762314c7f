/**
 * The release binary and the installers that this system can make, and beside them what they are made
 * of and their checksums. What was made is opened and looked at before it counts as built.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { billOfMaterials, objections } from "./bill-of-materials";
import { compile, writeBundleSettings } from "./compile";
import { writeTexts } from "./installers";
import { root, run } from "./prepare.mjs";
import { app, shippedCrates, shippedPackages } from "./shipped";
import { thirdPartyLicences } from "./third-party-licences";

// A hosted CI hands on a secret that it doesn't have as an empty one, which would count as a wrong one.
for (const [name, value] of Object.entries(process.env)) {
  if (/^(AMIQUS_UPDATE|TAURI_SIGNING|APPLE)_/.test(name) && value === "") {
    Reflect.deleteProperty(process.env, name);
  }
}

const crates = shippedCrates();
const packages = await shippedPackages();
const bundles = join(root, "target", "release", "bundle");
const args = process.argv.slice(2);
// A release makes its installers in three steps, of which only Tauri's own, between these two, has keys.
const isAfterBundling = args[0] === "--after-bundling";
if (!isAfterBundling) {
  writeTexts(thirdPartyLicences([...crates.parts, ...packages]));
  // An installer of an older build would stand among the new checksums.
  rmSync(bundles, { recursive: true, force: true });
  if (args[0] === "--before-bundling") {
    writeBundleSettings(join(root, "target", "installers"), updates() ?? {});
    process.exit();
  }
  const override = args.includes("--no-bundle") ? undefined : updates();
  await compile([...(override ? ["--config", JSON.stringify(override)] : []), ...args]);
}
mkdirSync(bundles, { recursive: true });

const bill = JSON.stringify(billOfMaterials(crates, packages), null, 2);
const wrong = await objections(bill);
if (wrong) throw new Error(`the bill of materials is not CycloneDX: ${JSON.stringify(wrong)}`);
const billFile = join(bundles, `${app.name}-${app.version}.cdx.json`);
writeFileSync(billFile, `${bill}\n`);

const installers = readdirSync(bundles, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(deb|rpm|AppImage|msi|exe|dmg|sig)$/.test(name))
  .map((name) => join(bundles, name))
  .sort();
const sums = [...installers, billFile].map((path) => {
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  return `${digest}  ${relative(bundles, path).replaceAll(sep, "/")}\n`;
});
writeFileSync(join(bundles, "SHA256SUMS"), sums.join(""));

if (process.platform === "linux" && installers.length > 0) {
  const test = ["node", "--import", "tsx", "--test", "--test-reporter=spec"];
  run([...test, "tests/packages/linux.test.ts"]);
}
const program = `${app.name}${process.platform === "win32" ? ".exe" : ""}`;
for (const path of [join(root, "target", "release", program), ...installers, billFile]) {
  console.log(`${(statSync(path).size / 1e6).toFixed(1)} MB  ${path}`);
}

/**
 * What makes Tauri sign the installers, where a distributor gave a public key for updates; it asks
 * for `TAURI_SIGNING_PRIVATE_KEY` then, and says so when that isn't the key's other half.
 */
function updates(): object | undefined {
  const pubkey = process.env.AMIQUS_UPDATE_PUBLIC_KEY;
  if (!pubkey) return undefined;
  return { bundle: { createUpdaterArtifacts: true }, plugins: { updater: { pubkey } } };
}
