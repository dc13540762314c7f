import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Desktop } from "../harness/desktop";
import { journey } from "../harness/journey";
import { keysInKeychain } from "../harness/keychain";
import { ROOT } from "../harness/paths";
import { waitFor } from "../harness/processes";

/** What is the app's in a desktop's folders. */
function leftOvers(desktop: Desktop): string[] {
  return ["data", "config", "cache", "state"].flatMap((folder) =>
    readdirSync(join(desktop.folder, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /amiqus/i.test(name))
      .map((name) => join(folder, name)),
  );
}

/** Who opens the app's links. */
async function handlerOf(desktop: Desktop): Promise<string> {
  return desktop.run("xdg-mime", ["query", "default", "x-scheme-handler/co.amiqus.signin"]);
}

journey(
  "--forget-everything leaves nothing of the app behind, and it begins anew",
  async (harness) => {
    const { app, desktop } = harness;
    await app.start();
    await harness.signIn();
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
    await app.waitForState("signed-out");
  },
);

// Shows check 35.
journey("practice start leaves a real sign-in alone, and nothing of itself", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.press("Help");
  await app.press("Start when I log in to this computer");
  await waitFor("it starts at login", () => {
    return leftOvers(desktop).some((name) => name.startsWith("config/autostart/")) || undefined;
  });
  const before = { files: leftOvers(desktop), handler: await handlerOf(desktop) };
  const real = app.processIds();
  const trying = desktop.processes.start(
    "node",
    ["--import", "tsx", join(ROOT, "tests/run/try.ts")],
    { env: desktop.env, cwd: ROOT },
  );
  const [practice = 0] = await waitFor("the practice app is there", () => {
    const ids = app.processIds().filter((id) => !real.includes(id));
    return ids.length === 1 ? ids : undefined;
  });
  await waitFor("it has a vault", async () => (await keysInKeychain(desktop)) === 2 || undefined);
  assert.equal(await handlerOf(desktop), before.handler);
  const ended = once(trying, "exit");
  process.kill(practice, "SIGTERM");
  await ended;
  assert.equal(await keysInKeychain(desktop), 1);
  assert.deepEqual(leftOvers(desktop), before.files);
  assert.equal(await handlerOf(desktop), before.handler);
  assert.ok(!existsSync(join(ROOT, "target/practice")));
  await app.press("Renew now");
  await app.waitForText("Connected.");
});

journey("--forget-everything touches nothing while the app runs, and says so", async (harness) => {
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

journey("--forget-everything where the keychain isn't says that the key is left", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  const bus = desktop.env.DBUS_SESSION_BUS_ADDRESS;
  // As over ssh, or in a script of IT's.
  desktop.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nowhere";
  await assert.rejects(desktop.run(app.program, ["--forget-everything"]), /ended with 1/);
  // Nothing is left but what tells which key is to be removed.
  const vault = "data/co.amiqus.signin/vault";
  const files = leftOvers(desktop).filter((name) => name.startsWith(`${vault}/`));
  assert.deepEqual(files.sort(), [`${vault}/key.json`, `${vault}/lock`]);
  desktop.env.DBUS_SESSION_BUS_ADDRESS = bus;
  assert.equal(await keysInKeychain(desktop), 1);
  const said = await desktop.run(app.program, ["--forget-everything"]);
  assert.match(said, /key was removed from the keychain/);
  assert.equal(await keysInKeychain(desktop), 0);
  assert.deepEqual(leftOvers(desktop), []);
});

journey(
  "--forget-everything removes the vault also where there is no keychain",
  async (harness) => {
    const { app, desktop } = harness;
    await app.start();
    await app.choosePassphrase("a long enough passphrase");
    await harness.signIn();
    await app.close();
    const said = await desktop.run(app.program, ["--forget-everything"]);
    assert.match(said, /There is no keychain here/);
    assert.deepEqual(leftOvers(desktop), []);
  },
  { keychain: false },
);
