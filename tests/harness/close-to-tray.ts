/** Closes the window while the app stays in the tray. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Harness } from "./harness";
import { logLines } from "./log-lines";
import { waitFor } from "./processes";
import type { Tray } from "./tray";

/** The ids of the WebKit processes that draw and load the app's page. */
export function webKitProcesses({ desktop }: Harness): number[] {
  return desktop.processIds((command) => /WebKit(Web|Network)Process/.test(command));
}

/** Closes the window and waits until its WebKit processes have exited and the app is still running. */
export async function closeToTray(harness: Harness): Promise<void> {
  const { app } = harness;
  await app.closeWindow();
  await waitFor("no WebKit process is left", () => webKitProcesses(harness).length === 0);
  await waitFor("the app is still running", () => app.processIds().length === 1);
}

/** A process's sockets, by their inode numbers, which are unique. */
function sockets(id: number): Set<string> {
  const folder = `/proc/${String(id)}/fd`;
  const targets = readdirSync(folder).map((descriptor) => {
    try {
      return readlinkSync(join(folder, descriptor));
    } catch {
      return "closed since it was listed";
    }
  });
  return new Set(targets.filter((target) => target.startsWith("socket:")));
}

/** Closes the window of an idle app and waits for its relaunch as a process that has drawn nothing. */
export async function closeAndRelaunch(harness: Harness, tray: Tray): Promise<void> {
  const { app, desktop } = harness;
  const starts = () => desktop.countInLog(logLines.processStarted);
  const before = starts();
  const [id = 0] = app.processIds();
  const oldSockets = sockets(id);
  await closeToTray(harness);
  await waitFor("the app is relaunched", () => starts() > before);
  assert.deepEqual(app.processIds(), [id], "the process id stays");
  assert.match(readFileSync(`/proc/${String(id)}/cmdline`, "utf8"), /\0--in-the-tray\0$/);
  await tray.waitForItem("Open Sign in with Amiqus");
  const inherited = [...sockets(id)].filter((socket) => oldSockets.has(socket));
  assert.deepEqual(inherited, [], "no socket of the old process is open");
}
