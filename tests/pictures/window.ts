import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { By } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import { fakeCore } from "./fake-core";
import { inPage, inPageLater } from "./in-page";
import {
  FONT_ENVIRONMENT,
  hideCaret,
  RENDERING_SWITCHES,
  stablePicture,
  WINDOW_SIZE as size,
} from "./rendering";
import type { Scene, Theme } from "./scene";
import { play, type Translation } from "./steps";

declare module "selenium-webdriver" {
  // Merging is for interfaces only, and the published types lack this method.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  interface WebElement {
    getAccessibleName(): Promise<string>;
  }
}

export type Finding = { rule: string; element: string; help: string };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const keys = {
  Tab: { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 },
  Enter: { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
  Space: { key: " ", code: "Space", windowsVirtualKeyCode: 32, text: " " },
  Escape: { key: "Escape", code: "Escape", windowsVirtualKeyCode: 27 },
  ArrowDown: { key: "ArrowDown", code: "ArrowDown", windowsVirtualKeyCode: 40 },
  ArrowUp: { key: "ArrowUp", code: "ArrowUp", windowsVirtualKeyCode: 38 },
  Home: { key: "Home", code: "Home", windowsVirtualKeyCode: 36 },
  F1: { key: "F1", code: "F1", windowsVirtualKeyCode: 112 },
};

/** A headless Chromium that shows the window's page in place of the app. */
export class PictureWindow {
  private constructor(private readonly driver: chrome.Driver) {}

  static async open(): Promise<PictureWindow> {
    const options = new chrome.Options();
    options.setChromeBinaryPath(process.env.CHROMIUM ?? "/usr/bin/chromium");
    options.addArguments(
      "--headless=new",
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--lang=en-GB",
      ...RENDERING_SWITCHES,
    );
    const service = new chrome.ServiceBuilder(process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver");
    service.setEnvironment({ ...environment(), ...FONT_ENVIRONMENT });
    const driver = chrome.Driver.createSession(options, service.build());
    await driver.getSession();
    await driver.manage().setTimeouts({ script: 60_000 });
    return new PictureWindow(driver);
  }

  async show(
    scene: Scene,
    theme: Theme,
    address: string,
    translation?: Translation,
  ): Promise<void> {
    await this.resize(size.width);
    await this.send("Emulation.setTimezoneOverride", { timezoneId: "Europe/London" });
    // Tab may have left an earlier page for the browser's own controls.
    await this.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    await this.prefer(theme);
    const script = await this.ask<{ identifier: string }>("Page.addScriptToEvaluateOnNewDocument", {
      source: fakeCore(scene),
    });
    await this.driver.get(address);
    await this.send("Page.removeScriptToEvaluateOnNewDocument", script);
    await play(this.driver, scene, translation);
  }

  /** Emulates a theme, and the forced colours of a high-contrast mode. */
  async prefer(theme: Theme, forcedColours = false): Promise<void> {
    await this.send("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: theme },
        { name: "prefers-reduced-motion", value: "reduce" },
        { name: "forced-colors", value: forcedColours ? "active" : "none" },
      ],
    });
  }

  /** The accessible names of the buttons, as a screen reader announces them. */
  async buttonNames(): Promise<string[]> {
    const buttons = await this.driver.findElements(By.css("button"));
    const names = await Promise.all(
      buttons.map(async (button) =>
        (await button.isDisplayed()) ? [await button.getAccessibleName()] : [],
      ),
    );
    return names.flat();
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

  async cspViolations(): Promise<string[]> {
    return this.inPage(() => window.cspViolations);
  }

  /** Sends the open page another state, and checks that the page follows it. */
  async change(appState: object): Promise<string[]> {
    // What an earlier state announced proves nothing.
    await this.clearAnnouncement();
    return this.driver.executeAsyncScript<string[]>(
      `
      const [appState, done] = arguments;
      const before = { ...document.body.dataset };
      const heading = () => [...document.querySelectorAll("h1")].filter((one) => one.checkVisibility());
      const [headingBefore] = heading();
      const status = document.querySelector("[role=status]");
      window.sendAppState(appState);
      setTimeout(() => {
        const { state, problem } = document.body.dataset;
        const findings = window.uncaughtErrors.splice(0);
        if (state !== appState.screen.state) findings.push("data-state is " + state);
        if (problem !== appState.problem?.code) findings.push("data-problem is " + problem);
        const [headingNow] = heading();
        if (heading().length !== 1) findings.push("not one heading");
        const isAnotherScreen = headingNow !== headingBefore;
        if (state !== before.state && !isAnotherScreen) findings.push("the same screen is shown");
        if (isAnotherScreen && document.activeElement?.matches("h1, form *") !== true)
          findings.push("the focus did not move to the new screen");
        // A new screen speaks through its heading; what changes on a screen is announced.
        if (problem && problem !== before.problem && !isAnotherScreen && status.textContent.trim() === "")
          findings.push("the problem is not announced");
        done(findings);
      }, 30);
      `,
      appState,
    );
  }

  /** Empties what a screen reader was to announce. The text node stays, as it is the page's own. */
  async clearAnnouncement(): Promise<void> {
    await this.inPage(() => {
      for (const text of document.querySelector("[role=status]")?.childNodes ?? []) {
        text.nodeValue = "";
      }
    });
  }

  /** Runs a check at the usual width, at the narrowest, and with text twice as large. */
  async atEachSize(check: () => string[]): Promise<string[]> {
    const found: string[] = [];
    const add = async (where: string) => {
      for (const finding of await this.inPage(check)) found.push(`${finding} ${where}`);
    };
    await add(`at ${size.width} pixels`);
    await this.resize(320);
    await add("at 320 pixels");
    // A zoom of 200 % halves the width that styles see (WCAG 1.4.10).
    await this.resize(160);
    await add("at 320 pixels with text at 200 %");
    await this.resize(size.width);
    await this.inPage(() => (document.documentElement.style.fontSize = "200%"));
    await add("with text at 200 %");
    await this.inPage(() => (document.documentElement.style.fontSize = ""));
    return found;
  }

  /** A picture of the whole page at rest, also of what the window would scroll to. */
  async picture(isExpected?: (picture: Buffer) => boolean, scale = 1): Promise<Buffer> {
    await this.inPage(hideCaret);
    return stablePicture(() => this.snapshot(scale), isExpected);
  }

  /** The page as it is now, perhaps with a caret or half painted. */
  async snapshot(scale = 1): Promise<Buffer> {
    const height = await this.inPage(() => document.documentElement.scrollHeight);
    const { data } = await this.ask<{ data: string }>("Page.captureScreenshot", {
      captureBeyondViewport: true,
      optimizeForSpeed: true,
      clip: { x: 0, y: 0, width: size.width, height: Math.max(size.height, height), scale },
    });
    return Buffer.from(data, "base64");
  }

  /** Presses a key; `Tab` with shift moves the focus backwards. */
  async pressKey(name: keyof typeof keys, { shift = false } = {}): Promise<void> {
    const key = { ...keys[name], modifiers: shift ? 8 : 0 };
    const type = "text" in key ? "keyDown" : "rawKeyDown";
    await this.send("Input.dispatchKeyEvent", { type, ...key });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
  }

  /** Runs a function in the page. */
  async inPage<Given extends unknown[], Result>(
    work: (...given: Given) => Result,
    ...given: Given
  ): Promise<Result> {
    return inPage(this.driver, work, ...given);
  }

  /** Runs an asynchronous function in the page. */
  async inPageLater<Given extends unknown[], Result>(
    work: (...given: Given) => Promise<Result>,
    ...given: Given
  ): Promise<Result> {
    return inPageLater(this.driver, work, ...given);
  }

  async close(): Promise<void> {
    await this.driver.quit();
  }

  /** Gives the page another size, in pixels. */
  async resize(width: number, height = size.height): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
  }

  private async send(command: string, values: object): Promise<void> {
    await this.driver.sendDevToolsCommand(command, values);
  }

  private async ask<Answer>(command: string, values: object): Promise<Answer> {
    return (await this.driver.sendAndGetDevToolsCommand(command, values)) as unknown as Answer;
  }
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
