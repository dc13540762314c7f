import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { App } from "./app";
import { waitFor } from "./processes";

/** Saves a support report through the window; returns its path. */
export async function saveReport(app: App): Promise<string> {
  const before = new Set(reports(app));
  await app.openSettings();
  await app.press("Save support report");
  await app.waitForText("Saved in ");
  const saved = await waitFor("the report is there", () =>
    reports(app).find((file) => !before.has(file)),
  );
  await app.closeSettings();
  return saved;
}

/** The reports in the folders where they may be saved. */
function reports({ desktop }: App): string[] {
  const home = String(desktop.env.HOME);
  return [home, join(home, "Downloads")]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => /-report-[^/]*\.txt$/.test(file) && lstatSync(file).isFile());
}
