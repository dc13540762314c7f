// @ts-check
/** The release binary and the installers that this system can make. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { forTauri } from "./brand.mjs";
import { prepare, root, run } from "./prepare.mjs";

prepare("package");
run(["npx", "tauri", "build", "--config", JSON.stringify(forTauri)]);

const bundles = join(root, "target", "release", "bundle");
const files = readdirSync(bundles, { recursive: true, encoding: "utf8" })
  .map((name) => join(bundles, name))
  .filter((path) => /\.(deb|rpm|AppImage|msi|exe|dmg)$/.test(path));
for (const path of [join(root, "target", "release", "sign-in-with-amiqus"), ...files]) {
  console.log(`${(statSync(path).size / 1e6).toFixed(1)} MB  ${path}`);
}
