/** Windows' own folders of a user whose name has a space and letters beyond ASCII. */
import { mkdirSync } from "node:fs";
import { writeRegistry } from "./registry";
import type { Wine } from "./wine";

const HOME = String.raw`C:\users\Zoë Müller`;
export const LOCAL = String.raw`${HOME}\AppData\Local`;
export const ROAMING = String.raw`${HOME}\AppData\Roaming`;
export const TEMP = String.raw`${LOCAL}\Temp`;
export const START_MENU = String.raw`${ROAMING}\Microsoft\Windows\Start Menu\Programs`;
export const DESKTOP = String.raw`${HOME}\Desktop`;

/** Makes the folders and has the prefix's only user use them. */
export function createUser(wine: Wine): void {
  for (const folder of [LOCAL, ROAMING, TEMP, START_MENU, DESKTOP]) {
    mkdirSync(wine.hostPath(folder), { recursive: true });
  }
  const folders = {
    "Local AppData": LOCAL,
    AppData: ROAMING,
    Programs: START_MENU,
    Desktop: DESKTOP,
  };
  const current = String.raw`Software\Microsoft\Windows\CurrentVersion`;
  writeRegistry(wine, {
    [String.raw`${current}\Explorer\User Shell Folders`]: folders,
    [String.raw`${current}\Explorer\Shell Folders`]: folders,
    Environment: { TEMP, TMP: TEMP },
    // Each Windows has these keys.
    [String.raw`${current}\Explorer\StartupApproved\Run`]: {},
    [String.raw`${current}\Uninstall`]: {},
    [String.raw`Software\Classes`]: {},
  });
}
