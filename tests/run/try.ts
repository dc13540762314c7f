/**
 * Opens the app on this desktop, set up for a practice Amiqus on this machine. Its data lies in
 * target/practice/, so that a real sign-in on this computer is left alone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { BUILT, ROOT } from "../stage/places";
import { Practice } from "../stage/practice";

/** The same port each time, so that a sign-in outlives a restart of the practice service. */
const PORT = "47291";

const folder = join(ROOT, "target", "practice");
mkdirSync(folder, { recursive: true });
const practice = await Practice.start(["--port", PORT, "--state", join(folder, "amiqus.json")]);

const provisioning = join(folder, "provisioning.json");
writeFileSync(provisioning, practice.provisioning(), { mode: 0o600 });
const program = join(BUILT, "sign-in-with-amiqus");
const own = { AMIQUS_PROVISIONING_FILE: provisioning, XDG_DATA_HOME: join(folder, "data") };
if (process.platform === "linux") registerForThisDesktop();

console.log(`A practice Amiqus is at ${practice.baseUrl}; nothing there is real.`);
for (const { name, email, password } of practice.ready.people) {
  console.log(`  ${name}: ${email}, password ${password}`);
}
console.log("The app opens. Close its window to end.");
const app = spawn(program, [], { stdio: "inherit", env: { ...process.env, ...own } });
await once(app, "exit");
await practice.stop();

/**
 * The desktop looks for scheme handlers where the person's programs are, not in target/. The app
 * registers itself there too, once it runs installed.
 */
function registerForThisDesktop(): void {
  const applications = join(
    process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share"),
    "applications",
  );
  mkdirSync(applications, { recursive: true });
  const env = Object.entries(own).map(([name, value]) => `"${name}=${value}"`);
  writeFileSync(
    join(applications, "sign-in-with-amiqus-handler.desktop"),
    [
      "[Desktop Entry]",
      "Type=Application",
      "Name=Sign in with Amiqus (practice)",
      `Exec=env ${env.join(" ")} "${program}" %u`,
      "NoDisplay=true",
      "MimeType=x-scheme-handler/co.amiqus.signin;",
      "",
    ].join("\n"),
  );
}
