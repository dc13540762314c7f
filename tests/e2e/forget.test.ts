import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Desktop } from "../stage/desktop";
import { journey } from "../stage/journey";
import { keysInKeychain } from "../stage/keychain";

/** What is the app's in a desktop's folders. */
function leftOvers(desktop: Desktop): string[] {
  return ["data", "config", "cache", "state"].flatMap((folder) =>
    readdirSync(join(desktop.folder, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /amiqus/i.test(name))
      .map((name) => join(folder, name)),
  );
}

journey(
  "--forget-everything leaves nothing of the app behind, and it begins anew",
  async (stage) => {
    const { app, desktop } = stage;
    await app.start();
    await stage.signIn();
    await app.press("Help");
    await app.press("Start when I log in to this computer");
    await app.close();
    assert.ok(leftOvers(desktop).some((name) => name.endsWith("vault.stronghold")));
    assert.ok(leftOvers(desktop).some((name) => name.startsWith("config/autostart/")));
    assert.equal(await keysInKeychain(desktop), 1);

    const said = await desktop.run(app.program, ["--forget-everything"]);
    assert.match(said, /vault was removed/);
    assert.match(said, /key was removed from the keychain/);
    assert.match(said, /Team apps/, "it says what it did not end");
    assert.deepEqual(leftOvers(desktop), []);
    assert.equal(await keysInKeychain(desktop), 0);

    const again = await desktop.run(app.program, ["--forget-everything"]);
    assert.match(again, /There was no vault/);
    assert.deepEqual(leftOvers(desktop), []);

    await app.start();
    await app.state("signed-out");
  },
);

journey("--forget-everything touches nothing while the app runs, and says so", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.signIn();
  await assert.rejects(desktop.run(app.program, ["--forget-everything"]), /ended with 1/);
  const vault = join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin/vault/vault.stronghold");
  assert.ok(existsSync(vault));
  assert.equal(await keysInKeychain(desktop), 1);
  await app.close();
  await app.start();
  await app.state("signed-in");
});

journey("--forget-everything where the keychain isn't says that the key is left", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.signIn();
  await app.close();
  const bus = desktop.env.DBUS_SESSION_BUS_ADDRESS;
  // As over ssh, or in a script of IT's.
  desktop.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nowhere";
  await assert.rejects(desktop.run(app.program, ["--forget-everything"]), /ended with 1/);
  assert.deepEqual(leftOvers(desktop), []);
  desktop.env.DBUS_SESSION_BUS_ADDRESS = bus;
  assert.equal(await keysInKeychain(desktop), 1);
  const said = await desktop.run(app.program, ["--forget-everything"]);
  assert.match(said, /key was removed from the keychain/);
  assert.equal(await keysInKeychain(desktop), 0);
});

journey(
  "--forget-everything removes the vault also where there is no keychain",
  async (stage) => {
    const { app, desktop } = stage;
    await app.start();
    await app.choosePassphrase("a long enough passphrase");
    await stage.signIn();
    await app.close();
    const said = await desktop.run(app.program, ["--forget-everything"]);
    assert.match(said, /There is no keychain here/);
    assert.deepEqual(leftOvers(desktop), []);
  },
  { keychain: false },
);
