/** A window that is closed while the app lives on in the tray. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "./processes";
import type { Stage } from "./stage";
import type { Tray } from "./tray";

/** The processes that draw pages for the app. */
export function webKits({ desktop }: Stage): number[] {
  return desktop.processIds((command) => /WebKit(Web|Network)Process/.test(command));
}

/** Closes the window, and waits until nothing draws any more while the app lives on. */
export async function closeIntoTray(stage: Stage): Promise<void> {
  const { app } = stage;
  await app.closeWindow();
  await until("no WebKit process is left", () => webKits(stage).length === 0 || undefined);
  await until("the app lives on", () => app.processIds().length === 1 || undefined);
}

/** A process's sockets, which the kernel gives numbers to that no other has. */
function sockets(id: number): Set<string> {
  const folder = `/proc/${String(id)}/fd`;
  const files = readdirSync(folder).map((number) => {
    try {
      return readlinkSync(join(folder, number));
    } catch {
      return "closed meanwhile";
    }
  });
  return new Set(files.filter((file) => file.startsWith("socket:")));
}

/** Closes it where nothing is under way: then the app lives on as a process that has drawn nothing yet. */
export async function closeAndBeginAnew(stage: Stage, tray: Tray): Promise<void> {
  const { app, desktop } = stage;
  const begun = () => desktop.appLog().match(/ started version=/g)?.length ?? 0;
  const before = begun();
  const [id = 0] = app.processIds();
  const had = sockets(id);
  await closeIntoTray(stage);
  await until("the app begins anew", () => begun() > before || undefined);
  assert.deepEqual(app.processIds(), [id], "by the same number");
  assert.match(readFileSync(`/proc/${String(id)}/cmdline`, "utf8"), /\0--in-the-tray\0$/);
  await tray.shows("Open");
  const kept = [...sockets(id)].filter((socket) => had.has(socket));
  assert.deepEqual(kept, [], "with nothing of the old one's open");
}
