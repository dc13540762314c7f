import { commands, type PageFault } from "./bindings";

const reported = new Set<PageFault>();

/** Has the core log that something failed here: once each, and nothing of what was shown. */
export function report(fault: PageFault): void {
  if (reported.has(fault)) return;
  reported.add(fault);
  // Where the core can't be reached either, there is nobody to tell.
  commands.reportFault(fault).catch(() => undefined);
}
