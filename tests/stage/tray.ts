import assert from "node:assert/strict";
import { createInterface, type Interface } from "node:readline";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { Desktop } from "./desktop";
import { BUILT } from "./places";
import { end, until } from "./processes";

type Line = { label: string; enabled: boolean; ticked: boolean };
type Notification = { summary: string; body: string };

/** A desktop's tray and notifications: without one on the bus, there is none. */
export class Tray {
  readonly #answers: AsyncIterator<string>;

  private constructor(
    readonly process: ChildProcess,
    lines: Interface,
  ) {
    this.#answers = lines[Symbol.asyncIterator]();
  }

  static async start(desktop: Desktop): Promise<Tray> {
    const process = desktop.processes.start(join(BUILT, "practice-tray"), [], {
      env: desktop.env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!process.stdout) throw new Error("the tray has no output");
    const tray = new Tray(process, createInterface({ input: process.stdout }));
    await tray.#answer();
    return tray;
  }

  async #answer(): Promise<unknown> {
    const next = await this.#answers.next();
    if (next.done === true) throw new Error("the tray has ended");
    return JSON.parse(next.value);
  }

  async #ask(wish: string): Promise<unknown> {
    this.process.stdin?.write(`${wish}\n`);
    return this.#answer();
  }

  /** The lines of the app's menu; none while the app is not in the tray. */
  async menu(): Promise<Line[]> {
    const { menu } = (await this.#ask("menu")) as { menu?: Line[] | null };
    return menu ?? [];
  }

  /** Waits until the app's menu has such a line. */
  async shows(label: string): Promise<Line> {
    return until(`the tray shows "${label}"`, async () =>
      (await this.menu()).find((line) => line.label === label),
    );
  }

  /** Waits until such a line bears a tick: a menu that is drawn anew has forgotten what was chosen in it. */
  async ticks(label: string): Promise<void> {
    await until(`"${label}" is ticked in the tray`, async () => {
      const lines = await this.menu();
      return lines.some((line) => line.label === label && line.ticked) || undefined;
    });
  }

  /** Chooses a line of the app's menu, as soon as it is there. */
  async choose(label: string): Promise<void> {
    await until(`"${label}" is chosen in the tray`, async () => {
      const { chosen } = (await this.#ask(`choose ${label}`)) as { chosen?: boolean };
      return chosen === true || undefined;
    });
  }

  async notifications(): Promise<Notification[]> {
    return ((await this.#ask("notifications")) as { notifications: Notification[] }).notifications;
  }

  /** Clicks on a notification; the first one is number 1. */
  async click(number: number): Promise<void> {
    assert.deepEqual(await this.#ask(`click ${String(number)}`), { clicked: true });
  }

  /** Takes an app's name on the bus, as a program does that is after what the app is handed. */
  async squat(name: string): Promise<void> {
    assert.deepEqual(await this.#ask(`squat ${name}`), { squats: true });
  }

  /** What was handed to whoever has that name. */
  async handedOver(): Promise<string[]> {
    return ((await this.#ask("handed over")) as { handed_over: string[] }).handed_over;
  }

  /** The panel ends, and the tray with it. */
  async stop(): Promise<void> {
    await end(this.process);
  }
}
