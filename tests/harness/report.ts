import type { App } from "./app";
import { waitFor } from "./processes";

/** Saves a support report through the window; returns its path. */
export async function saveReport(app: App): Promise<string> {
  if (!(await app.hasButton("Save a report for support"))) await app.press("Help");
  await app.press("Save a report for support");
  return waitFor("the window says where the report is", async () => {
    return /Saved as (\S+\.txt)/.exec(await app.text())?.[1];
  });
}
