/** The process that draws the window's page, and its end. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { until } from "./processes";
import type { Stage } from "./stage";

/** The ids of the processes that draw pages for the app. */
export function pageProcesses({ desktop }: Stage): number[] {
  return desktop.processIds((command) => command.endsWith("WebKitWebProcess"));
}

/** The id of the one process that draws the page, as soon as there is one. */
export async function pageProcess(stage: Stage): Promise<number> {
  return until("one process draws the page", () => {
    const ids = pageProcesses(stage);
    return ids.length === 1 ? ids[0] : undefined;
  });
}

/** The id of the process that loads what the page asks for. */
export async function networkProcess({ desktop }: Stage): Promise<number> {
  return until("a process loads for the page", () => {
    const [id] = desktop.processIds((command) => command.endsWith("WebKitNetworkProcess"));
    return id;
  });
}

/** How often a page has begun to follow the state. */
function pages({ desktop }: Stage): number {
  return desktop.appLog().split("a window follows the state").length - 1;
}

/** The pages that were lost, as the log tells of them. */
export function losses({ desktop }: Stage): string[] {
  return [...desktop.appLog().matchAll(/window: page lost (.*)/g)].map(([, how = ""]) => how);
}

/** Ends the page's process with a signal, and waits until another page follows the state. */
export async function endPage(stage: Stage, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  const before = pages(stage);
  const id = await pageProcess(stage);
  // WebKit lets the first of some signals pass, for a fault that is real comes again.
  await until("the page's process has ended", () => {
    if (!pageProcesses(stage).includes(id)) return true;
    process.kill(id, signal);
    return undefined;
  });
  await until("another page follows the state", () => pages(stage) > before || undefined);
}

/** Waits until the window shows a screen: it has hundreds of colours, a blank one has a few. */
export async function isDrawn({ desktop }: Stage): Promise<void> {
  const file = join(desktop.folder, "window.png");
  await until("the window is drawn", async () => {
    rmSync(file, { force: true });
    await desktop.run("import", ["-window", "Sign in with Amiqus", file]);
    return Number(await desktop.run("identify", ["-format", "%k", file])) > 100 || undefined;
  });
}
