/** What Tauri's bundler tells its installer's template, from the project's own configuration. */
import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { readConfiguration as readPackageConfiguration, SHELL } from "../packages/configuration";
import { app } from "../run/shipped";

export type Configuration = {
  productName: string;
  mainBinaryName: string;
  identifier: string;
  version: string;
  plugins: { "deep-link": { desktop: { schemes: string[] } } };
  bundle: {
    publisher: string;
    copyright: string;
    homepage: string;
    licenseFile: string;
    windows: {
      allowDowngrades: boolean;
      webviewInstallMode: { type: string; silent: boolean };
      nsis: {
        installMode: string;
        installerHooks?: string;
        installerIcon?: string;
        startMenuFolder?: string;
        uninstallerIcon?: string;
      };
    };
  };
};

/** The settings for Windows that become fields. Another one would silently be left out of the installer. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  windows: ["allowDowngrades", "digestAlgorithm", "nsis", "webviewInstallMode", "wix"],
  nsis: ["installMode", "installerHooks", "installerIcon", "startMenuFolder", "uninstallerIcon"],
};

/** What `npm run build` gives Tauri on Windows, with a test's own changes. */
export function readConfiguration(changes: object = {}): Configuration {
  const own = { version: app.version, ...changes };
  const configuration = readPackageConfiguration("windows", own) as Configuration;
  const { windows } = configuration.bundle;
  for (const [name, settings] of Object.entries({ windows, nsis: windows.nsis })) {
    const unknown = Object.keys(settings).filter((key) => !KNOWN[name]?.includes(key));
    if (unknown.length > 0) {
      throw new Error(`installer-fields.ts has no field for ${name}'s ${unknown.join(", ")}`);
    }
  }
  return configuration;
}

/** The files that an installer is made of. */
export type Parts = {
  program: string;
  /** What lies beside the program. */
  resources: readonly string[];
  bootstrapper: string;
  /** The folder of `nsis_tauri_utils.dll`. */
  plugins: string;
  /** The texts, with a byte order mark. */
  license: string;
  languageFile: string;
  output: string;
};

/** The template's fields. What the project doesn't configure is empty, as Tauri leaves it. */
export function installerFields(configuration: Configuration, parts: Parts): object {
  const { bundle, version } = configuration;
  const { windows } = bundle;
  const { installMode, installerHooks, installerIcon, startMenuFolder, uninstallerIcon } =
    windows.nsis;
  const sizes = [parts.program, ...parts.resources].map((file) => statSync(file).size);
  return {
    additional_plugins_path: parts.plugins,
    allow_downgrades: windows.allowDowngrades,
    arch: "x64",
    binaries: {},
    bundle_id: configuration.identifier,
    // Tauri's default, lzma, takes minutes for a program with everything that a debugger asks for.
    compression: "none",
    copyright: bundle.copyright,
    deep_link_protocols: configuration.plugins["deep-link"].desktop.schemes,
    display_language_selector: false,
    estimated_size: Math.floor(sizes.reduce((sum, size) => sum + size, 0) / 1024),
    file_associations: [],
    header_image: "",
    homepage: bundle.homepage,
    install_mode: installMode,
    install_webview2_mode: windows.webviewInstallMode.type,
    installer_hooks: pathOf(installerHooks),
    installer_icon: pathOf(installerIcon),
    language_files: [parts.languageFile],
    languages: ["English"],
    license: parts.license,
    main_binary_name: configuration.mainBinaryName,
    main_binary_path: parts.program,
    manufacturer: bundle.publisher,
    minimum_webview2_version: "",
    out_file: parts.output,
    product_name: configuration.productName,
    resources: Object.fromEntries(parts.resources.map((file) => [file, ["", basename(file)]])),
    resources_ancestors: [],
    resources_dirs: [],
    sidebar_image: "",
    signed_plugins_path: "",
    start_menu_folder: startMenuFolder ?? "",
    uninstaller_header_image: "",
    uninstaller_icon: pathOf(uninstallerIcon),
    uninstaller_sign_cmd: "",
    version,
    version_with_build: `${version}.0`,
    webview2_bootstrapper_path: parts.bootstrapper,
    webview2_installer_args: windows.webviewInstallMode.silent ? "/silent" : "",
    webview2_installer_path: "",
  };
}

/** Where a configured file is, or nothing. */
function pathOf(file: string | undefined): string {
  return file === undefined ? "" : resolve(SHELL, file);
}

/** The configured licence. */
export function licenseText({ bundle }: Configuration): string {
  return readFileSync(resolve(SHELL, bundle.licenseFile), "utf8");
}
