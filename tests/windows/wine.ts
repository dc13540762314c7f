/** Windows, as far as Wine is one: a prefix of its own with a user of its own, removed at the end. */
import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Toolchain } from "./toolchain";

/** How long a program may run, in milliseconds. */
const TIMEOUT = 15 * 60_000;

export class Wine {
  readonly #env: NodeJS.ProcessEnv;

  private constructor(
    private readonly toolchain: Toolchain,
    /** Holds the prefix and the home folder. */
    private readonly folder: string,
  ) {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(XDG_|WINE|DISPLAY$|WAYLAND_DISPLAY$|DBUS_)/.test(name),
    );
    this.#env = {
      ...Object.fromEntries(kept),
      HOME: join(folder, "home"),
      LD_LIBRARY_PATH: join(toolchain.root, "lib/x86_64-linux-gnu"),
      WINEPREFIX: join(folder, "prefix"),
      WINESERVER: join(toolchain.root, "lib/wine/wineserver64"),
      WINEDEBUG: "-all",
      // Menus, .NET and a browser engine, which the app needs none of.
      WINEDLLOVERRIDES: "winemenubuilder.exe=d;mscoree=d;mshtml=d",
    };
  }

  /** Makes a new prefix in a folder, in place of an old one. */
  static create(toolchain: Toolchain, folder: string): Wine {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, "home"), { recursive: true });
    const wine = new Wine(toolchain, folder);
    const system = join(wine.driveC, "windows/system32");
    mkdirSync(system, { recursive: true });
    // Wine's own libraries need it, and Debian packs it for compilers.
    copyFileSync(
      join(toolchain.root, "x86_64-w64-mingw32/lib/zlib1.dll"),
      join(system, "zlib1.dll"),
    );
    const made = wine.run("wineboot", ["--init"]);
    const version = ["add", String.raw`HKCU\Software\Wine`, "/v", "Version", "/d", "win10", "/f"];
    if (made.status === 0 && wine.run("reg", version).status === 0) return wine;
    wine.remove();
    throw new Error(`Wine can't make a prefix: ${made.stderr}`);
  }

  /** The folder that programs see as drive C. */
  get driveC(): string {
    return join(this.folder, "prefix/drive_c");
  }

  /** Where a path of drive C is on this machine. */
  hostPath(path: string): string {
    return join(this.driveC, path.replace(/^C:\\/, "").replaceAll("\\", "/"));
  }

  /** Runs a program to its end. */
  run(
    program: string,
    args: readonly string[] = [],
    {
      env = {},
      cwd,
      under = [],
    }: {
      env?: NodeJS.ProcessEnv;
      cwd?: string;
      /** A program of this machine, with its arguments, that starts Wine in its turn. */
      under?: readonly string[];
    } = {},
  ): SpawnSyncReturns<string> {
    // Not into pipes: the services that the first program starts would keep them open after its end.
    const [stdout, stderr] = [join(this.folder, "stdout"), join(this.folder, "stderr")] as const;
    const outputs = [openSync(stdout, "wx"), openSync(stderr, "wx")];
    const wine = join(this.toolchain.root, "lib/wine/wine64");
    const [command = wine, ...rest] = [...under, wine, program, ...args];
    const ended = spawnSync(command, rest, {
      cwd,
      env: { ...this.#env, ...env },
      encoding: "utf8",
      timeout: TIMEOUT,
      stdio: ["ignore", ...outputs],
    });
    for (const output of outputs) closeSync(output);
    const [printed, complained] = [readFileSync(stdout, "utf8"), readFileSync(stderr, "utf8")];
    rmSync(stdout);
    rmSync(stderr);
    return { ...ended, stdout: printed, stderr: complained };
  }

  /** Gives the programs that start from now on a display to open windows on. */
  set display(name: string) {
    // Wine's desktop outlives the last program by seconds, and wouldn't notice the display.
    this.end();
    this.#env.DISPLAY = name;
  }

  /** Starts a program. */
  start(program: string, args: readonly string[] = []): ChildProcess {
    return spawn(join(this.toolchain.root, "lib/wine/wine64"), [program, ...args], {
      env: this.#env,
      stdio: "ignore",
    });
  }

  /** Waits until all programs have ended by themselves. */
  waitForPrograms(): void {
    const ended = spawnSync(join(this.toolchain.root, "lib/wine/wineserver64"), ["--wait"], {
      env: this.#env,
      timeout: TIMEOUT,
    });
    if (ended.error) throw ended.error;
  }

  /** Ends what still runs in the prefix. */
  end(): void {
    spawnSync(join(this.toolchain.root, "lib/wine/wineserver64"), ["--kill", "--wait"], {
      env: this.#env,
    });
  }

  /** Ends what still runs in the prefix, and removes it. */
  remove(): void {
    this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
