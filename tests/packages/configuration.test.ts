/** The configuration of installers and workflows that can't run here, checked by its form. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv, type Schema } from "ajv";
import { brand } from "../run/brand.mjs";
import { desktopEntry, forInstallers } from "../run/installers";
import { ROOT } from "../harness/paths";
import { readConfiguration, SHELL } from "./configuration";

type Configuration = {
  identifier: string;
  plugins: { "deep-link": { desktop: { schemes: string[] } } };
  bundle: {
    targets: string[];
    icon: string[];
    windows: {
      allowDowngrades: boolean;
      nsis: { installMode: string };
      wix: { upgradeCode: string };
    };
    macOS: { hardenedRuntime: boolean; minimumSystemVersion: string; entitlements?: string };
  };
};

const tauri = createRequire(join(ROOT, "package.json"));
const schema = JSON.parse(
  readFileSync(tauri.resolve("@tauri-apps/cli/config.schema.json"), "utf8"),
) as Schema;
/** Formats of Tauri's schema, named after Rust's types, that JSON Schema doesn't define. */
const formats = {
  ...Object.fromEntries(
    ["double", "int32", "int64", "uint8", "uint32", "uri"].map((name) => [name, true as const]),
  ),
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
};

function configuration(system: "linux" | "windows" | "macos"): Configuration {
  return readConfiguration(system) as Configuration;
}

for (const system of ["linux", "windows", "macos"] as const) {
  void test(`Tauri configuration for ${system} matches its schema`, () => {
    const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false, formats });
    ajv.validate(schema, configuration(system));
    assert.deepEqual(ajv.errors ?? [], []);
  });

  void test(`installers for ${system} have the brand's scheme and an icon`, () => {
    const { bundle, plugins } = configuration(system);
    assert.deepEqual(plugins["deep-link"].desktop.schemes, [brand.scheme]);
    const kind = { linux: ".png", windows: ".ico", macos: ".icns" }[system];
    const icons = bundle.icon.filter((icon) => icon.endsWith(kind));
    assert.ok(icons.length > 0);
    for (const icon of icons) assert.ok(readFileSync(join(SHELL, icon)).length > 0);
  });
}

void test("Linux desktop entry is named by the identifier", () => {
  const name = `/usr/share/applications/${brand.identifier}.desktop`;
  const { deb, rpm } = forInstallers.bundle.linux;
  assert.ok(name in deb.files && name in rpm.files);
  const lines = desktopEntry().split("\n");
  assert.ok(lines.includes(`StartupWMClass=${brand.identifier}`));
  assert.ok(lines.includes(`MimeType=x-scheme-handler/${brand.scheme};`));
  const metainfo = readFileSync(join(SHELL, "installers", "linux", "metainfo.xml"), "utf8");
  assert.ok(metainfo.includes('<launchable type="desktop-id">{{identifier}}.desktop</launchable>'));
});

void test("Windows installers are per user, per machine, never downgrade", () => {
  const { targets, windows } = configuration("windows").bundle;
  assert.deepEqual(targets, ["nsis", "msi"]);
  assert.equal(windows.nsis.installMode, "currentUser");
  assert.equal(windows.allowDowngrades, false);
  // Windows recognises the next version by it. Computed for co.amiqus.signin by another implementation.
  assert.equal(windows.wix.upgradeCode, "24a09ffa-ec4c-547b-9932-46604486f4e9");
});

void test("macOS app uses the hardened runtime without entitlements", () => {
  const { targets, macOS } = configuration("macos").bundle;
  assert.deepEqual(targets, ["app", "dmg"]);
  assert.equal(macOS.hardenedRuntime, true);
  assert.equal(macOS.entitlements, undefined);
});

const workflows = join(ROOT, ".github", "workflows");
for (const name of readdirSync(workflows)) {
  const text = readFileSync(join(workflows, name), "utf8");

  void test(`workflow ${name} has read permission, and states why for more`, () => {
    assert.match(text, /^permissions:\n {2}contents: read$/m);
    for (const [line] of text.matchAll(/^.*: write\b.*$/gm)) assert.match(line, / # \w/);
    assert.doesNotMatch(text, /pull_request_target|permissions: write-all/);
    for (const [, action = ""] of text.matchAll(/uses: (\S+)/g)) {
      assert.match(action, /^actions\/[\w-]+@(v\d+|[0-9a-f]{40})$/);
    }
    const checkouts = text.match(/actions\/checkout@/g)?.length;
    assert.equal(text.match(/persist-credentials: false/g)?.length, checkouts);
  });
}
