import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { firstLine, Processes, waitFor } from "./processes";

/** The password of the desktop's keychain. */
const KEYCHAIN_PASSWORD = "harness";

export type DesktopOptions = {
  /** Whether a Secret Service runs; by default one does. */
  keychain?: boolean;
};

/**
 * A private desktop: display, window manager, session bus, keychain and XDG folders. Nothing outside
 * its folder changes, and an installed copy of the app is not affected.
 */
export class Desktop {
  readonly folder = mkdtempSync(join(tmpdir(), "sign-in-with-amiqus-test-"));
  readonly processes = new Processes();
  readonly env: NodeJS.ProcessEnv;

  private constructor() {
    const at = (name: string) => {
      const folder = join(this.folder, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return folder;
    };
    this.env = {
      PATH: process.env.PATH,
      LANG: "C.UTF-8",
      HOME: at("home"),
      XDG_CONFIG_HOME: at("config"),
      XDG_DATA_HOME: at("data"),
      // Some tests enter the fake server's address, which is plain http, in the window.
      AMIQUS_ALLOW_HTTP: "1",
      XDG_CACHE_HOME: at("cache"),
      XDG_STATE_HOME: at("state"),
      XDG_RUNTIME_DIR: at("runtime"),
      // With this, xdg-open uses GLib, which parses quoted Exec lines; its generic mode doesn't.
      XDG_CURRENT_DESKTOP: "GNOME",
      NO_AT_BRIDGE: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
    };
    mkdirSync(join(this.folder, "data", "applications"));
  }

  static async start({ keychain = true }: DesktopOptions = {}): Promise<Desktop> {
    const desktop = new Desktop();
    try {
      await desktop.#startDisplay();
      await desktop.#startBus();
      if (keychain) await desktop.startKeychain();
    } catch (error) {
      await desktop.stop();
      throw error;
    }
    return desktop;
  }

  async #startDisplay(): Promise<void> {
    const display = this.processes.start(
      "Xvfb",
      ["-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
      { stdio: ["ignore", "ignore", "ignore", "pipe"] },
    );
    this.env.DISPLAY = `:${await firstLine(display, 3)}`;
    this.processes.start("openbox", [], { env: this.env });
  }

  async #startBus(): Promise<void> {
    const bus = this.processes.start(
      "dbus-daemon",
      [`--config-file=${this.#busConfiguration()}`, "--nofork", "--nopidfile", "--print-address=1"],
      { env: this.env, stdio: ["ignore", "pipe", "ignore"] },
    );
    this.env.DBUS_SESSION_BUS_ADDRESS = await firstLine(bus);
  }

  /** A bus without service activation, so that the machine's keychain isn't started on it. */
  #busConfiguration(): string {
    return this.write(
      "bus.conf",
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=${String(this.env.XDG_RUNTIME_DIR)}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`,
    );
  }

  /** Starts the Secret Service, unlocked. */
  async startKeychain(): Promise<void> {
    const keychain = this.processes.start(
      "gnome-keyring-daemon",
      ["--foreground", "--unlock", "--components=secrets"],
      { env: this.env, stdio: ["pipe", "ignore", "ignore"] },
    );
    keychain.stdin?.end(KEYCHAIN_PASSWORD);
    await waitFor("the keychain is on the bus", async () => {
      const names = await this.run("gdbus", [
        ...["call", "--session", "--dest", "org.freedesktop.DBus"],
        ...["--object-path", "/org/freedesktop/DBus"],
        ...["--method", "org.freedesktop.DBus.ListNames"],
      ]);
      return names.includes("org.freedesktop.secrets");
    });
  }

  /** Suspends the Secret Service: it keeps its bus name and answers no call. */
  suspendKeychain(): void {
    this.#signalKeychain("SIGSTOP");
  }

  /** Resumes the Secret Service after `suspendKeychain`. */
  resumeKeychain(): void {
    this.#signalKeychain("SIGCONT");
  }

  #signalKeychain(signal: NodeJS.Signals): void {
    for (const id of this.processIds((command) => command.includes("gnome-keyring-daemon"))) {
      process.kill(id, signal);
    }
  }

  /** Runs a program on this desktop to completion and returns its output; rejects when it fails. */
  async run(program: string, args: readonly string[]): Promise<string> {
    const child = this.processes.start(program, args, {
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${errors}`);
    return output;
  }

  /**
   * Writes a picture of the window with this title to a file; rejects when there is none. For a window that
   * is missing ImageMagick would wait for a click on another one, and hold the pointer until then.
   */
  async captureWindow(title: string, file: string): Promise<void> {
    await this.run("timeout", ["5", "import", "-window", title, file]);
  }

  /** Runs a command as root, through sudo where the tests aren't root. */
  async runAsRoot(command: readonly string[]): Promise<void> {
    const [program = "", ...args] = process.getuid?.() === 0 ? command : ["sudo", ...command];
    await this.run(program, args);
  }

  /** Opens a URL with the desktop's handler, as any program does. */
  async openUrl(address: string): Promise<void> {
    // No pipes: the program that it starts would inherit them and hold them open.
    const opener = this.processes.start("xdg-open", [address], { env: this.env });
    const [code] = (await once(opener, "exit")) as [number | null];
    if (code !== 0) throw new Error(`xdg-open ended with ${String(code)}`);
  }

  /** The app's log so far. */
  appLog(): string {
    return this.appLogFiles()
      .map((file) => readFileSync(file, "utf8"))
      .join("");
  }

  appLogFiles(): string[] {
    const folder = join(String(this.env.XDG_DATA_HOME), "co.amiqus.signin", "logs");
    return readdirSync(folder).map((name) => join(folder, name));
  }

  /** How often this text occurs in the app's log. */
  countInLog(text: string): number {
    return this.appLog().split(text).length - 1;
  }

  /** Waits until the app's log contains this text at least `count` times. */
  async waitForLog(text: string, count = 1): Promise<void> {
    await waitFor(`the log says "${text}"`, () => this.countInLog(text) >= count);
  }

  /** Copies the app's log to a file outside the desktop; returns whether there was a log. */
  copyLogTo(path: string): boolean {
    try {
      writeFileSync(path, this.appLog());
      return true;
    } catch {
      return false;
    }
  }

  write(name: string, text: string | Uint8Array, mode = 0o600): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    return path;
  }

  /** The ids of this desktop's processes, including those that other programs started. */
  processIds(wanted: (command: string) => boolean = () => true): number[] {
    const marker = `HOME=${String(this.env.HOME)}\0`;
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .filter((entry) => {
        try {
          const line = readFileSync(`/proc/${entry}/cmdline`, "utf8");
          const [command = ""] = line.split("\0");
          // Chromium's child processes hide their environment; the profile's path is in their arguments.
          const isOnDesktop = () =>
            line.includes(this.folder) ||
            readFileSync(`/proc/${entry}/environ`, "utf8").includes(marker);
          return wanted(command) && isOnDesktop();
        } catch {
          // It exited since it was listed.
          return false;
        }
      })
      .map(Number);
  }

  async stop(): Promise<void> {
    // Not only this test's children: xdg-open started the browser, which may have started the app.
    for (const id of this.processIds((command) => !command.includes("dbus-daemon"))) {
      try {
        process.kill(id, "SIGKILL");
      } catch {
        // It has exited.
      }
    }
    await this.processes.stop();
    await waitFor("the desktop's processes have exited", () => this.processIds().length === 0);
    // The browser's child processes exit a moment after it, and write until then.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
