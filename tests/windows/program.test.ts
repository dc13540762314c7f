/** The app's own program for Windows, started from a command line under Wine. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../harness/paths";
import { prepareToolchain, TARGET } from "./toolchain";
import { Wine } from "./wine";

const PROGRAM = join(ROOT, "target/windows", TARGET, "debug/sign-in-with-amiqus.exe");
/** Windows' own folders of a user whose name has a space and letters beyond ASCII. */
const LOCAL = String.raw`C:\users\Zoë Müller\AppData\Local`;
const ROAMING = String.raw`C:\users\Zoë Müller\AppData\Roaming`;

const wine = Wine.create(
  prepareToolchain(console.log),
  mkdtempSync(join(tmpdir(), "amiqus-wine-")),
);
after(() => {
  wine.remove();
});

const inDriveC = (path: string) =>
  join(wine.driveC, path.replace(/^C:\\/, "").replaceAll("\\", "/"));

for (const [name, folder] of [
  ["Local AppData", LOCAL],
  ["AppData", ROAMING],
] as const) {
  mkdirSync(inDriveC(folder), { recursive: true });
  const key = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders`;
  const added = wine.run("reg", ["add", key, "/v", name, "/d", folder, "/f"]);
  assert.equal(added.status, 0, added.stderr);
}

const provisioning = inDriveC(String.raw`C:\ProgramData\Sign in with Amiqus\provisioning.json`);

function provision(content: string | Buffer): void {
  mkdirSync(join(provisioning, ".."), { recursive: true });
  writeFileSync(provisioning, content);
}

function report(): string {
  const ended = wine.run(PROGRAM, ["--diagnose"]);
  assert.equal(ended.status, 0, `${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

test("report names the system, the links, the key, and a missing WebView2", () => {
  const text = report();
  assert.match(text, /^ {2}system: .*Windows .+, \d+\.\d+/m);
  assert.match(text, /^ {2}opened by: no app$/m);
  assert.match(text, /^ {2}vault key: not in the keychain$/m);
  assert.match(text, /^ {2}webview: not found$/m);
});

test("file for all users is read, also as PowerShell writes it", () => {
  const text = JSON.stringify({ client_id: "17", client_secret: "hush", organisation: "Zoë & Co" });
  const forms = {
    "UTF-8": Buffer.from(text),
    "UTF-8 with a byte order mark": Buffer.from(`\uFEFF${text}`),
    "UTF-16": Buffer.from(`\uFEFF${text}`, "utf16le"),
  };
  for (const [form, content] of Object.entries(forms)) {
    provision(content);
    const described = report();
    assert.match(described, /^ {2}status: valid$/m, `${form}: ${described}`);
    assert.ok(!described.includes("hush"), form);
  }
  rmSync(provisioning);
});

test("everything is forgotten, and what an earlier version kept in the roaming folder as well", () => {
  const old = inDriveC(String.raw`${ROAMING}\co.amiqus.signin\vault`);
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, "vault.stronghold"), "a vault of an earlier version");
  const ended = wine.run(PROGRAM, ["--forget-everything"]);
  assert.equal(ended.status, 0, `${ended.stdout}${ended.stderr}`);
  assert.match(ended.stdout, /Removed the vault and all its accounts\./);
  for (const folder of [LOCAL, ROAMING]) {
    assert.equal(existsSync(inDriveC(String.raw`${folder}\co.amiqus.signin`)), false, folder);
  }
});
