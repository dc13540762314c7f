// @ts-check
/** The release binary and the installers that this system can make. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { forTauri } from "./brand.mjs";
import { prepare, root, run } from "./prepare.mjs";

prepare("package");
run(["npx", "tauri", "build", "--config", JSON.stringify(forTauri), ...signed()]);

const bundles = join(root, "target", "release", "bundle");
const files = readdirSync(bundles, { recursive: true, encoding: "utf8" })
  .map((name) => join(bundles, name))
  .filter((path) => /\.(deb|rpm|AppImage|msi|exe|dmg|sig)$/.test(path));
for (const path of [join(root, "target", "release", "sign-in-with-amiqus"), ...files]) {
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
