// @ts-check
/** Draws the icons in all sizes from the brand's one source. */
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { brand, brandFile } from "./brand.mjs";
import { root, run } from "./prepare.mjs";

/** Those for which Linux' icon themes have a folder. */
const sizes = [16, 24, 32, 48, 64, 128, 256, 512];

const icons = join(root, "icons");
const draw = [
  ...["npx", "tauri", "icon", resolve(dirname(brandFile), brand.icon)],
  ...["--output", icons],
];
run(draw);
// What is left are Windows' and macOS's; the others are for stores and telephones.
for (const name of readdirSync(icons)) {
  if (!/\.(svg|ico|icns)$/.test(name)) rmSync(join(icons, name), { recursive: true });
}
run([...draw, ...sizes.flatMap((size) => ["--png", String(size)])]);
