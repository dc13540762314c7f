import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Desktop } from "./desktop";
import { BIN_DIR } from "./paths";
import { terminate, waitFor } from "./processes";

type MenuItem = { label: string; enabled: boolean; ticked: boolean };
type Notification = { summary: string; body: string };

/** The desktop's tray and notification server, `practice-tray`. Without it the desktop has neither. */
export class Tray {
  readonly #responses: AsyncIterator<string>;

  private constructor(
    readonly process: ChildProcess,
    lines: Interface,
  ) {
    this.#responses = lines[Symbol.asyncIterator]();
  }

  static async start(desktop: Desktop): Promise<Tray> {
    const process = desktop.processes.start(join(BIN_DIR, "practice-tray"), [], {
      env: desktop.env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!process.stdout) throw new Error("the tray's output is not a pipe");
    const tray = new Tray(process, createInterface({ input: process.stdout }));
    await tray.#response();
    return tray;
  }

  async #response(): Promise<unknown> {
    const next = await this.#responses.next();
    if (next.done === true) throw new Error("the tray's process has exited");
    return JSON.parse(next.value);
  }

  async #request(command: string): Promise<unknown> {
    this.process.stdin?.write(`${command}\n`);
    return this.#response();
  }

  /** The items of the app's menu; none while the app is not in the tray. */
  async menu(): Promise<MenuItem[]> {
    const { menu } = (await this.#request("menu")) as { menu?: MenuItem[] | null };
    return menu ?? [];
  }

  /** Waits until the app's menu has an item. */
  async waitForItem(label: string): Promise<MenuItem> {
    return waitFor(`the tray shows "${label}"`, async () =>
      (await this.menu()).find((item) => item.label === label),
    );
  }

  /** Waits until an item is checked: a menu that is redrawn discards a choice made in it. */
  async waitForChecked(label: string): Promise<void> {
    await waitFor(`"${label}" is checked in the tray`, async () =>
      (await this.menu()).some((item) => item.label === label && item.ticked),
    );
  }

  /** Chooses an item of the app's menu as soon as it is there. */
  async choose(label: string): Promise<void> {
    await waitFor(`"${label}" is chosen in the tray`, async () => {
      const { chosen } = (await this.#request(`choose ${label}`)) as { chosen?: boolean };
      return chosen === true;
    });
  }

  async notifications(): Promise<Notification[]> {
    return ((await this.#request("notifications")) as { notifications: Notification[] })
      .notifications;
  }

  /** Waits until there is a notification. */
  async waitForNotifications(): Promise<Notification[]> {
    return waitFor("there is a notification", async () => {
      const all = await this.notifications();
      return all.length > 0 ? all : undefined;
    });
  }

  /** Clicks on a notification; the first one is number 1. */
  async click(number: number): Promise<void> {
    assert.deepEqual(await this.#request(`click ${String(number)}`), { clicked: true });
  }

  /** Claims the app's name on the bus, as a program does that wants the links sent to the app. */
  async squat(name: string): Promise<void> {
    assert.deepEqual(await this.#request(`squat ${name}`), { squats: true });
  }

  /** What was sent to the claimed name. */
  async receivedBySquatter(): Promise<string[]> {
    return ((await this.#request("handed over")) as { handed_over: string[] }).handed_over;
  }

  /** Stops the panel and with it the tray. */
  async stop(): Promise<void> {
    await terminate(this.process);
  }
}
