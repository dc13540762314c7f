import { join } from "node:path";
import type { Desktop } from "./desktop";
import { BUILT } from "./places";
import { firstLine, until } from "./processes";

/** What programs tell a desktop of their starts (Startup Notification Specification). */
export class StartupWatch {
  readonly messages: string[] = [];

  static async start(desktop: Desktop): Promise<StartupWatch> {
    const process = desktop.processes.start(join(BUILT, "startup-watch"), [], {
      env: desktop.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const watch = new StartupWatch();
    let rest = "";
    await firstLine(process);
    process.stdout?.on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop() ?? "";
      watch.messages.push(...lines);
    });
    return watch;
  }

  /** Waits until a start has ended for the desktop: its busy pointer goes. */
  async ended(id: string): Promise<void> {
    await until(`the start ${id} has ended`, () => {
      const ends = (message: string) =>
        message.startsWith("remove:") && message.replaceAll('"', "").includes(`ID=${id}`);
      return this.messages.some(ends) || undefined;
    });
  }
}
