import { mkdirSync } from "node:fs";
import type { WebDriver } from "selenium-webdriver";
import { join } from "node:path";
import { App } from "./app";
import { Browser, press, pressNow } from "./browser";
import { Desktop, type DesktopChoices } from "./desktop";
import { ROOT } from "./places";
import { Practice } from "./practice";
import { until } from "./processes";

/** No other test uses this one. */
const NETWORK = "127.77.0.2/8";

export type StageChoices = {
  /** The provisioning file's text; the practice service's own unless told otherwise. */
  provisioning?: (practice: Practice) => string | Uint8Array | undefined;
  /** Arguments for the practice service. */
  practice?: (desktop: Desktop) => readonly string[];
  /** The app's program; the built one unless told otherwise. */
  program?: string;
  /** The scheme that it registers; its own unless it was built with another. */
  scheme?: string;
} & DesktopChoices;

/** Everything a journey needs: a desktop, a practice Amiqus, a browser, and the app. */
export class Stage {
  private constructor(
    readonly desktop: Desktop,
    readonly practice: Practice,
    readonly browser: Browser,
    readonly app: App,
  ) {}

  static async set(choices: StageChoices = {}): Promise<Stage> {
    const desktop = await Desktop.start(choices);
    try {
      const practice = await Practice.start(choices.practice?.(desktop) ?? []);
      const browser = Browser.install(
        desktop,
        practice.baseUrl,
        choices.scheme ?? "co.amiqus.signin",
      );
      const provisioning = choices.provisioning ?? ((service) => service.provisioning());
      const app = await App.prepare(desktop, provisioning(practice), choices.program);
      return new Stage(desktop, practice, browser, app);
    } catch (problem) {
      await desktop.stop();
      throw problem;
    }
  }

  /** The tab that the authorization request opened: consent, or the login before it. */
  consentPage(): Promise<WebDriver> {
    return this.browser.tab((address) =>
      ["/oauth/authorize", "/login"].some((path) =>
        address.startsWith(this.practice.baseUrl + path),
      ),
    );
  }

  /** Goes through the browser as a person does: logs in where asked to, and chooses; answers the tab. */
  async consent(choice: "Allow" | "Deny" = "Allow", person = "Bob Gale"): Promise<WebDriver> {
    const tab = await this.consentPage();
    await until(`"${choice}" is pressed`, async () => {
      await pressNow(tab, `Log in as ${person}`);
      return (await pressNow(tab, choice)) || undefined;
    });
    await this.browser.leaveTab();
    return tab;
  }

  /** Presses a button that begins a sign-in: from then on the app waits for the browser. */
  async beginSignIn(
    button: "Sign in with Amiqus" | "Add another account" = "Sign in with Amiqus",
  ): Promise<void> {
    await this.app.press(button);
    await this.app.state("awaiting-browser");
  }

  /** Signs in, from the click to the name. */
  async signIn(): Promise<void> {
    await this.beginSignIn();
    await this.consent();
    await this.app.state("signed-in");
    await this.app.says("Bob Gale");
  }

  /** Signs in with the app closed meanwhile: the link starts it again. */
  async signInWhileClosed(): Promise<void> {
    await this.beginSignIn();
    await this.consentPage();
    await this.app.close();
    await this.consent();
    await this.app.attach();
    await this.app.state("signed-in");
    await this.app.says("Bob Gale");
  }

  /** Adds another person's account: in the browser they take the place of who is logged in. */
  async addAccount(person: string): Promise<void> {
    await this.beginSignIn("Add another account");
    await press(await this.consentPage(), "Use another account");
    await this.consent("Allow", person);
    await this.app.state("signed-in");
    await this.app.says(person);
  }

  /** Takes the app's access away, on the page that the app leads to. */
  async removeAccess(): Promise<void> {
    await this.app.press("Open Team apps");
    await press(await this.browser.tab(`${this.practice.baseUrl}/team-apps`), "Remove access");
  }

  /** A network comes: an address more, within the ones that are this computer's anyway. */
  async whileNetworkComes(play: () => Promise<unknown>): Promise<void> {
    const program = process.getuid?.() === 0 ? "env" : "sudo";
    const address = (change: string) =>
      this.desktop.run(program, ["ip", "address", change, NETWORK, "dev", "lo"]);
    await address("add");
    try {
      await play();
    } finally {
      await address("delete");
    }
  }

  /** A picture of the whole desktop. */
  async picture(path: string): Promise<void> {
    await this.desktop.run("import", ["-window", "root", path]);
  }

  async strike(): Promise<void> {
    const parts = [
      () => this.browser.stop(),
      () => this.app.detach(),
      () => this.practice.stop(),
      () => this.desktop.stop(),
    ];
    for (const end of parts) {
      // What can't be ended mustn't keep the others.
      await end().catch((problem: unknown) => {
        console.error("The stage can't be struck:", problem);
      });
    }
  }
}

/** Plays a journey on a stage of its own; when it fails, a picture of the desktop is kept. */
export async function onStage(
  name: string,
  play: (stage: Stage) => Promise<void>,
  choices: StageChoices = {},
): Promise<void> {
  const stage = await Stage.set(choices);
  try {
    await play(stage);
  } catch (problem) {
    const folder = join(ROOT, "target", "e2e");
    mkdirSync(folder, { recursive: true });
    const remains = join(folder, name.replace(/\W+/g, "-"));
    await stage.picture(`${remains}.png`).catch(() => undefined);
    console.error(`A picture of how it ended: ${remains}.png`);
    // Before the desktop's folder goes.
    if (stage.desktop.keepLog(`${remains}.log`)) console.error(`Its log: ${remains}.log`);
    throw problem;
  } finally {
    await stage.strike();
  }
}
