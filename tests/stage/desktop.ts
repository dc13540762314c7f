import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { firstLine, Processes, until } from "./processes";

/** The password of the private keychain. */
const KEYCHAIN_PASSWORD = "stage";

export type DesktopChoices = {
  /** Whether a Secret Service runs; one does unless told otherwise. */
  keychain?: boolean;
};

/**
 * A desktop of its own: display, window manager, session bus, keychain and all folders. Nothing
 * outside its folder changes, and an installed copy of the app is not disturbed.
 */
export class Desktop {
  readonly folder = mkdtempSync(join(tmpdir(), "sign-in-with-amiqus-stage-"));
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
      // The practice service is entered in the window by some.
      AMIQUS_ALLOW_HTTP: "1",
      XDG_CACHE_HOME: at("cache"),
      XDG_STATE_HOME: at("state"),
      XDG_RUNTIME_DIR: at("runtime"),
      // xdg-open then uses GLib, which reads quoted Exec lines; its generic mode can't.
      XDG_CURRENT_DESKTOP: "GNOME",
      NO_AT_BRIDGE: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
    };
    mkdirSync(join(this.folder, "data", "applications"));
  }

  static async start({ keychain = true }: DesktopChoices = {}): Promise<Desktop> {
    const desktop = new Desktop();
    try {
      await desktop.#startDisplay();
      await desktop.#startBus();
      if (keychain) await desktop.startKeychain();
    } catch (problem) {
      await desktop.stop();
      throw problem;
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

  /** A bus that starts no service of the machine's own by itself: no keychain means none. */
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
    await until("the keychain is on the bus", async () => {
      const names = await this.run("gdbus", [
        ...["call", "--session", "--dest", "org.freedesktop.DBus"],
        ...["--object-path", "/org/freedesktop/DBus"],
        ...["--method", "org.freedesktop.DBus.ListNames"],
      ]);
      return names.includes("org.freedesktop.secrets") || undefined;
    });
  }

  /** Stops the Secret Service in the middle of all it does: it is there, and answers nobody. */
  stopKeychain(): void {
    this.#signalKeychain("SIGSTOP");
  }

  /** Lets the Secret Service go on after `stopKeychain`. */
  resumeKeychain(): void {
    this.#signalKeychain("SIGCONT");
  }

  #signalKeychain(signal: NodeJS.Signals): void {
    for (const id of this.processIds((command) => command.includes("gnome-keyring-daemon"))) {
      process.kill(id, signal);
    }
  }

  /** Runs a program on this desktop to its end; answers what it said. */
  async run(program: string, args: readonly string[]): Promise<string> {
    const child = this.processes.start(program, args, {
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let complained = "";
    child.stdout?.on("data", (part: Buffer) => (said += part.toString()));
    child.stderr?.on("data", (part: Buffer) => (complained += part.toString()));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${complained}`);
    return said;
  }

  /** Runs what only root may do to a computer. */
  async asRoot(command: readonly string[]): Promise<void> {
    const [program = "", ...args] = process.getuid?.() === 0 ? command : ["sudo", ...command];
    await this.run(program, args);
  }

  /** Opens an address as any program would: with the system's handler. */
  async open(address: string): Promise<void> {
    // No pipes: what it starts would hold them open.
    const opener = this.processes.start("xdg-open", [address], { env: this.env });
    const [code] = (await once(opener, "exit")) as [number | null];
    if (code !== 0) throw new Error(`xdg-open ended with ${String(code)}`);
  }

  /** What the app wrote into its log so far. */
  appLog(): string {
    return this.appLogFiles()
      .map((file) => readFileSync(file, "utf8"))
      .join("");
  }

  appLogFiles(): string[] {
    const folder = join(String(this.env.XDG_DATA_HOME), "co.amiqus.signin", "logs");
    return readdirSync(folder).map((name) => join(folder, name));
  }

  /** Copies the app's log out of the desktop; says whether there was one. */
  keepLog(path: string): boolean {
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

  /** The processes that belong to this desktop, whoever started them. */
  processIds(wanted: (command: string) => boolean = () => true): number[] {
    const mark = `HOME=${String(this.env.HOME)}\0`;
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .filter((entry) => {
        try {
          const line = readFileSync(`/proc/${entry}/cmdline`, "utf8");
          const [command = ""] = line.split("\0");
          // Chromium's children have no environment to be known by, but the profile's folder.
          const isOurs = () =>
            line.includes(this.folder) ||
            readFileSync(`/proc/${entry}/environ`, "utf8").includes(mark);
          return wanted(command) && isOurs();
        } catch {
          // It ended while it was looked at.
          return false;
        }
      })
      .map(Number);
  }

  async stop(): Promise<void> {
    // The browser was started by xdg-open, an app perhaps by the browser.
    for (const id of this.processIds((command) => !command.includes("dbus-daemon"))) {
      try {
        process.kill(id, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    await this.processes.stop();
    await until(
      "the desktop's processes are gone",
      () => this.processIds().length === 0 || undefined,
    );
    // The browser's own children end a moment after it, and write until then.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
