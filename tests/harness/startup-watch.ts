import { join } from "node:path";
import type { Desktop } from "./desktop";
import { BIN_DIR } from "./paths";
import { firstLine, waitFor } from "./processes";

/** Records the messages by which programs report their starts (Startup Notification Specification). */
export class StartupWatch {
  readonly messages: string[] = [];

  static async start(desktop: Desktop): Promise<StartupWatch> {
    const process = desktop.processes.start(join(BIN_DIR, "startup-watch"), [], {
      env: desktop.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const watch = new StartupWatch();
    let incomplete = "";
    await firstLine(process);
    process.stdout?.on("data", (chunk: string) => {
      const lines = (incomplete + chunk).split("\n");
      incomplete = lines.pop() ?? "";
      watch.messages.push(...lines);
    });
    return watch;
  }

  /** Waits for the message that a start is complete, on which the desktop drops its busy pointer. */
  async waitForEnd(id: string): Promise<void> {
    await waitFor(`the start ${id} is complete`, () =>
      this.messages.some(
        (message) =>
          message.startsWith("remove:") && message.replaceAll('"', "").includes(`ID=${id}`),
      ),
    );
  }
}
