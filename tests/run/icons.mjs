// @ts-check
/** Draws the icons in all sizes, and those of the tray, from the brand's sources. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { brand, brandFile } from "./brand.mjs";
import { ico } from "./ico.mjs";
import { root, run } from "./prepare.mjs";
import { trayIcons } from "./tray-icons.mjs";

/** Those for which Linux's icon themes have a folder. */
const sizes = [16, 24, 32, 48, 64, 128, 256, 512];
/** Those that Windows shows. */
const windowsSizes = [16, 24, 32, 48, 64, 256];
/** The largest size that is drawn from the small source. */
const largestSmall = 24;
const traySize = 64;

const icons = join(root, "icons");
const tray = join(icons, "tray");
const source = fromBrand(brand.icon);
const smallSource = fromBrand(brand.icon_small ?? brand.icon);
const mark = fromBrand(brand.mark ?? brand.icon);

draw(source, icons, []);
// What is left are Windows' and macOS's; the others are for stores and telephones.
for (const entry of readdirSync(icons, { withFileTypes: true })) {
  const isKept = entry.isDirectory() ? entry.name === "tray" : /\.(svg|icns)$/.test(entry.name);
  if (!isKept) rmSync(join(icons, entry.name), { recursive: true });
}
const isSmall = (/** @type {number} */ size) => size <= largestSmall;
draw(
  source,
  icons,
  sizes.filter((size) => !isSmall(size)),
);
draw(smallSource, icons, sizes.filter(isSmall));
writeFileSync(
  join(icons, "icon.ico"),
  ico(windowsSizes.map((size) => ({ size, png: readFileSync(png(icons, size)) }))),
);

const scratch = mkdtempSync(join(tmpdir(), "icons-"));
const traySources = brand.tray === undefined ? undefined : fromBrand(brand.tray);
for (const [name, svg] of trayIcons(text(source), text(mark), traySources)) {
  const file = join(scratch, `${name}.svg`);
  writeFileSync(file, svg);
  draw(file, scratch, [traySize]);
  // Not a rename: the temporary folder may be on another file system.
  copyFileSync(png(scratch, traySize), join(tray, `${name}.png`));
}
rmSync(scratch, { recursive: true });

/**
 * Draws an SVG in some sizes, or in those that Tauri chooses where none is given.
 * @param {string} svg
 * @param {string} folder
 * @param {number[]} inSizes
 */
function draw(svg, folder, inSizes) {
  const only = inSizes.flatMap((size) => ["--png", String(size)]);
  run(["npx", "tauri", "icon", svg, "--output", folder, ...only]);
}

/**
 * @param {string} folder
 * @param {number} size
 */
function png(folder, size) {
  return join(folder, `${size}x${size}.png`);
}

/** @param {string} path as the brand's file has it */
function fromBrand(path) {
  return resolve(dirname(brandFile), path);
}

/** @param {string} file */
function text(file) {
  return readFileSync(file, "utf8");
}
