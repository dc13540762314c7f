import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** How long a process may take to exit after SIGTERM before it is killed, in milliseconds. */
const TERMINATION_TIMEOUT = 3_000;
/** How long `waitFor` polls unless told otherwise, in milliseconds. */
const WAIT_TIMEOUT = 15_000;
/** The pause between two polls, in milliseconds. */
const POLL_INTERVAL = 50;

/** Child processes that are terminated together, the last started first. */
export class Processes {
  readonly #running: ChildProcess[] = [];

  start(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(program, args, { stdio: "ignore", ...options });
    child.on("error", (error) => {
      console.error(`${program} can't be started: ${error.message}`);
    });
    this.#running.push(child);
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.#running.reverse()) await terminate(child);
    this.#running.length = 0;
  }
}

/** Signals a process and waits until it has exited; kills it when it takes too long. */
export async function terminate(
  child: ChildProcess,
  signal: NodeJS.Signals = "SIGTERM",
): Promise<void> {
  if (child.pid === undefined || hasExited(child)) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const killTimer = setTimeout(() => child.kill("SIGKILL"), TERMINATION_TIMEOUT);
  await exited;
  clearTimeout(killTimer);
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The first line that a process writes to one of its outputs. */
export async function firstLine(child: ChildProcess, output = 1): Promise<string> {
  const stream = child.stdio[output];
  if (!stream || !("setEncoding" in stream)) throw new Error("that output is not a pipe");
  stream.setEncoding("utf8");
  let text = "";
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    text += chunk;
    const [line, ...rest] = text.split("\n");
    if (rest.length > 0 && line !== undefined) {
      stream.resume();
      return line;
    }
  }
  throw new Error(`${child.spawnfile} exited without any output`);
}

/**
 * Reserves a loopback TCP port for a program that can't bind port 0 and report what it got. It is
 * below the ephemeral range, so that no outgoing connection takes it. The UDP port of the same number
 * is the lock: this process holds it to its end, so that another test process never picks the same.
 */
export async function reservePort(): Promise<number> {
  return waitFor("a port is free", async () => {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const lock = createSocket("udp4").unref();
    try {
      lock.bind({ port, address: "127.0.0.1", exclusive: true });
      await once(lock, "listening");
      await bindOnce(port);
      return port;
    } catch (error) {
      lock.close();
      throw error;
    }
  });
}

/** Binds a TCP port and releases it; rejects when another program has it. */
async function bindOnce(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

/** Waits for a result, no longer than the timeout. */
export async function withTimeout<T>(
  milliseconds: number,
  description: string,
  result: Promise<T> | T,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${String(milliseconds)} ms: ${description}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Polls until the result is neither `undefined` nor `false`; errors count as "not yet". */
export async function waitFor<T>(
  description: string,
  poll: () => Promise<T | undefined | false> | T | undefined | false,
  milliseconds = WAIT_TIMEOUT,
): Promise<T> {
  const deadline = Date.now() + milliseconds;
  let cause: unknown;
  do {
    try {
      const result = await withTimeout(Math.max(deadline - Date.now(), 1), description, poll());
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  } while (Date.now() < deadline);
  throw new Error(`timed out after ${String(milliseconds)} ms: ${description}`, { cause });
}
