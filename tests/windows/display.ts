/** A display that nobody sees, for programs that open windows. */
import { firstLine, type Processes } from "../harness/processes";

/** Starts a display among the processes and returns its name. */
export async function startDisplay(processes: Processes): Promise<string> {
  const display = processes.start(
    "Xvfb",
    ["-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp"],
    { stdio: ["ignore", "ignore", "ignore", "pipe"] },
  );
  return `:${await firstLine(display, 3)}`;
}
