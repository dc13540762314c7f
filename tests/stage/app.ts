import { basename, join } from "node:path";
import { Builder, By, type WebDriver, type WebElement } from "selenium-webdriver";
import type { Desktop } from "./desktop";
import { BUILT } from "./places";
import { freePort, Processes, until, within } from "./processes";

/** The built app on a desktop: started by hand or by a link, its window driven over WebDriver. */
export class App {
  readonly #drivers = new Processes();
  #window: WebDriver | undefined;

  private constructor(
    readonly desktop: Desktop,
    readonly program: string,
    readonly inspectorPort: number,
  ) {}

  /**
   * Prepares a desktop for the app. WebKit's inspector is told its port by a variable, so that a
   * driver can also attach to an app that a link started.
   */
  static async prepare(
    desktop: Desktop,
    provisioning: string | Uint8Array | undefined,
    program = join(BUILT, "sign-in-with-amiqus"),
  ): Promise<App> {
    const port = await freePort();
    desktop.env.WEBKIT_INSPECTOR_SERVER = `127.0.0.1:${String(port)}`;
    desktop.env.TAURI_WEBVIEW_AUTOMATION = "true";
    const app = new App(desktop, program, port);
    app.provision(provisioning);
    return app;
  }

  /** Writes the provisioning file, or says that there is none. */
  provision(text: string | Uint8Array | undefined): void {
    this.desktop.env.AMIQUS_PROVISIONING_FILE =
      text === undefined ? "" : this.desktop.write("provisioning.json", text);
  }

  /** Starts the app and attaches to its window. */
  async start(args: readonly string[] = []): Promise<void> {
    this.launch(args);
    await this.attach();
  }

  /** Starts the app, or a second copy of it. */
  launch(args: readonly string[] = []): void {
    this.desktop.processes.start(this.program, args, { env: this.desktop.env });
  }

  /**
   * Attaches to the window of the app that is running, whoever started it. A driver that came while
   * WebKit was not ready for one may wait for ever; another one is tried then.
   */
  async attach(): Promise<void> {
    const tries = 4;
    for (let count = 1; this.#window === undefined; count += 1) {
      try {
        this.#window = await this.#attachOnce();
      } catch (problem) {
        await this.#drivers.stop();
        if (count === tries) throw problem;
      }
    }
  }

  async #attachOnce(): Promise<WebDriver> {
    await until("the app runs", () => this.processIds().length > 0 || undefined);
    const port = await freePort();
    this.#drivers.start(
      "WebKitWebDriver",
      [`--port=${String(port)}`, `--target=127.0.0.1:${String(this.inspectorPort)}`],
      { env: this.desktop.env },
    );
    const server = `http://127.0.0.1:${String(port)}`;
    await until("the window's driver listens", async () => {
      return (await fetch(`${server}/status`)).ok || undefined;
    });
    return until(
      "the window can be driven",
      () => new Builder().usingServer(server).withCapabilities({ browserName: "wry" }).build(),
      8_000,
    );
  }

  /**
   * Waits until the app has opened its window so often, and the page in it follows the state. A driver
   * can only be had for the first window of a process.
   */
  async opened(times: number): Promise<void> {
    await until(`the window was opened ${String(times)} times`, async () => {
      const follows = this.desktop.appLog().split("a window follows the state").length - 1;
      const windows = await this.desktop.run("wmctrl", ["-l"]);
      // At least: a page that a driver came too early for is loaded again.
      return (follows >= times && windows.includes("Sign in with Amiqus")) || undefined;
    });
  }

  get window(): WebDriver {
    if (!this.#window) throw new Error("the app's window is not attached");
    return this.#window;
  }

  /** Waits for a state, as the window's own body bears it. */
  async state(name: string, milliseconds?: number): Promise<void> {
    await until(
      `the window is in the state ${name}`,
      async () => ((await this.bodyData("data-state")) === name ? true : undefined),
      milliseconds,
    );
  }

  /** Where there is no keychain: chooses what the vault is kept with, and sees it opened. */
  async choosePassphrase(passphrase: string): Promise<void> {
    await this.state("locked");
    await this.type("Passphrase", passphrase);
    await this.type("Passphrase, once more", passphrase);
    await this.press("Use this passphrase");
    await this.state("signed-out");
  }

  /** Waits for a problem. */
  async problem(code: string): Promise<void> {
    await until(`the window shows the problem ${code}`, async () =>
      (await this.bodyData("data-problem")) === code ? true : undefined,
    );
  }

  async bodyData(attribute: string): Promise<string | null> {
    return this.window.findElement(By.css("body")).getAttribute(attribute);
  }

  /** All that the window says. */
  async text(): Promise<string> {
    return this.window.findElement(By.css("body")).getText();
  }

  /** Waits until the window says something. */
  async says(words: string): Promise<void> {
    await until(`the window says "${words}"`, async () =>
      (await this.text()).includes(words) ? true : undefined,
    );
  }

  /** Presses a button by its accessible name. */
  async press(name: string): Promise<void> {
    await until(`the button "${name}" is pressed`, async () => {
      const button = await this.#named("button, summary, a, input[type=checkbox]", name);
      await button?.click();
      return button && true;
    });
  }

  /** Whether there is such a button. */
  async offers(name: string): Promise<boolean> {
    return (await this.#named("button, a", name)) !== undefined;
  }

  /** Types into a field by its label. */
  async type(label: string, text: string): Promise<void> {
    const field = await until(`there is a field "${label}"`, () =>
      this.#named("input, textarea", label),
    );
    await field.clear();
    await field.sendKeys(text);
  }

  async #named(selector: string, name: string): Promise<WebElement | undefined> {
    for (const element of await this.window.findElements(By.css(selector))) {
      if ((await element.getAccessibleName()) === name) return element;
    }
    return undefined;
  }

  /** A picture of the window's content. */
  async picture(path: string): Promise<void> {
    // The body bears its state a frame or two before the screen is painted.
    await this.window.executeAsyncScript(`
      const done = arguments[arguments.length - 1];
      const ends = document.getAnimations()
        .filter((animation) => animation.effect?.getTiming().iterations !== Infinity)
        .map((animation) => animation.finished);
      const settled = Promise.allSettled(ends);
      requestAnimationFrame(() => requestAnimationFrame(() => settled.then(() => setTimeout(done, 100))));
    `);
    // As the display shows it: the driver's own picture waits for ever where no graphics card draws.
    await this.desktop.run("import", ["-window", "Sign in with Amiqus", path]);
  }

  /** The ids of this desktop's copies of the app. */
  processIds(): number[] {
    // A desktop entry may name it without its path.
    const names = [this.program, basename(this.program)];
    return this.desktop.processIds((command) => names.includes(command));
  }

  /** Closes the app as its person would, where there is no tray: by its window. */
  async close(): Promise<void> {
    await this.closeWindow();
    await this.gone();
  }

  /** Closes the window; where there is a tray the app lives on. */
  async closeWindow(): Promise<void> {
    await this.detach();
    await this.desktop.run("wmctrl", ["-F", "-c", "Sign in with Amiqus"]);
  }

  /** Ends every copy of the app at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.detach();
    for (const id of this.processIds()) process.kill(id, "SIGKILL");
    await this.gone();
  }

  async gone(): Promise<void> {
    await until("the app has ended", () => this.processIds().length === 0 || undefined);
  }

  async detach(): Promise<void> {
    const window = this.#window;
    this.#window = undefined;
    if (window) await within(3_000, "the driver lets go", window.quit()).catch(() => undefined);
    await this.#drivers.stop();
  }

  /** The name of the window that has the focus. */
  async focusedWindow(): Promise<string> {
    return (await this.desktop.run("xdotool", ["getactivewindow", "getwindowname"])).trim();
  }

  async stop(): Promise<void> {
    await this.kill();
  }
}
