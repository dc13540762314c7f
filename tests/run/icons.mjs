// @ts-check
/** Draws the icons in all sizes from the brand's one source. */
import { rmSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { brand, brandFile } from "./brand.mjs";
import { root, run } from "./prepare.mjs";

const icons = join(root, "icons");
run(["npx", "tauri", "icon", resolve(dirname(brandFile), brand.icon), "--output", icons]);
// For stores and telephones.
for (const name of readdirSync(icons)) {
  if (/^(android|ios|Square.*|StoreLogo\.png)$/.test(name)) {
    rmSync(join(icons, name), { recursive: true });
  }
}
