import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** How long a process may take to end by itself before it is killed, in milliseconds. */
const GRACE = 3_000;

/** Processes that end when the one who started them is done: the last started ends first. */
export class Processes {
  readonly #running: ChildProcess[] = [];

  start(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(program, args, { stdio: "ignore", ...options });
    child.on("error", (problem) => {
      console.error(`${program} can't be started: ${problem.message}`);
    });
    this.#running.push(child);
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.#running.reverse()) await end(child);
    this.#running.length = 0;
  }
}

/** Ends a process and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return;
  const gone = once(child, "exit");
  child.kill(signal);
  const impatience = setTimeout(() => child.kill("SIGKILL"), GRACE);
  await gone;
  clearTimeout(impatience);
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The first line that a process says on one of its outputs. */
export async function firstLine(child: ChildProcess, output = 1): Promise<string> {
  const stream = child.stdio[output];
  if (!stream || !("setEncoding" in stream)) throw new Error("that output is not a pipe");
  stream.setEncoding("utf8");
  let said = "";
  for await (const part of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    said += part;
    const [line, ...rest] = said.split("\n");
    if (rest.length > 0 && line !== undefined) {
      stream.resume();
      return line;
    }
  }
  throw new Error(`${child.spawnfile} ended without a word`);
}

/**
 * A port that nobody has, for a program that can't take a free one by itself. Below those that the
 * system hands out, so that no connection that begins meanwhile gets it.
 */
export async function freePort(): Promise<number> {
  return until("a port is free", async () => {
    const server = createServer();
    server.listen(10_000 + Math.floor(Math.random() * 20_000), "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    return typeof address === "object" ? address?.port : undefined;
  });
}

/** Waits for an answer, and no longer than this. */
export async function within<Answer>(
  milliseconds: number,
  what: string,
  answer: Promise<Answer> | Answer,
): Promise<Answer> {
  let alarm: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    alarm = setTimeout(() => {
      reject(new Error(`no answer within ${String(milliseconds)} ms: ${what}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(alarm);
  }
}

/** Asks again and again until there is an answer. */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  milliseconds = 15_000,
): Promise<Answer> {
  const deadline = Date.now() + milliseconds;
  let last: unknown;
  do {
    try {
      const answer = await within(Math.max(deadline - Date.now(), 1), what, ask());
      if (answer !== undefined) return answer;
    } catch (problem) {
      last = problem;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < deadline);
  throw new Error(`waited ${String(milliseconds)} ms in vain: ${what}`, { cause: last });
}
