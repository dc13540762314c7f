import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Builder, By, type WebDriver, type WebElement } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome";
import type { Desktop } from "./desktop";
import { reservePort, waitFor, withTimeout } from "./processes";

/** How long Chromium may take to start, in milliseconds. */
const START_TIMEOUT = 45_000;
/** How long its driver may take to quit, in milliseconds. */
const QUIT_TIMEOUT = 3_000;

/** No first-run pages, and no requests to Chromium's vendor. */
const CHROMIUM_FLAGS = [
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

/** The desktop's default browser: a real Chromium with its own profile, opened through `xdg-open`. */
export class Browser {
  #driver: WebDriver | undefined;
  readonly #releasedTabs = new Set<string>();

  private constructor(
    readonly desktop: Desktop,
    readonly profile: string,
  ) {}

  /** Makes Chromium the desktop's browser. It starts when the first page is opened. */
  static install(desktop: Desktop, trustedOrigin: string, scheme: string): Browser {
    const profile = join(desktop.folder, "chromium");
    const browser = new Browser(desktop, profile);
    mkdirSync(join(profile, "Default"), { recursive: true });
    // As after "Always allow": this origin may open the app without a prompt.
    writeFileSync(
      join(profile, "Default", "Preferences"),
      JSON.stringify({
        protocol_handler: {
          allowed_origin_protocol_pairs: { [trustedOrigin]: { [scheme]: true } },
        },
      }),
    );
    const flags = [
      ...CHROMIUM_FLAGS,
      `--user-data-dir=${profile}`,
      // Chromium binds a free port itself, and writes it into the profile.
      "--remote-debugging-port=0",
      // Chromium's sandbox doesn't run as root.
      ...(process.getuid?.() === 0 ? ["--no-sandbox", "--test-type"] : []),
    ];
    const program = desktop.write(
      "browser",
      `#!/bin/sh\nexec chromium ${flags.map((flag) => `'${flag}'`).join(" ")} "$@" >/dev/null 2>&1\n`,
      0o700,
    );
    desktop.write(
      "data/applications/test-browser.desktop",
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
        "x-scheme-handler/http=test-browser.desktop",
        "x-scheme-handler/https=test-browser.desktop",
        "",
      ].join("\n"),
    );
    return browser;
  }

  /** Waits for a tab with such an address, among those that are not released, and selects it. */
  async waitForTab(wanted: string | ((address: string) => boolean)): Promise<WebDriver> {
    const matches =
      typeof wanted === "string" ? (address: string) => address.startsWith(wanted) : wanted;
    const driver = await this.#attach();
    await waitFor(`the browser shows ${wanted.toString()}`, async () => {
      for (const handle of await driver.getAllWindowHandles()) {
        if (this.#releasedTabs.has(handle)) continue;
        await driver.switchTo().window(handle);
        if (matches(await driver.getCurrentUrl())) return true;
      }
      return false;
    });
    return driver;
  }

  /** Leaves the selected tab open, and has `waitForTab` ignore it from now on. */
  async releaseTab(): Promise<void> {
    if (this.#driver) this.#releasedTabs.add(await this.#driver.getWindowHandle());
  }

  async #attach(): Promise<WebDriver> {
    if (this.#driver) return this.#driver;
    const address = await waitFor(
      "the browser has started",
      async () => {
        const [port] = readFileSync(join(this.profile, "DevToolsActivePort"), "utf8").split("\n");
        const address = `127.0.0.1:${port ?? ""}`;
        const response = await fetch(`http://${address}/json/version`);
        return response.ok && address;
      },
      START_TIMEOUT,
    );
    const options = new Options();
    options.debuggerAddress(address);
    const service = new ServiceBuilder("/usr/bin/chromedriver");
    service.setPort(await reservePort());
    this.#driver = await new Builder()
      .forBrowser("chrome")
      .setChromeOptions(options)
      .setChromeService(service)
      .build();
    return this.#driver;
  }

  /** Detaches from the browser, whose process the desktop stops. */
  async stop(): Promise<void> {
    const driver = this.#driver;
    this.#driver = undefined;
    if (!driver) return;
    await withTimeout(QUIT_TIMEOUT, "the driver quits", driver.quit()).catch(() => undefined);
  }
}

/** Presses a page's button or link by its accessible name, as soon as it is there. */
export async function press(driver: WebDriver, name: string): Promise<void> {
  await waitFor(`"${name}" is pressed`, () => pressIfPresent(driver, name));
}

/** Presses a page's button or link if it is there; returns whether it was. */
export async function pressIfPresent(driver: WebDriver, name: string): Promise<boolean> {
  const element = await named(driver, "button, a[href]", name);
  await element?.click();
  return element !== undefined;
}

/** Types into a page's field by its label, as soon as it is there. */
export async function fill(driver: WebDriver, label: string, text: string): Promise<void> {
  await waitFor(`"${label}" is filled in`, async () => {
    const field = await named(driver, "input, textarea", label);
    await field?.clear();
    await field?.sendKeys(text);
    return field !== undefined;
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
