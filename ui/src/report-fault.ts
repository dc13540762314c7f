import { commands, type PageFault } from "./bindings";

const reported = new Set<PageFault>();

/** Logs through the core that something failed here: each kind once, without what was shown. */
export function reportFault(fault: PageFault): void {
  if (reported.has(fault)) return;
  reported.add(fault);
  // Without the core there is nowhere to log it.
  commands.reportFault(fault).catch(() => undefined);
}
