/**
 * Opens the app on this desktop, set up for a practice Amiqus on this machine. It has a place of its own in
 * target/practice/, a name of its own on the session bus and a key of its own in the keychain, its browser
 * comes back to this computer's own address, and when it ends it takes all of that with it: a real sign-in
 * on this computer, and who opens its links, are left alone.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { BIN_DIR, ROOT } from "../harness/paths";
import { Practice } from "../harness/practice";
import { reservePort } from "../harness/processes";

const folder = join(ROOT, "target", "practice");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true, mode: 0o700 });
const redirectUrl = `http://127.0.0.1:${String(await reservePort())}/callback`;
const practice = await Practice.start(["--redirect-url", redirectUrl]);

const provisioning = join(folder, "provisioning.json");
writeFileSync(provisioning, practice.provisioning({ redirect_url: redirectUrl }), { mode: 0o600 });
const program = join(BIN_DIR, "sign-in-with-amiqus");
const env = {
  ...process.env,
  AMIQUS_INSTANCE: "practice",
  AMIQUS_PROVISIONING_FILE: provisioning,
  XDG_DATA_HOME: join(folder, "data"),
  XDG_CACHE_HOME: join(folder, "cache"),
  XDG_CONFIG_HOME: ownSettings(),
};

console.log(`A practice Amiqus is at ${practice.baseUrl}; nothing there is real.`);
for (const { name, email, password } of practice.ready.people) {
  console.log(`  ${name}: ${email}, password ${password}`);
}
console.log("The app opens. Close its window, or quit it in the tray, to end.");
// It ends with the app, also at Ctrl+C, which both of them get.
process.on("SIGINT", () => undefined);
const app = spawn(program, [], { stdio: "inherit", env });
await once(app, "exit");
await practice.stop();
const forgotten = spawnSync(program, ["--forget-everything"], { env, encoding: "utf8" });
if (forgotten.status !== 0) console.error(forgotten.stdout);
rmSync(folder, { recursive: true, force: true });

/**
 * Settings in which the person's browser is at home, and whose start at login and link handlers are not the
 * person's own.
 */
function ownSettings(): string {
  const theirs = process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config");
  const own = join(folder, "config");
  mkdirSync(own);
  for (const { name } of entries(theirs)) {
    if (name === "mimeapps.list") copyFileSync(join(theirs, name), join(own, name));
    else if (name !== "autostart" && !/amiqus/i.test(name)) {
      symlinkSync(join(theirs, name), join(own, name));
    }
  }
  return own;
}

function entries(of: string) {
  try {
    return readdirSync(of, { withFileTypes: true });
  } catch {
    return [];
  }
}
