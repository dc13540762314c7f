import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { By, until } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import { coreStandIn } from "./core-stand-in";
import type { Scene, Step } from "./states";

declare module "selenium-webdriver" {
  // Merging is for interfaces only, and the published types lack this method.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  interface WebElement {
    getAccessibleName(): Promise<string>;
  }
}

export type Theme = "light" | "dark";
export type Finding = { rule: string; element: string; help: string };

/** Another language's words for these, where the window speaks it. */
export type Translation = (words: string) => string;

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const size = { width: 440, height: 640 };

const keys = {
  Tab: { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 },
  Enter: { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
  Space: { key: " ", code: "Space", windowsVirtualKeyCode: 32, text: " " },
  Escape: { key: "Escape", code: "Escape", windowsVirtualKeyCode: 27 },
};

/** A headless browser that stands in for the app's window. */
export class PictureWindow {
  private constructor(private readonly driver: chrome.Driver) {}

  static async open(): Promise<PictureWindow> {
    const options = new chrome.Options();
    options.setChromeBinaryPath(process.env.CHROMIUM ?? "/usr/bin/chromium");
    options.addArguments(
      "--headless=new",
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--hide-scrollbars",
      "--lang=en-GB",
    );
    const service = new chrome.ServiceBuilder(process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver");
    const driver = chrome.Driver.createSession(options, service.build());
    await driver.getSession();
    await driver.manage().setTimeouts({ script: 60_000 });
    return new PictureWindow(driver);
  }

  async show(
    scene: Scene,
    theme: Theme,
    address: string,
    translation: Translation = (words) => words,
  ): Promise<void> {
    await this.resize(size.width);
    await this.tell("Emulation.setTimezoneOverride", { timezoneId: "Europe/London" });
    await this.prefer(theme);
    const script = await this.ask<{ identifier: string }>("Page.addScriptToEvaluateOnNewDocument", {
      source: coreStandIn(scene),
    });
    await this.driver.get(address);
    await this.tell("Page.removeScriptToEvaluateOnNewDocument", script);
    const drawn = scene.untold ? "h1" : `body[data-state="${scene.appState.screen.state}"]`;
    await this.driver.wait(until.elementLocated(By.css(drawn)), 5000);
    for (const step of scene.steps) await this.take(step, translation);
  }

  /** The theme; and whether the system's own few colours replace ours. */
  async prefer(theme: Theme, forcedColours = false): Promise<void> {
    await this.tell("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: theme },
        { name: "prefers-reduced-motion", value: "reduce" },
        { name: "forced-colors", value: forcedColours ? "active" : "none" },
      ],
    });
  }

  /** The accessible names of the buttons, as a screen reader meets them. */
  async buttonNames(): Promise<string[]> {
    const buttons = await this.driver.findElements(By.css("button"));
    return Promise.all(buttons.map((button) => button.getAccessibleName()));
  }

  async axeFindings(): Promise<Finding[]> {
    await this.driver.executeScript(axe);
    return this.driver.executeAsyncScript<Finding[]>(`
      const done = arguments[arguments.length - 1];
      axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
        .then(({ violations }) => done(violations.flatMap(({ id, help, nodes }) =>
          nodes.map(({ target }) => ({ rule: id, help, element: target.join(" ") })))));
    `);
  }

  async refusedByContentSecurityPolicy(): Promise<string[]> {
    return this.inPage(() => window.refusedByContentSecurityPolicy);
  }

  /** Tells the open window another state; answers what it then gets wrong. */
  async change(appState: object): Promise<string[]> {
    return this.driver.executeAsyncScript<string[]>(
      `
      const [appState, done] = arguments;
      const before = document.body.dataset.state;
      window.tellAppState(appState);
      setTimeout(() => {
        const { state, problem } = document.body.dataset;
        const faults = window.faults.splice(0);
        if (state !== appState.screen.state) faults.push("data-state is " + state);
        if (problem !== appState.problem?.code) faults.push("data-problem is " + problem);
        if (document.querySelectorAll("h1").length !== 1) faults.push("not one heading");
        if (state !== before && document.activeElement?.matches("h1, form *") !== true)
          faults.push("the focus did not move to the new screen");
        if (document.querySelector("[role=status]").textContent.trim() === "")
          faults.push("nothing is announced");
        done(faults);
      }, 30);
      `,
      appState,
    );
  }

  /** Asks the same in an ordinary window, in the narrowest, and with text twice as large. */
  async atEachSize(look: () => string[]): Promise<string[]> {
    const found: string[] = [];
    const add = async (where: string) => {
      for (const fault of await this.inPage(look)) found.push(`${fault} ${where}`);
    };
    await add(`at ${size.width} pixels`);
    await this.resize(320);
    await add("at 320 pixels");
    await this.resize(size.width);
    await this.inPage(() => (document.documentElement.style.fontSize = "200%"));
    await add("with text at 200 %");
    await this.inPage(() => (document.documentElement.style.fontSize = ""));
    return found;
  }

  async picture(scale = 1): Promise<Buffer> {
    const height = await this.inPage(() => document.documentElement.scrollHeight);
    const { data } = await this.ask<{ data: string }>("Page.captureScreenshot", {
      captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: size.width, height: Math.max(size.height, height), scale },
    });
    return Buffer.from(data, "base64");
  }

  /** A key as a person strikes it; `Tab` with shift goes backwards. */
  async strike(name: keyof typeof keys, { shift = false } = {}): Promise<void> {
    const key = { ...keys[name], modifiers: shift ? 8 : 0 };
    const type = "text" in key ? "keyDown" : "rawKeyDown";
    await this.tell("Input.dispatchKeyEvent", { type, ...key });
    await this.tell("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  }

  /** Runs a function in the page. It travels as text: nothing around it goes with it. */
  async inPage<Given extends unknown[], Answer>(
    work: (...given: Given) => Answer,
    ...given: Given
  ): Promise<Answer> {
    return this.driver.executeScript<Answer>(
      `const __name = (named) => named; return (${String(work)})(...arguments)`,
      ...given,
    );
  }

  /** The same for a function that answers later. */
  async inPageLater<Given extends unknown[], Answer>(
    work: (...given: Given) => Promise<Answer>,
    ...given: Given
  ): Promise<Answer> {
    return this.driver.executeAsyncScript<Answer>(
      `const __name = (named) => named; const done = [].pop.call(arguments);
       (${String(work)})(...arguments).then(done)`,
      ...given,
    );
  }

  /** Leaves the app, and its content security policy. */
  async leave(): Promise<void> {
    await this.driver.get("about:blank");
  }

  async close(): Promise<void> {
    await this.driver.quit();
  }

  private async take(step: Step, translation: Translation): Promise<void> {
    if ("press" in step) {
      const name = By.xpath(
        `//*[self::button or self::summary][normalize-space()="${translation(step.press)}"]`,
      );
      await this.driver.findElement(name).click();
    } else if ("type" in step) {
      const label = By.xpath(`//label[normalize-space()="${translation(step.into)}"]`);
      const id = await this.driver.findElement(label).getAttribute("for");
      await this.driver.findElement(By.id(id)).sendKeys(step.type);
    } else if ("pass" in step) {
      await this.driver.executeAsyncScript(
        `
        const [passed, done] = arguments;
        window.passTime(passed);
        // The window looks at the clock once a second.
        setTimeout(done, 1500);
      `,
        step.pass,
      );
    }
  }

  private async resize(width: number): Promise<void> {
    await this.tell("Emulation.setDeviceMetricsOverride", {
      width,
      height: size.height,
      deviceScaleFactor: 1,
      mobile: false,
    });
  }

  private async tell(command: string, values: object): Promise<void> {
    await this.driver.sendDevToolsCommand(command, values);
  }

  private async ask<Answer>(command: string, values: object): Promise<Answer> {
    return (await this.driver.sendAndGetDevToolsCommand(command, values)) as unknown as Answer;
  }
}
