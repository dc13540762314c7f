import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { WebDriver } from "selenium-webdriver";
import { App } from "./app";
import { Browser, press, pressIfPresent } from "./browser";
import { Desktop, type DesktopOptions } from "./desktop";
import { ROOT } from "./paths";
import { Practice } from "./practice";
import { waitFor } from "./processes";

/** A loopback address that is added and removed to signal a network change. */
const EXTRA_ADDRESS = "127.77.0.2/8";

export type HarnessOptions = {
  /** The text of the provisioning file; by default one for the fake server. */
  provisioning?: (practice: Practice) => string | Uint8Array | undefined;
  /** Arguments for the fake server. */
  practice?: (desktop: Desktop) => readonly string[];
  /** The app's program; by default the built one. */
  program?: string;
  /** The URL scheme that the app registers; by default the built one's. */
  scheme?: string;
} & DesktopOptions;

/** Everything a journey needs: a desktop, a fake Amiqus server, a browser and the app. */
export class Harness {
  private constructor(
    readonly desktop: Desktop,
    readonly practice: Practice,
    readonly browser: Browser,
    readonly app: App,
  ) {}

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const desktop = await Desktop.start(options);
    try {
      const practice = await Practice.start(options.practice?.(desktop) ?? []);
      const browser = Browser.install(
        desktop,
        practice.baseUrl,
        options.scheme ?? "co.amiqus.signin",
      );
      const provisioning = options.provisioning ?? ((server) => server.provisioning());
      const app = await App.prepare(desktop, provisioning(practice), options.program);
      return new Harness(desktop, practice, browser, app);
    } catch (error) {
      await desktop.stop();
      throw error;
    }
  }

  /** Waits for the tab of the authorization request: the consent page, or the login before it. */
  consentPage(): Promise<WebDriver> {
    return this.browser.waitForTab((address) =>
      ["/oauth/authorize", "/login"].some((path) =>
        address.startsWith(this.practice.baseUrl + path),
      ),
    );
  }

  /** Logs in where the browser asks for it, answers the consent page, and returns the tab. */
  async consent(choice: "Allow" | "Deny" = "Allow", user = "Bob Gale"): Promise<WebDriver> {
    const tab = await this.consentPage();
    await waitFor(`"${choice}" is pressed`, async () => {
      await pressIfPresent(tab, `Log in as ${user}`);
      return pressIfPresent(tab, choice);
    });
    await this.browser.releaseTab();
    return tab;
  }

  /** Starts a sign-in and waits until the app awaits the browser. */
  async startSignIn(
    button: "Sign in with Amiqus" | "Add another account" = "Sign in with Amiqus",
  ): Promise<void> {
    await this.app.press(button);
    await this.app.waitForState("awaiting-browser");
  }

  /** Signs in, from the button to the account's name in the window. */
  async signIn(): Promise<void> {
    await this.startSignIn();
    await this.consent();
    await this.app.waitForState("signed-in");
    await this.app.waitForText("Bob Gale");
  }

  /** Signs in while the app is closed: the link starts it again. */
  async signInWhileClosed(): Promise<void> {
    await this.startSignIn();
    await this.consentPage();
    await this.app.close();
    await this.consent();
    await this.app.attach();
    await this.app.waitForState("signed-in");
    await this.app.waitForText("Bob Gale");
  }

  /** Adds the account of another user, who logs in in the browser in place of the current one. */
  async addAccount(user: string): Promise<void> {
    await this.startSignIn("Add another account");
    await press(await this.consentPage(), "Use another account");
    await this.consent("Allow", user);
    await this.app.waitForState("signed-in");
    await this.app.waitForText(user);
  }

  /** Removes the app's access on the Team apps page. */
  async removeAccess(): Promise<void> {
    await this.app.choose("Open Team apps");
    await press(
      await this.browser.waitForTab(`${this.practice.baseUrl}/team-apps`),
      "Remove access",
    );
  }

  /** Runs something after a network change: an address is added to the loopback interface. */
  async withNewNetworkAddress(run: () => Promise<unknown>): Promise<void> {
    const program = process.getuid?.() === 0 ? "env" : "sudo";
    const address = (change: string) =>
      this.desktop.run(program, ["ip", "address", change, EXTRA_ADDRESS, "dev", "lo"]);
    await address("add");
    try {
      await run();
    } finally {
      await address("delete");
    }
  }

  /** Takes a picture of the whole desktop. */
  async screenshot(path: string): Promise<void> {
    await this.desktop.run("import", ["-window", "root", path]);
  }

  async tearDown(): Promise<void> {
    const steps = [
      () => this.browser.stop(),
      () => this.app.detach(),
      () => this.practice.stop(),
      () => this.desktop.stop(),
    ];
    for (const step of steps) {
      // A step that fails must not keep the others from running.
      await step().catch((error: unknown) => {
        console.error("harness: teardown failed:", error);
      });
    }
  }
}

/** Runs a test on its own harness. When it fails, a picture of the desktop and the app's log are kept. */
export async function withHarness(
  name: string,
  run: (harness: Harness) => Promise<void>,
  options: HarnessOptions = {},
): Promise<void> {
  const harness = await Harness.start(options);
  try {
    await run(harness);
  } catch (error) {
    const folder = join(ROOT, "target", "e2e");
    mkdirSync(folder, { recursive: true });
    const artefact = join(folder, name.replace(/\W+/g, "-"));
    await harness.screenshot(`${artefact}.png`).catch(() => undefined);
    console.error(`The desktop when it failed: ${artefact}.png`);
    // Before the desktop's folder is removed.
    if (harness.desktop.copyLogTo(`${artefact}.log`)) {
      console.error(`The app's log: ${artefact}.log`);
    }
    throw error;
  } finally {
    await harness.tearDown();
  }
}
