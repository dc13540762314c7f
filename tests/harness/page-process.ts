/** The WebKit processes behind the window's page. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Harness } from "./harness";
import { logLines } from "./log-lines";
import { waitFor } from "./processes";

/** The ids of the processes that draw pages for the app. */
export function pageProcesses({ desktop }: Harness): number[] {
  return desktop.processIds((command) => command.endsWith("WebKitWebProcess"));
}

/** The id of the only page process, as soon as there is one. */
export async function pageProcess(harness: Harness): Promise<number> {
  return waitFor("one process draws the page", () => {
    const ids = pageProcesses(harness);
    return ids.length === 1 ? ids[0] : undefined;
  });
}

/** The id of the process that loads resources for the page. */
export async function networkProcess({ desktop }: Harness): Promise<number> {
  return waitFor("a network process is running", () => {
    const [id] = desktop.processIds((command) => command.endsWith("WebKitNetworkProcess"));
    return id;
  });
}

/** The losses of a page that the log lists, each by its cause and the app's remedy. */
export function lostPages({ desktop }: Harness): string[] {
  const lines = desktop.appLog().split("\n");
  return lines.flatMap((line) => line.split(logLines.pageLost)[1] ?? []);
}

/** Ends the page process with a signal and waits until another page follows the state. */
export async function killPage(
  harness: Harness,
  signal: NodeJS.Signals = "SIGKILL",
): Promise<void> {
  const pages = () => harness.desktop.countInLog(logLines.windowFollowsState);
  const before = pages();
  const id = await pageProcess(harness);
  // WebKit ignores the first of some signals: a real fault is raised again by the same instruction.
  await waitFor("the page process has exited", () => {
    if (!pageProcesses(harness).includes(id)) return true;
    process.kill(id, signal);
    return undefined;
  });
  await waitFor("another page follows the state", () => pages() > before);
}

/** Waits until the window shows a screen: it has hundreds of colours, a blank window has a few. */
export async function waitUntilDrawn({ desktop }: Harness): Promise<void> {
  const file = join(desktop.folder, "window.png");
  await waitFor("the window is drawn", async () => {
    rmSync(file, { force: true });
    await desktop.captureWindow("Sign in with Amiqus", file);
    return Number(await desktop.run("identify", ["-format", "%k", file])) > 100;
  });
}
