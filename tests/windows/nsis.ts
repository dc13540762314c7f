/**
 * The app's installer for Windows: Tauri's own template, filled in from the project's configuration and built with
 * Debian's NSIS. Tauri's command line itself would download parts of it. README.md lists what stands in for what.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import Handlebars from "handlebars";
import { ROOT } from "../harness/paths";
import { installerFields, licenseText, readConfiguration } from "./installer-fields";
import { makeOnce } from "./cached";
import { resolvePackages, run, unpack } from "./packages";
import { compileForWindows, type Toolchain } from "./toolchain";

/** Tauri's command line, and the crate that it has its template from. */
const COMMAND_LINE = "@tauri-apps/cli-linux-x64-gnu/cli.linux-x64-gnu.node";
const BUNDLER = "tauri-bundler";

const TEMPLATE = "installer.nsi";
const INCLUDED = ["utils.nsh", "FileAssociation.nsh"];
const LANGUAGE = "languages/English.nsh";

const BYTE_ORDER_MARK = "\uFEFF";

export class Nsis {
  private constructor(
    private readonly commandLine: Buffer,
    /** NSIS and Tauri's template, in the cache. */
    private readonly cache: string,
    /** For what is compiled and built; the caller removes it. */
    private readonly work: string,
  ) {}

  /** Makes what builds installers, or finds it in the cache beside the toolchain. */
  static prepare(toolchain: Toolchain, work: string): Nsis {
    const commandLine = readFileSync(
      createRequire(join(ROOT, "package.json")).resolve(COMMAND_LINE),
    );
    const bundler = bundlerOf(commandLine);
    const packages = resolvePackages(["nsis", "nsis-common"]);
    const version = packages.find(({ name }) => name === "nsis")?.version ?? "";
    const cache = join(toolchain.root, "../..", `nsis-${version}-${bundler}`);
    makeOnce(cache, (partial) => {
      unpack(packages, partial);
      cpSync(fetchTemplate(bundler), join(partial, "template"), { recursive: true });
    });
    const nsis = new Nsis(commandLine, cache, work);
    mkdirSync(join(work, "plugins"), { recursive: true });
    const plugin = join(work, "plugins/nsis_tauri_utils.dll");
    compileForWindows(toolchain, "nsis-plugin.c", plugin, ["-shared"]);
    const options = ["-municode", "-mwindows"];
    compileForWindows(toolchain, "bootstrapper.c", nsis.#bootstrapper, options);
    return nsis;
  }

  get #bootstrapper(): string {
    return join(this.work, "bootstrapper.exe");
  }

  /** The files of the template that Tauri's command line doesn't hold in the same form. */
  outdatedTemplates(): string[] {
    return [TEMPLATE, ...INCLUDED, LANGUAGE].filter(
      (name) => !this.commandLine.includes(readFileSync(this.#template(name))),
    );
  }

  #template(name: string): string {
    return join(this.cache, "template", name);
  }

  /** Builds an installer of a program and what lies beside it, and returns its path. */
  build(program: string, resources: readonly string[], changes: object = {}): string {
    const configuration = readConfiguration(changes);
    const folder = mkdtempSync(join(this.work, "installer-"));
    const output = join(folder, "setup.exe");
    mkdirSync(join(folder, "Win"));
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), `${BYTE_ORDER_MARK}${text}`);
      return join(folder, name);
    };
    for (const name of INCLUDED) write(name, readFileSync(this.#template(name), "utf8"));
    const restartManager = "RestartManager.nsh";
    cpSync(join(ROOT, "tests/windows", restartManager), join(folder, "Win", restartManager));
    const fields = installerFields(configuration, {
      program,
      resources,
      bootstrapper: this.#bootstrapper,
      plugins: join(this.work, "plugins"),
      license: write("license_file", licenseText(configuration)),
      languageFile: write("English.nsh", readFileSync(this.#template(LANGUAGE), "utf8")),
      output,
    });
    const script = write(TEMPLATE, fillIn(readFileSync(this.#template(TEMPLATE), "utf8"), fields));
    run(
      join(this.cache, "usr/bin/makensis"),
      [
        // Wine alone runs no 32-bit programs, which Tauri's installers are.
        ...["-XTarget amd64-unicode", "-INPUTCHARSET", "UTF8", "-OUTPUTCHARSET", "UTF8", "-V2"],
        script,
      ],
      folder,
      {
        ...process.env,
        NSISDIR: join(this.cache, "usr/share/nsis"),
        NSISCONFDIR: join(this.cache, "etc"),
      },
    );
    return output;
  }
}

/** The name and version of the bundler in Tauri's command line, which it gives to the servers that it asks. */
function bundlerOf(commandLine: Buffer): string {
  const at = commandLine.indexOf(`${BUNDLER}/2.`);
  const text = commandLine.subarray(Math.max(at, 0)).toString("latin1", 0, 64);
  const [, version] = /^tauri-bundler\/(\d+\.\d+\.\d+)/.exec(text) ?? [];
  if (!version) throw new Error(`${COMMAND_LINE} doesn't tell its ${BUNDLER}'s version`);
  return `${BUNDLER}-${version}`;
}

/** Has cargo download the bundler's source and returns the folder of its template. */
function fetchTemplate(bundler: string): string {
  // It fetches this crate alone; as a dependency it would bring hundreds.
  const crate = bundler.replace(/-(?=\d)/, "@");
  run("cargo", ["info", "--quiet", "--registry", "crates-io", crate], ROOT);
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src");
  const found = readdirSync(sources)
    .map((registry) => join(sources, registry, bundler, "src/bundle/windows/nsis"))
    .find((folder) => existsSync(folder));
  if (!found) throw new Error(`cargo didn't unpack ${bundler} in ${sources}`);
  return found;
}

/** Fills in the template as Tauri does. A field that is not known is an error: Tauri has got a new one. */
function fillIn(template: string, fields: object): string {
  const handlebars = Handlebars.create();
  handlebars.registerHelper("no-escape", (text: string) => text);
  return handlebars.compile(template, { noEscape: true, strict: true })(escaped(fields));
}

/** The values with NSIS' escapes, which Handlebars' own, for HTML, would not be. */
function escaped(value: unknown): unknown {
  if (typeof value === "string") {
    return value
      .replaceAll("$", () => "$$")
      .replaceAll(/["`]/g, (quote) => `$\\${quote}`)
      .replaceAll("\n", () => String.raw`$\n`)
      .replaceAll("\t", () => String.raw`$\t`)
      .replaceAll("\r", () => String.raw`$\r`);
  }
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, escaped(each)]));
  }
  return value;
}
