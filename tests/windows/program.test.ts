/** The app's own program for Windows, started from a command line under Wine. */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../harness/paths";
import { firstLine, Processes, waitFor } from "../harness/processes";
import { prepareToolchain, TARGET } from "./toolchain";
import { Wine } from "./wine";

const PROGRAM = join(ROOT, "target/windows", TARGET, "debug/sign-in-with-amiqus.exe");
/** Windows' own folders of a user whose name has a space and letters beyond ASCII. */
const LOCAL = String.raw`C:\users\Zoë Müller\AppData\Local`;
const ROAMING = String.raw`C:\users\Zoë Müller\AppData\Roaming`;

/** How long a program may take to start under Wine, in milliseconds. */
const START_TIMEOUT = 60_000;

const wine = Wine.create(
  prepareToolchain(console.log),
  mkdtempSync(join(tmpdir(), "amiqus-wine-")),
);
const processes = new Processes();
after(async () => {
  wine.remove();
  await processes.stop();
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

/** What the app has logged. */
function log(): string {
  const folder = inDriveC(String.raw`${LOCAL}\co.amiqus.signin\logs`);
  if (!existsSync(folder)) return "";
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}

/** How often the log has a text. */
const logged = (text: string) => log().split(text).length - 1;

test("second copy hands its link over and ends, also without WebView2", async () => {
  const display = processes.start(
    "Xvfb",
    ["-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp"],
    { stdio: ["ignore", "ignore", "ignore", "pipe"] },
  );
  wine.display = `:${await firstLine(display, 3)}`;
  wine.start(PROGRAM, ["--in-the-tray"]);
  await waitFor("the app runs", () => logged("links: handler registered") > 0, START_TIMEOUT);
  const second = wine.start(PROGRAM, ["co.amiqus.signin://oauth/callback?code=abc&state=def"]);
  await once(second, "exit", { signal: AbortSignal.timeout(START_TIMEOUT) });
  assert.equal(second.exitCode, 0);
  await waitFor("the first copy judges the link", () => logged("redirect: ignored") > 0);
  assert.equal(logged("started version"), 1, "the second copy has opened nothing");
  assert.doesNotMatch(log(), /abc|def/);
  wine.end();
});

test("start without WebView2 says so, in a message that stays until it is read", async () => {
  const before = logged("there is no WebView2 Runtime");
  const app = wine.start(PROGRAM);
  const isLogged = () => logged("there is no WebView2 Runtime") > before;
  await waitFor("it is logged", isLogged, START_TIMEOUT);
  assert.equal(app.exitCode, null, "the message is shown");
  wine.end();
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
