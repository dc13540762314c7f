import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { By, until } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import { coreStandIn } from "./core-stand-in";
import type { AppState } from "../../ui/src/bindings";
import { now, type Scene, type Step } from "./states";

declare module "selenium-webdriver" {
  // Merging is for interfaces only, and the published types lack this method.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  interface WebElement {
    getAccessibleName(): Promise<string>;
  }
}

export type Theme = "light" | "dark";
export type Finding = { rule: string; element: string; help: string };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const size = { width: 440, height: 640 };

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
    return new PictureWindow(driver);
  }

  async show(scene: Scene, theme: Theme, address: string): Promise<void> {
    await this.resize(size.width);
    await this.tell("Emulation.setTimezoneOverride", { timezoneId: "Europe/London" });
    await this.tell("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: theme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ],
    });
    const answers: Record<string, unknown> = {};
    for (const step of scene.steps) if ("answer" in step) answers[step.answer] = step.with;
    const script = await this.ask<{ identifier: string }>("Page.addScriptToEvaluateOnNewDocument", {
      source: coreStandIn(scene.appState, scene.computer, answers, now),
    });
    await this.driver.get(address);
    await this.tell("Page.removeScriptToEvaluateOnNewDocument", script);
    await this.driver.wait(
      until.elementLocated(By.css(`body[data-state="${scene.appState.screen.state}"]`)),
      5000,
    );
    for (const step of scene.steps) await this.take(step);
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
    return this.driver.executeScript<string[]>("return window.refusedByContentSecurityPolicy");
  }

  /** Tells the open window another state; answers what it then gets wrong. */
  async change(appState: AppState): Promise<string[]> {
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
        done(faults);
      }, 30);
      `,
      appState,
    );
  }

  /** Whether anything runs out of the window sideways: at 320 pixels, and with text twice as large. */
  async overflows(): Promise<string[]> {
    const found: string[] = [];
    await this.resize(320);
    if (await this.isTooWide()) found.push("at 320 pixels");
    await this.resize(size.width);
    await this.setTextSize("200%");
    if (await this.isTooWide()) found.push("with text at 200 %");
    await this.setTextSize("");
    return found;
  }

  async picture(): Promise<Buffer> {
    const height = await this.driver.executeScript<number>(
      "return document.documentElement.scrollHeight",
    );
    const { data } = await this.ask<{ data: string }>("Page.captureScreenshot", {
      captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: size.width, height: Math.max(size.height, height), scale: 1 },
    });
    return Buffer.from(data, "base64");
  }

  async close(): Promise<void> {
    await this.driver.quit();
  }

  private async take(step: Step): Promise<void> {
    if ("press" in step) {
      const name = By.xpath(
        `//*[self::button or self::summary][normalize-space()="${step.press}"]`,
      );
      await this.driver.findElement(name).click();
    } else if ("type" in step) {
      const label = By.xpath(`//label[normalize-space()="${step.into}"]`);
      const id = await this.driver.findElement(label).getAttribute("for");
      await this.driver.findElement(By.id(id)).sendKeys(step.type);
    }
  }

  private async isTooWide(): Promise<boolean> {
    return this.driver.executeScript<boolean>(
      "return document.documentElement.scrollWidth > document.documentElement.clientWidth",
    );
  }

  private async setTextSize(textSize: string): Promise<void> {
    await this.driver.executeScript(
      "document.documentElement.style.fontSize = arguments[0]",
      textSize,
    );
  }

  private async resize(width: number): Promise<void> {
    await this.tell("Emulation.setDeviceMetricsOverride", {
      width,
      height: size.height,
      deviceScaleFactor: 2,
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
