import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Builder, type WebDriver } from "selenium-webdriver";
import { firstLine, Processes, reservePort, waitFor } from "../harness/processes";
import { fakeCore } from "./fake-core";
import { inPage, inPageLater } from "./in-page";
import { FONT_ENVIRONMENT, hideCaret, stablePicture, WINDOW_SIZE } from "./rendering";
import type { Scene, Theme } from "./scene";
import { serve, type Server } from "./serve";
import { play } from "./steps";

/**
 * The states that are also taken in WebKitGTK, the engine of the app's window on Linux: it draws
 * text and form controls unlike Chromium. One of each screen, and what is drawn in few places. No dialog:
 * it lies in a layer of its own, whose pieces are painted at other times.
 */
export const WEBKIT_SCENES = [
  "opening",
  "needs-setup",
  "needs-setup-faults",
  "needs-setup-administrator",
  "signed-out",
  "signed-out-access-denied",
  "awaiting-browser-help",
  "awaiting-browser-paste",
  "exchanging-code",
  "signed-in",
  "signed-in-just-now",
  "signed-in-menu",
  "signed-in-four-accounts",
  "sign-in-again-access-removed",
  "locked-keychain-absent",
  "settings",
];

/**
 * WebKitGTK's own small browser, on a display as large as the app's window. The page gets a fake
 * core, which the app's window would not allow.
 */
export class WebKitWindow {
  readonly #folder = mkdtempSync(join(tmpdir(), "sign-in-with-amiqus-pictures-"));
  readonly #processes = new Processes();
  #server: Server | undefined;
  #driver: WebDriver | undefined;
  #firstScript = "";

  static async open(theme: Theme): Promise<WebKitWindow> {
    const webKitWindow = new WebKitWindow();
    try {
      await webKitWindow.#start(theme);
      return webKitWindow;
    } catch (problem) {
      await webKitWindow.close();
      throw problem;
    }
  }

  async #start(theme: Theme): Promise<void> {
    this.#server = await serve(join("ui", "dist"), () => this.#firstScript);
    const env = await this.#startDisplay();
    const port = await reservePort();
    this.#processes.start("WebKitWebDriver", [`--port=${port}`], { env });
    const driverAddress = `http://127.0.0.1:${port}`;
    await waitFor("WebKit's driver listens", async () => {
      return (await fetch(`${driverAddress}/status`)).ok || undefined;
    });
    this.#driver = await new Builder()
      .usingServer(driverAddress)
      .withCapabilities({
        browserName: "MiniBrowser",
        "webkitgtk:browserOptions": {
          args: ["--automation", "--full-screen", ...(theme === "dark" ? ["--dark-mode"] : [])],
        },
      })
      .build();
  }

  async #startDisplay(): Promise<NodeJS.ProcessEnv> {
    const settings = join(this.#folder, "gtk-3.0");
    mkdirSync(settings);
    writeFileSync(
      join(settings, "settings.ini"),
      ["[Settings]", "gtk-enable-animations=0", ""].join("\n"),
    );
    const { width, height } = WINDOW_SIZE;
    const display = this.#processes.start(
      "Xvfb",
      ["-displayfd", "3", "-screen", "0", `${width}x${height}x24`, "-nolisten", "tcp"],
      { stdio: ["ignore", "ignore", "ignore", "pipe"] },
    );
    const env = {
      PATH: process.env.PATH,
      LANG: "C.UTF-8",
      TZ: "Europe/London",
      HOME: this.#folder,
      XDG_CONFIG_HOME: this.#folder,
      XDG_RUNTIME_DIR: this.#folder,
      NO_AT_BRIDGE: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
      // The app's window is drawn by the processor too.
      WEBKIT_SKIA_ENABLE_CPU_RENDERING: "1",
      ...FONT_ENVIRONMENT,
      DISPLAY: `:${await firstLine(display, 3)}`,
    };
    this.#processes.start("openbox", [], { env });
    return env;
  }

  /** A picture of a scene, as large as the app's window. */
  async picture(scene: Scene, isExpected?: (picture: Buffer) => boolean): Promise<Buffer> {
    const driver = this.#driver;
    if (!driver || !this.#server) throw new Error("WebKit's window is not open");
    this.#firstScript = fakeCore(scene);
    await driver.get(this.#server.address);
    await play(driver, scene);
    await inPage(driver, hideCaret);
    await inPage(driver, hideScrollBar);
    await inPageLater(driver, repaint);
    const size = await inPage(driver, () => ({ width: innerWidth, height: innerHeight }));
    assert.deepEqual(size, WINDOW_SIZE, "the page is as large as the app's window");
    return stablePicture(
      async () => Buffer.from(await driver.takeScreenshot(), "base64"),
      isExpected,
    );
  }

  async close(): Promise<void> {
    await this.#driver?.quit().catch(() => undefined);
    await this.#processes.stop();
    this.#server?.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** Runs in the page. The scroll bar lies over the page and fades after a while. */
function hideScrollBar(): void {
  document.documentElement.style.overflow = "hidden";
}

/** Runs in the page. What was painted piece by piece has other edges where the pieces overlap. */
async function repaint(): Promise<void> {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const { style } = document.documentElement;
  for (const opacity of ["0", ""]) {
    style.opacity = opacity;
    await frame();
    await frame();
  }
}
