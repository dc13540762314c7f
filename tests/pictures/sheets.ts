import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SMALL_PNG } from "./goldens";
import { themes } from "./scene";
import { sceneNamed, scenes } from "./scenes";
import type { PictureWindow } from "./window";

const background = ["-background", "#d6dada"];

/** The README's picture: larger than the window, so that it is sharp on any screen. */
export async function writeReadmePicture(
  pictureWindow: PictureWindow,
  address: string,
  folder: string,
): Promise<void> {
  const files: string[] = [];
  for (const [name, theme] of [
    ["signed-out", "light"],
    ["awaiting-browser-help", "light"],
    ["signed-in", "light"],
    ["signed-in", "dark"],
  ] as const) {
    const file = join(folder, `readme-${name}-${theme}.png`);
    await pictureWindow.show(sceneNamed(name), theme, address);
    writeFileSync(file, await pictureWindow.picture(undefined, 1.25));
    files.push(file);
  }
  execFileSync("montage", [
    ...[...files, "-geometry", "+12+12", "-tile", "4x", ...background, ...SMALL_PNG],
    join("tests", "pictures", "readme.png"),
  ]);
}

/** All pictures of a theme on one sheet, to look through. Tiles of one size keep each name with its picture. */
export function writeSheets(folder: string): void {
  for (const theme of themes) {
    execFileSync("montage", [
      ...["-label", "%t", "-pointsize", "11", ...background],
      ...["-resize", "220x", "-geometry", "220x580>+8+8", "-gravity", "north", "-tile", "10x"],
      ...scenes.map(({ name }) => join(folder, `${name}-${theme}.png`)),
      join(folder, `all-${theme}.png`),
    ]);
  }
}
