/**
 * The app's installer for Windows, as IT runs it: silently. It is made of Tauri's own template with the stand-ins that
 * README.md lists, and runs under Wine. Each test goes on where the one before it ended.
 */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../harness/paths";
import { Processes, waitFor } from "../harness/processes";
import { startDisplay } from "./display";
import { readConfiguration } from "./installer-fields";
import { differences, takeInventory } from "./inventory";
import { Nsis } from "./nsis";
import { readRegistry, writeRegistry } from "./registry";
import { prepareToolchain, TARGET } from "./toolchain";
import { createUser, DESKTOP, LOCAL, START_MENU, TEMP } from "./user";
import { Wine } from "./wine";

/** How long the app may take to start under Wine, in milliseconds. */
const START_TIMEOUT = 60_000;
/** NSIS' exit code where the installer itself gave up. */
const ABORTED = 2;

const toolchain = prepareToolchain(console.log);
const work = mkdtempSync(join(tmpdir(), "amiqus-nsis-"));
const wine = Wine.create(toolchain, mkdtempSync(join(tmpdir(), "amiqus-wine-")));
const processes = new Processes();
// Also where an installer can't be built, before the first test.
process.once("exit", () => {
  wine.remove();
  rmSync(work, { recursive: true, force: true });
});
after(() => processes.stop());
createUser(wine);

const { productName, identifier, mainBinaryName, version, plugins, bundle } = readConfiguration();
const [scheme = ""] = plugins["deep-link"].desktop.schemes;
const nextVersion = version.replace(/\d+$/, (patch) => String(Number(patch) + 10));

const folder = `${LOCAL}\\${productName}`;
const program = `${folder}\\${mainBinaryName}.exe`;
const data = `${LOCAL}\\${identifier}`;
const [menuLink, desktopLink] = [START_MENU, DESKTOP].map(
  (place) => `${place}\\${productName}.lnk`,
) as [string, string];
const webView2Setup = `${TEMP}\\MicrosoftEdgeWebview2Setup.exe`;

const SOFTWARE = String.raw`HKCU\Software`;
const CURRENT = String.raw`${SOFTWARE}\Microsoft\Windows\CurrentVersion`;
const schemeKey = `${SOFTWARE}\\Classes\\${scheme}`;
const uninstallKey = `${CURRENT}\\Uninstall\\${productName}`;
const autostart = `${CURRENT}\\Run\\${productName}`;
/** Where Windows keeps that the user turned that off. */
const TURNED_OFF = String.raw`Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run`;
/** Where the installer looks for an earlier installation's folder. It is left for a later one. */
const locationKeys = [bundle.publisher, `${bundle.publisher}\\${productName}`].map(
  (key) => `${SOFTWARE}\\${key}\\`,
);
const edgeKey = String.raw`${SOFTWARE}\Microsoft\EdgeUpdate`;

const nsis = Nsis.prepare(toolchain, work);
const ourProgram = join(ROOT, "target/windows", TARGET, "debug", `${mainBinaryName}.exe`);
const nextProgram = join(work, `${mainBinaryName}.exe`);
copyFileSync(ourProgram, nextProgram);
appendFileSync(nextProgram, nextVersion);
const licences = join(work, "THIRD-PARTY-LICENSES.txt");
writeFileSync(licences, "the licences of others");
const library = (name: string) => toolchain.libraries.find((file) => basename(file) === name) ?? "";
const beside = [licences, library("WebView2Loader.dll")];
// Windows has it, and Wine doesn't.
copyFileSync(
  library("bcryptprimitives.dll"),
  wine.hostPath(String.raw`C:\windows\system32\bcryptprimitives.dll`),
);
const installer = nsis.build(ourProgram, beside);
const nextInstaller = nsis.build(nextProgram, beside, { version: nextVersion });

const provisioning = wine.hostPath(`C:\\ProgramData\\${productName}\\provisioning.json`);
mkdirSync(join(provisioning, ".."), { recursive: true });
writeFileSync(
  provisioning,
  JSON.stringify({
    client_id: "17",
    client_secret: "hush",
    // Nothing leaves this computer.
    base_url: "http://127.0.0.1:9",
    autostart: true,
  }),
);

const untouched = takeInventory(wine);

const exists = (path: string) => existsSync(wine.hostPath(path));
const registry = () => readRegistry(wine, "HKCU", "Software");
const webView2Starts = () => readFileSync(wine.hostPath(`${webView2Setup}.starts`), "utf8");

/** Runs an installer silently and returns its exit code. */
function install(
  file: string,
  { options = [], env = {} }: { options?: string[]; env?: NodeJS.ProcessEnv } = {},
): number | null {
  return wine.run(file, ["/S", ...options], { env }).status;
}

function assertInstalled(programFile: string, displayedVersion: string): void {
  for (const file of [programFile, ...beside]) {
    const installed = readFileSync(wine.hostPath(`${folder}\\${basename(file)}`));
    assert.ok(installed.equals(readFileSync(file)), basename(file));
  }
  const entries = registry();
  assert.equal(entries.get(`${uninstallKey}\\DisplayName`), productName);
  assert.equal(entries.get(`${uninstallKey}\\DisplayVersion`), displayedVersion);
  assert.equal(entries.get(`${uninstallKey}\\UninstallString`), `"${folder}\\uninstall.exe"`);
  const installed = [...entries.keys()].filter(
    (key) => key.startsWith(`${CURRENT}\\Uninstall\\`) && key.endsWith("\\DisplayName"),
  );
  assert.deepEqual(installed, [`${uninstallKey}\\DisplayName`]);
  assert.equal(entries.get(`${schemeKey}\\URL Protocol`), "");
  assert.equal(entries.get(`${schemeKey}\\shell\\open\\command\\@`), `"${program}" "%1"`);
}

/** The files of the vault with what is in them. */
function vault(): Map<string, string> {
  const place = wine.hostPath(`${data}\\vault`);
  return new Map(
    readdirSync(place).map((name) => [name, readFileSync(join(place, name)).toString("base64")]),
  );
}

/** What the app has logged. */
function log(): string {
  const place = wine.hostPath(`${data}\\logs`);
  if (!existsSync(place)) return "";
  return readdirSync(place)
    .map((name) => readFileSync(join(place, name), "utf8"))
    .join("");
}

/** Starts the installed app as Windows does at login, waits until its vault is open, and ends it. */
async function runApp(): Promise<void> {
  const opened = () => log().split("the state is now signed-out").length;
  const before = opened();
  wine.start(program, ["--in-the-tray"]);
  await waitFor("the app is signed out", () => opened() > before, START_TIMEOUT);
  wine.end();
  assert.doesNotMatch(log(), / ERROR /);
}

test("template is the one in Tauri's command line", () => {
  assert.deepEqual(nsis.outdatedTemplates(), []);
});

test("installer asks for no administrator and is sharp on each screen", () => {
  const text = readFileSync(installer).toString("latin1");
  const [manifest = ""] = /<assembly [^]*?<\/assembly>/.exec(text) ?? [];
  assert.match(manifest, /<requestedExecutionLevel level="asInvoker" uiAccess="false"\/>/);
  assert.match(manifest, />PerMonitorV2<\/dpiAwareness>/);
});

test("installation without WebView2 fails where Microsoft's installer does", () => {
  const env = { AMIQUS_TESTS_WEBVIEW2_EXIT_CODE: "7" };
  assert.equal(install(installer, { env }), ABORTED);
  assert.equal(webView2Starts(), "/silent /install\n");
  assert.deepEqual(differences(untouched, takeInventory(wine)), [
    `+ ${webView2Setup}`,
    `+ ${webView2Setup}.starts`,
  ]);
});

test("silent installation changes what is the user's own, and nothing else", () => {
  assert.equal(install(installer), 0);
  assertInstalled(ourProgram, version);
  assert.ok(exists(menuLink));
  assert.ok(!exists(desktopLink), "nobody asked for it");
  assert.equal(webView2Starts(), "/silent /install\n".repeat(2));
  const places = [
    ...[`${folder}\\`, menuLink, webView2Setup],
    ...[`${schemeKey}\\`, `${uninstallKey}\\`, ...locationKeys, `${edgeKey}\\`],
  ];
  const elsewhere = differences(untouched, takeInventory(wine)).filter(
    (change) => !places.some((place) => change.startsWith(`+ ${place}`)),
  );
  assert.deepEqual(elsewhere, []);
});

test("installed app makes its vault and the entry that starts it at login", async () => {
  wine.display = await startDisplay(processes);
  await runApp();
  assert.deepEqual([...vault().keys()].sort(), ["key.json", "lock", "vault.stronghold"]);
  assert.equal(registry().get(autostart), `"${program}" --in-the-tray`);
});

test("upgrade replaces the program and keeps the vault and the start at login", async () => {
  const kept = vault();
  // As the user would, by hand.
  copyFileSync(wine.hostPath(menuLink), wine.hostPath(desktopLink));
  assert.equal(install(nextInstaller), 0);
  assertInstalled(nextProgram, nextVersion);
  assert.ok(exists(desktopLink), "the user's own link stays");
  assert.deepEqual(vault(), kept);
  assert.equal(registry().get(autostart), `"${program}" --in-the-tray`);
  assert.equal(webView2Starts(), "/silent /install\n".repeat(2), "WebView2 is there");
  await runApp();
  assert.equal(vault().get("key.json"), kept.get("key.json"));
});

test("downgrade is refused and changes nothing, unless it is configured", () => {
  const before = takeInventory(wine);
  assert.equal(install(installer), ABORTED);
  assert.deepEqual(differences(before, takeInventory(wine)), []);
  const windows = { allowDowngrades: true };
  assert.equal(install(nsis.build(ourProgram, beside, { bundle: { windows } })), 0);
  assertInstalled(ourProgram, version);
});

test("uninstallation leaves the vault, its log, and what a later installation needs", () => {
  const kept = vault();
  writeRegistry(wine, { [TURNED_OFF]: { [productName]: "3" } });
  wine.run(`${folder}\\uninstall.exe`, ["/S"]);
  // It goes on as a copy of itself, which Windows deletes at its next start if the user is an administrator.
  wine.waitForPrograms();
  const left = differences(untouched, takeInventory(wine)).map((change) =>
    change
      .replace(/[0-9a-f]{16}\.lock$/, "….lock")
      .replace(/\.[\d-]{10}\.log$/, ".….log")
      .replace(/~nsu\w+\.tmp/, "~nsu….tmp"),
  );
  const client = String.raw`${edgeKey}\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}`;
  const expected = [
    ...["", "logs\\", `logs\\${mainBinaryName}.….log`].map((name) => `${data}\\${name}`),
    ...["", ...kept.keys()].map((name) => `${data}\\vault\\${name}`),
    ...[`${TEMP}\\${identifier}\\`, `${TEMP}\\${identifier}\\….lock`],
    ...[`${TEMP}\\~nsu….tmp\\`, `${TEMP}\\~nsu….tmp\\Un.exe`],
    ...[webView2Setup, `${webView2Setup}.starts`],
    ...[`${edgeKey}\\`, `${edgeKey}\\Clients\\`, `${client}\\`, `${client}\\pv`],
    ...[...locationKeys, `${String(locationKeys.at(-1))}@`],
  ];
  assert.deepEqual(left, expected.map((path) => `+ ${path}`).sort());
  assert.deepEqual(vault(), kept);
});

test("later installation finds the vault, and leaves links out where IT asks for it", async () => {
  const kept = vault();
  assert.equal(install(nextInstaller, { options: ["/NS"] }), 0);
  assertInstalled(nextProgram, nextVersion);
  for (const link of [menuLink, desktopLink]) assert.ok(!exists(link), link);
  await runApp();
  assert.equal(vault().get("key.json"), kept.get("key.json"));
});
