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
import { Processes, waitFor } from "../harness/processes";
import { startDisplay } from "./display";
import { compileForWindows, prepareToolchain, TARGET } from "./toolchain";
import { createUser, LOCAL, ROAMING } from "./user";
import { Wine } from "./wine";

const PROGRAM = join(ROOT, "target/windows", TARGET, "debug/sign-in-with-amiqus.exe");

/** How long a program may take to start under Wine, in milliseconds. */
const START_TIMEOUT = 60_000;

const toolchain = prepareToolchain(console.log);
const folder = mkdtempSync(join(tmpdir(), "amiqus-wine-"));
const wine = Wine.create(toolchain, folder);
const processes = new Processes();
after(async () => {
  wine.remove();
  await processes.stop();
});

createUser(wine);

const provisioning = wine.hostPath(
  String.raw`C:\ProgramData\Sign in with Amiqus\provisioning.json`,
);

function provision(content: string | Buffer): void {
  mkdirSync(join(provisioning, ".."), { recursive: true });
  writeFileSync(provisioning, content);
}

function report(): string {
  const ended = wine.run(PROGRAM, ["--diagnose"]);
  assert.equal(ended.status, 0, `${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

test("program has Windows' manifest", () => {
  const program = readFileSync(PROGRAM);
  for (const part of ["Microsoft.Windows.Common-Controls", "PerMonitorV2", "longPathAware"]) {
    assert.ok(program.includes(part), part);
  }
  assert.ok(program.includes('level="asInvoker"'));
});

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
  const logs = wine.hostPath(String.raw`${LOCAL}\co.amiqus.signin\logs`);
  if (!existsSync(logs)) return "";
  return readdirSync(logs)
    .map((name) => readFileSync(join(logs, name), "utf8"))
    .join("");
}

/** How often the log has a text. */
const logged = (text: string) => log().split(text).length - 1;

test("second copy hands its link over and ends, also without WebView2", async () => {
  wine.display = await startDisplay(processes);
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
  const ended = once(app, "exit", { signal: AbortSignal.timeout(START_TIMEOUT) });
  const isLogged = () => logged("there is no WebView2 Runtime") > before;
  await waitFor("it is logged", isLogged, START_TIMEOUT);
  assert.equal(app.exitCode, null, "the message is shown");

  const reader = join(folder, "message.exe");
  compileForWindows(toolchain, "message.c", reader, ["-municode"]);
  const message = wine.run(reader, ["Sign in with Amiqus"]);
  assert.equal(message.status, 0, "the message is found, and its button pressed");
  assert.match(message.stdout, /WebView2/);
  assert.match(message.stdout, /developer\.microsoft\.com/, "it says from where to get it");
  await ended;
  assert.equal(app.exitCode, 1);
  wine.end();
});

test("everything is forgotten, and what an earlier version kept in the roaming folder as well", () => {
  const old = wine.hostPath(String.raw`${ROAMING}\co.amiqus.signin\vault`);
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, "vault.stronghold"), "a vault of an earlier version");
  const ended = wine.run(PROGRAM, ["--forget-everything"]);
  assert.equal(ended.status, 0, `${ended.stdout}${ended.stderr}`);
  assert.match(ended.stdout, /Removed the vault and all its accounts\./);
  for (const place of [LOCAL, ROAMING]) {
    assert.equal(existsSync(wine.hostPath(String.raw`${place}\co.amiqus.signin`)), false, place);
  }
});
