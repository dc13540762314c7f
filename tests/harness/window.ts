import assert from "node:assert/strict";
import type { Harness } from "./harness";

/** Asserts that the window is still the only one and shows the app's page. */
export async function assertUnmoved(
  { app, desktop }: Harness,
  state = "signed-out",
): Promise<void> {
  assert.match(await app.window.getCurrentUrl(), /^tauri:\/\/localhost\/?(index\.html)?#?$/);
  assert.equal((await app.window.getAllWindowHandles()).length, 1);
  const windows = (await desktop.run("wmctrl", ["-l"])).split("\n");
  assert.equal(windows.filter((line) => line.includes("Sign in with Amiqus")).length, 1);
  assert.equal(await app.bodyData("data-state"), state);
}
