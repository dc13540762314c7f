import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Builder, By, type WebDriver, type WebElement } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome";
import type { Desktop } from "./desktop";
import { until, within } from "./processes";

/** Keeps Chromium to itself: no first-run pages, nothing asked of its maker. */
const QUIET = [
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--disable-gpu",
  "--password-store=basic",
  "--window-position=560,40",
  "--window-size=680,780",
];

/** The desktop's real browser, opened by xdg-open like any, with a profile of its own. */
export class Browser {
  #driver: WebDriver | undefined;
  readonly #left = new Set<string>();

  private constructor(
    readonly desktop: Desktop,
    readonly profile: string,
  ) {}

  /** Makes Chromium the desktop's browser. It starts when the first page is opened. */
  static install(desktop: Desktop, trusted: string, scheme: string): Browser {
    const profile = join(desktop.folder, "chromium");
    const browser = new Browser(desktop, profile);
    mkdirSync(join(profile, "Default"), { recursive: true });
    // As when a person once ticked "Always allow": this origin may open the app.
    writeFileSync(
      join(profile, "Default", "Preferences"),
      JSON.stringify({
        protocol_handler: {
          allowed_origin_protocol_pairs: { [trusted]: { [scheme]: true } },
        },
      }),
    );
    const flags = [
      ...QUIET,
      `--user-data-dir=${profile}`,
      // It takes a free one: one chosen here could be another program's by then.
      "--remote-debugging-port=0",
      // Chromium's sandbox can't be had by root.
      ...(process.getuid?.() === 0 ? ["--no-sandbox", "--test-type"] : []),
    ];
    const program = desktop.write(
      "browser",
      `#!/bin/sh\nexec chromium ${flags.map((flag) => `'${flag}'`).join(" ")} "$@" >/dev/null 2>&1\n`,
      0o700,
    );
    desktop.write(
      "data/applications/stage-browser.desktop",
      [
        "[Desktop Entry]",
        "Type=Application",
        "Name=Browser",
        `Exec=${program} %u`,
        "MimeType=x-scheme-handler/http;x-scheme-handler/https;text/html;",
        "",
      ].join("\n"),
    );
    desktop.write(
      "config/mimeapps.list",
      [
        "[Default Applications]",
        "x-scheme-handler/http=stage-browser.desktop",
        "x-scheme-handler/https=stage-browser.desktop",
        "",
      ].join("\n"),
    );
    return browser;
  }

  /** The browser's tab that shows such an address, of those that nobody has done with. */
  async tab(wanted: string | ((address: string) => boolean)): Promise<WebDriver> {
    const fits =
      typeof wanted === "string" ? (address: string) => address.startsWith(wanted) : wanted;
    const driver = await this.#attach();
    await until(`the browser shows ${wanted.toString()}`, async () => {
      for (const handle of await driver.getAllWindowHandles()) {
        if (this.#left.has(handle)) continue;
        await driver.switchTo().window(handle);
        if (fits(await driver.getCurrentUrl())) return true;
      }
      return undefined;
    });
    return driver;
  }

  /** Has done with the tab: it stays open, and is not looked at again. */
  async leaveTab(): Promise<void> {
    if (this.#driver) this.#left.add(await this.#driver.getWindowHandle());
  }

  async #attach(): Promise<WebDriver> {
    if (this.#driver) return this.#driver;
    const address = await until(
      "the browser has started",
      async () => {
        const [port] = readFileSync(join(this.profile, "DevToolsActivePort"), "utf8").split("\n");
        const address = `127.0.0.1:${port ?? ""}`;
        const answer = await fetch(`http://${address}/json/version`);
        return answer.ok ? address : undefined;
      },
      45_000,
    );
    const options = new Options();
    options.debuggerAddress(address);
    this.#driver = await new Builder()
      .forBrowser("chrome")
      .setChromeOptions(options)
      .setChromeService(new ServiceBuilder("/usr/bin/chromedriver"))
      .build();
    return this.#driver;
  }

  /** Leaves the browser alone; the desktop ends it. */
  async stop(): Promise<void> {
    const driver = this.#driver;
    this.#driver = undefined;
    if (!driver) return;
    await within(3_000, "the driver lets go", driver.quit()).catch(() => undefined);
  }
}

/** Presses a button or link of a page, by its accessible name, as soon as it is there. */
export async function press(driver: WebDriver, name: string): Promise<void> {
  await until(`"${name}" is pressed`, async () => (await pressNow(driver, name)) || undefined);
}

/** Presses it if it is there now; says whether it was. */
export async function pressNow(driver: WebDriver, name: string): Promise<boolean> {
  const element = await named(driver, "button, a[href]", name);
  await element?.click();
  return element !== undefined;
}

/** Types into a field of a page, by its label, as soon as it is there. */
export async function fill(driver: WebDriver, label: string, text: string): Promise<void> {
  await until(`"${label}" is filled in`, async () => {
    const field = await named(driver, "input, textarea", label);
    await field?.clear();
    await field?.sendKeys(text);
    return field && true;
  });
}

async function named(
  driver: WebDriver,
  selector: string,
  name: string,
): Promise<WebElement | undefined> {
  for (const element of await driver.findElements(By.css(selector))) {
    if ((await element.getAccessibleName()) === name) return element;
  }
  return undefined;
}
