import { basename, join } from "node:path";
import { Builder, By, type WebDriver, type WebElement } from "selenium-webdriver";
import type { Desktop } from "./desktop";
import { logLines } from "./log-lines";
import { BIN_DIR } from "./paths";
import type { Practice } from "./practice";
import { Processes, reservePort, waitFor, withTimeout } from "./processes";

const WINDOW_TITLE = "Sign in with Amiqus";
const MAX_ATTACH_ATTEMPTS = 4;
/** How long one WebDriver session may take to start, in milliseconds. */
const SESSION_TIMEOUT = 8_000;
/** How long what a key does may take, in milliseconds. */
const KEY_TIMEOUT = 2_000;
/** How long a driver may take to quit, in milliseconds. */
const QUIT_TIMEOUT = 3_000;

/** The built app on a desktop, started by the test or by a link, with its window under WebDriver. */
export class App {
  readonly #drivers = new Processes();
  #window: WebDriver | undefined;

  private constructor(
    readonly desktop: Desktop,
    readonly program: string,
    readonly inspectorPort: number,
  ) {}

  /**
   * Prepares a desktop for the app. WebKit's inspector gets its port from the environment, so that a
   * driver can attach to an app that a link started, too.
   */
  static async prepare(
    desktop: Desktop,
    provisioning: string | Uint8Array | undefined,
    program = join(BIN_DIR, "sign-in-with-amiqus"),
  ): Promise<App> {
    const port = await reservePort();
    desktop.env.WEBKIT_INSPECTOR_SERVER = `127.0.0.1:${String(port)}`;
    desktop.env.TAURI_WEBVIEW_AUTOMATION = "true";
    const app = new App(desktop, program, port);
    app.provision(provisioning);
    return app;
  }

  /** Writes the provisioning file, or removes it from the app's environment. */
  provision(text: string | Uint8Array | undefined): void {
    this.desktop.env.AMIQUS_PROVISIONING_FILE =
      text === undefined ? "" : this.desktop.write("provisioning.json", text);
  }

  /** Starts the app and attaches to its window. */
  async start(args: readonly string[] = []): Promise<void> {
    this.launch(args);
    await this.attach();
  }

  /** Starts the app, or a second instance of it. */
  launch(args: readonly string[] = []): void {
    this.desktop.processes.start(this.program, args, { env: this.desktop.env });
  }

  /**
   * Attaches to the window of the running app. A driver that connects before WebKit is ready may hang,
   * so a new one is tried.
   */
  async attach(): Promise<void> {
    for (let attempt = 1; this.#window === undefined; attempt += 1) {
      try {
        this.#window = await this.#attachOnce();
      } catch (error) {
        await this.#drivers.stop();
        if (attempt === MAX_ATTACH_ATTEMPTS) throw error;
      }
    }
  }

  async #attachOnce(): Promise<WebDriver> {
    await waitFor("the app is running", () => this.processIds().length > 0);
    const port = await reservePort();
    this.#drivers.start(
      "WebKitWebDriver",
      [`--port=${String(port)}`, `--target=127.0.0.1:${String(this.inspectorPort)}`],
      { env: this.desktop.env },
    );
    const server = `http://127.0.0.1:${String(port)}`;
    await waitFor("the window's driver listens", async () => (await fetch(`${server}/status`)).ok);
    return waitFor(
      "the driver has a session",
      () => new Builder().usingServer(server).withCapabilities({ browserName: "wry" }).build(),
      SESSION_TIMEOUT,
    );
  }

  /**
   * Waits until the window has been opened this often and its page follows the state. For any window
   * but a process's first one, which alone a driver can attach to.
   */
  async waitForWindows(count: number): Promise<void> {
    await waitFor(`the window was opened ${String(count)} times`, async () => {
      const pages = this.desktop.countInLog(logLines.windowFollowsState);
      const windows = await this.desktop.run("wmctrl", ["-l"]);
      // At least: a page that a driver attached to too early is loaded again.
      return pages >= count && windows.includes(WINDOW_TITLE);
    });
  }

  get window(): WebDriver {
    if (!this.#window) throw new Error("no driver is attached to the app's window");
    return this.#window;
  }

  /** Waits for a state in the window's `data-state`. */
  async waitForState(name: string, milliseconds?: number): Promise<void> {
    await waitFor(
      `the window is in the state ${name}`,
      async () => (await this.bodyData("data-state")) === name,
      milliseconds,
    );
  }

  /** Chooses the passphrase for the vault, where there is no keychain, and waits until it is open. */
  async choosePassphrase(passphrase: string): Promise<void> {
    await this.waitForState("locked");
    await this.type("Passphrase", passphrase);
    await this.press("Save passphrase");
    await this.waitForState("signed-out");
  }

  /** Waits for a problem in the window's `data-problem`. */
  async waitForProblem(code: string): Promise<void> {
    await waitFor(
      `the window shows the problem ${code}`,
      async () => (await this.bodyData("data-problem")) === code,
    );
  }

  async bodyData(attribute: string): Promise<string | null> {
    return this.window.findElement(By.css("body")).getAttribute(attribute);
  }

  /** The visible text of the window. */
  async text(): Promise<string> {
    return this.window.findElement(By.css("body")).getText();
  }

  /** Waits until the window's text contains this. */
  async waitForText(text: string): Promise<void> {
    await waitFor(`the window says "${text}"`, async () => (await this.text()).includes(text));
  }

  /** Presses a button by its accessible name. */
  async press(name: string): Promise<void> {
    await waitFor(`the button "${name}" is pressed`, async () => {
      const button = await this.#named("button, summary, a, input[type=checkbox]", name);
      if (!button) return false;
      // As a user scrolls to what the bar at the window's edge covers.
      await this.window.executeScript("arguments[0].scrollIntoView({ block: 'center' })", button);
      await button.click();
      return true;
    });
  }

  /** Chooses an action in the menu of an account: of the first one unless a name is given. */
  async choose(action: string, account = ""): Promise<void> {
    // Together: a new state may have closed the menu.
    await waitFor(`"${action}" is chosen`, async () => {
      if (!(await this.#openMenu(account))) return false;
      const item = await this.#named("[role=toolbar] button", action);
      await item?.click();
      return item !== undefined;
    });
  }

  /** Renews the account in use, and waits until that has succeeded. */
  async renew(): Promise<void> {
    await this.choose("Renew now");
    await waitFor("the account is renewed", async () => {
      const [status] = await this.window.findElements(By.css("[role=status]"));
      return (await status?.getAttribute("textContent")) === "Renewed.";
    });
  }

  /** Presses a button that closes the window: a click through the driver might never be answered. */
  async pressToClose(name: string): Promise<void> {
    const button = await waitFor(`there is a button "${name}"`, () => this.#named("button", name));
    await this.window.executeScript(
      "setTimeout((button) => button.click(), 100, arguments[0])",
      button,
    );
    await this.detach();
  }

  /** Signs an account out, and answers the question about it. */
  async signOut(account = ""): Promise<void> {
    await this.choose("Sign out", account);
    await this.press("Sign out");
  }

  /** Opens an account's menu unless it is open; false where there is none. */
  async #openMenu(account: string): Promise<boolean> {
    for (const button of await this.window.findElements(By.css("[aria-expanded]"))) {
      const name = await button.getAccessibleName();
      if (!name.startsWith(`More for ${account}`)) continue;
      if ((await button.getAttribute("aria-expanded")) !== "true") await button.click();
      return true;
    }
    return false;
  }

  /** Whether there is an account with a menu. */
  async hasAccount(): Promise<boolean> {
    const menus = await this.window.findElements(By.css("[data-menu]"));
    return menus.length > 0;
  }

  /** Opens the settings, unless they are open. */
  async openSettings(): Promise<void> {
    if (await this.hasButton("Settings and help")) await this.press("Settings and help");
    await this.waitForText("Support report");
  }

  /** Leaves the settings. */
  async closeSettings(): Promise<void> {
    const accounts = "Back to your accounts";
    await this.press((await this.hasButton(accounts)) ? accounts : "Back to the start");
  }

  /** Fills in the form with which an administrator sets the app up; without saving it. */
  async enterRegistration(
    { ready, baseUrl }: Practice,
    clientSecret = ready.client_secret,
  ): Promise<void> {
    await this.administrate();
    await this.type("Client ID", ready.client_id);
    await this.type("Client secret", clientSecret);
    await this.press("Advanced");
    await this.type("Amiqus address", baseUrl);
  }

  /** Opens the form with which an administrator sets the app up. */
  async administrate(): Promise<void> {
    await this.waitForState("needs-setup");
    await this.press("I’m the administrator");
  }

  /** Whether the window has a button with this accessible name. */
  async hasButton(name: string): Promise<boolean> {
    return (await this.#named("button, a", name)) !== undefined;
  }

  /** Types into a field by its label. */
  async type(label: string, text: string): Promise<void> {
    const field = await waitFor(`there is a field "${label}"`, () =>
      this.#named("input, textarea", label),
    );
    await field.clear();
    await field.sendKeys(text);
  }

  /**
   * Presses a key in the window until that has worked: a browser comes to the front whenever it is
   * ready, and takes the key.
   */
  async keyUntil(
    key: string,
    what: string,
    hasWorked: () => Promise<boolean> | boolean,
    field?: WebElement,
  ): Promise<void> {
    await waitFor(what, async () => {
      if (await hasWorked()) return true;
      // A window that is gone can't be raised.
      await this.desktop.run("wmctrl", ["-F", "-a", WINDOW_TITLE]).catch(() => undefined);
      await field?.click();
      await this.desktop.run("xdotool", ["key", key]);
      // A key that is pressed again too early would act twice.
      return waitFor(what, hasWorked, KEY_TIMEOUT).then(
        () => true,
        () => false,
      );
    });
  }

  /** Pastes the clipboard's text into a field; returns what the field has then. */
  async pasteInto(label: string): Promise<string> {
    const field = await waitFor(`there is a field "${label}"`, () =>
      this.#named("input, textarea", label),
    );
    const value = () => field.getAttribute("value");
    const isFilled = async () => Boolean(await value());
    await this.keyUntil("ctrl+v", "something is pasted", isFilled, field);
    return value();
  }

  async #named(selector: string, name: string): Promise<WebElement | undefined> {
    // What lies below a dialog, or is covered by the settings, can't be used.
    const usable = await this.window.executeScript<WebElement[]>(
      `const root = document.querySelector("dialog[open]") ?? document;
       return [...root.querySelectorAll(arguments[0])].filter((element) => element.checkVisibility());`,
      selector,
    );
    for (const element of usable) {
      if ((await element.getAccessibleName()) === name) return element;
    }
    return undefined;
  }

  /** Takes a picture of the window. */
  async screenshot(path: string): Promise<void> {
    // The body has its state a frame or two before the screen is painted.
    await this.window.executeAsyncScript(`
      const done = arguments[arguments.length - 1];
      const ends = document.getAnimations()
        .filter((animation) => animation.effect?.getTiming().iterations !== Infinity)
        .map((animation) => animation.finished);
      const settled = Promise.allSettled(ends);
      requestAnimationFrame(() => requestAnimationFrame(() => settled.then(() => setTimeout(done, 100))));
    `);
    // From the display: the driver's own screenshot hangs where there is no graphics card.
    await this.desktop.captureWindow(WINDOW_TITLE, path);
  }

  /** The ids of this desktop's instances of the app. */
  processIds(): number[] {
    // A desktop entry may name the program without its path.
    const names = [this.program, basename(this.program)];
    return this.desktop.processIds((command) => names.includes(command));
  }

  /** Closes the window and waits for the app to exit, as it does where there is no tray. */
  async close(): Promise<void> {
    await this.closeWindow();
    await this.waitForExit();
  }

  /** Closes the window. Where there is a tray the app keeps running. */
  async closeWindow(): Promise<void> {
    await this.detach();
    await this.desktop.run("wmctrl", ["-F", "-c", WINDOW_TITLE]);
  }

  /** Kills every instance of the app, as a power cut would. */
  async kill(): Promise<void> {
    await this.detach();
    for (const id of this.processIds()) process.kill(id, "SIGKILL");
    await this.waitForExit();
  }

  async waitForExit(): Promise<void> {
    await waitFor("the app has exited", () => this.processIds().length === 0);
  }

  async detach(): Promise<void> {
    const window = this.#window;
    this.#window = undefined;
    if (window) {
      await withTimeout(QUIT_TIMEOUT, "the driver quits", window.quit()).catch(() => undefined);
    }
    await this.#drivers.stop();
  }

  /** The title of the window that has the focus. */
  async focusedWindow(): Promise<string> {
    return (await this.desktop.run("xdotool", ["getactivewindow", "getwindowname"])).trim();
  }
}
