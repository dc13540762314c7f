/** `--forget-everything`: what it removes, and what a practice start removes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Desktop } from "../harness/desktop";
import { journey } from "../harness/journey";
import { keysInKeychain } from "../harness/keychain";
import { ROOT } from "../harness/paths";
import { waitFor } from "../harness/processes";

/** The app's files in a desktop's XDG folders. */
function appFiles(desktop: Desktop): string[] {
  return ["data", "config", "cache", "state"].flatMap((folder) =>
    readdirSync(join(desktop.folder, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /amiqus/i.test(name))
      .map((name) => join(folder, name)),
  );
}

/** The desktop entry that opens the app's links. */
async function linkHandler(desktop: Desktop): Promise<string> {
  return desktop.run("xdg-mime", ["query", "default", "x-scheme-handler/co.amiqus.signin"]);
}

journey("--forget-everything removes every file and key of the app", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.openSettings();
  await app.press("Open when I log in to this computer");
  await app.close();
  assert.ok(appFiles(desktop).some((name) => name.endsWith("vault.stronghold")));
  assert.ok(appFiles(desktop).some((name) => name.startsWith("config/autostart/")));
  assert.equal(await keysInKeychain(desktop), 1);

  const output = await desktop.run(app.program, ["--forget-everything"]);
  assert.match(output, /Removed the vault and all its accounts/);
  assert.match(output, /Removed its key from the keychain/);
  assert.match(output, /Team apps/, "it names the access that it did not end");
  assert.deepEqual(appFiles(desktop), []);
  assert.equal(await keysInKeychain(desktop), 0);

  const again = await desktop.run(app.program, ["--forget-everything"]);
  assert.match(again, /No vault found/);
  assert.deepEqual(appFiles(desktop), []);

  await app.start();
  await app.waitForState("signed-out");
});

// Shows check 35.
journey("practice start leaves a real sign-in and no files", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.openSettings();
  await app.press("Open when I log in to this computer");
  await waitFor("the app starts at login", () => {
    return appFiles(desktop).some((name) => name.startsWith("config/autostart/"));
  });
  const before = { files: appFiles(desktop), handler: await linkHandler(desktop) };
  const realInstance = app.processIds();
  const practiceStart = desktop.processes.start(
    "node",
    ["--import", "tsx", join(ROOT, "tests/run/try.ts")],
    { env: desktop.env, cwd: ROOT },
  );
  const [practiceApp = 0] = await waitFor("the practice app is running", () => {
    const ids = app.processIds().filter((id) => !realInstance.includes(id));
    return ids.length === 1 && ids;
  });
  await waitFor("the practice app has a vault", async () => (await keysInKeychain(desktop)) === 2);
  assert.equal(await linkHandler(desktop), before.handler);
  const ended = once(practiceStart, "exit");
  process.kill(practiceApp, "SIGTERM");
  await ended;
  assert.equal(await keysInKeychain(desktop), 1);
  assert.deepEqual(appFiles(desktop), before.files);
  assert.equal(await linkHandler(desktop), before.handler);
  assert.ok(!existsSync(join(ROOT, "target/practice")));
  await app.closeSettings();
  await app.renew();
});

journey("--forget-everything is refused while the app is running", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await assert.rejects(desktop.run(app.program, ["--forget-everything"]), /ended with 1/);
  const vault = join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin/vault/vault.stronghold");
  assert.ok(existsSync(vault));
  assert.equal(await keysInKeychain(desktop), 1);
  await app.close();
  await app.start();
  await app.waitForState("signed-in");
});

journey("--forget-everything without the keychain reports the key", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  const bus = desktop.env.DBUS_SESSION_BUS_ADDRESS;
  // As over ssh, or in an administrator's script.
  desktop.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nowhere";
  await assert.rejects(desktop.run(app.program, ["--forget-everything"]), /ended with 1/);
  // Only the files that name the key to remove are left.
  const vault = "data/co.amiqus.signin/vault";
  const files = appFiles(desktop).filter((name) => name.startsWith(`${vault}/`));
  assert.deepEqual(files.sort(), [`${vault}/key.json`, `${vault}/lock`]);
  desktop.env.DBUS_SESSION_BUS_ADDRESS = bus;
  assert.equal(await keysInKeychain(desktop), 1);
  const output = await desktop.run(app.program, ["--forget-everything"]);
  assert.match(output, /Removed its key from the keychain/);
  assert.equal(await keysInKeychain(desktop), 0);
  assert.deepEqual(appFiles(desktop), []);
});

journey(
  "--forget-everything removes a vault without a keychain",
  async (harness) => {
    const { app, desktop } = harness;
    await app.start();
    await app.choosePassphrase("a long enough passphrase");
    await harness.signIn();
    await app.close();
    const output = await desktop.run(app.program, ["--forget-everything"]);
    assert.match(output, /No keychain here/);
    assert.deepEqual(appFiles(desktop), []);
  },
  { keychain: false },
);
