/**
 * The package as users get it: installed by the system's package manager, signed in through its scheme
 * handler, upgraded, removed. This changes the machine and restores it.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { keysInKeychain } from "../harness/keychain";
import { ROOT } from "../harness/paths";
import { waitFor } from "../harness/processes";
import { withHarness } from "../harness/harness";

const PACKAGE = "sign-in-with-amiqus";
const PROGRAM = `/usr/bin/${PACKAGE}`;
const SCHEME = "x-scheme-handler/co.amiqus.signin";
const folder = mkdtempSync(join(tmpdir(), "sign-in-with-amiqus-packages-"));

function run(program: string, args: readonly string[]): string {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return execFileSync(program, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The version that is installed, if any. */
function installedVersion(): string | undefined {
  const query = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Version}", PACKAGE]);
  const [status, version] = String(query.stdout).split(" ");
  return status === "installed" ? version : undefined;
}

function install(file: string): void {
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", file]);
}

function remove(): void {
  run("apt-get", ["remove", "-y", "-qq", PACKAGE]);
}

/** The package that `npm run build` made. */
function builtPackage(): string {
  const bundles = join(ROOT, "target", "release", "bundle", "deb");
  const [file, ...others] = readdirSync(bundles).filter((name) => name.endsWith(".deb"));
  assert.ok(file && others.length === 0, `one package in ${bundles}`);
  return join(bundles, file);
}

/**
 * Repacks a package under a lower version, since no older one was published. (`src-tauri/tests/vault`
 * opens a vault that an older build wrote.)
 */
function olderVersionOf(file: string): string {
  const unpacked = join(folder, "older");
  run("dpkg-deb", ["--raw-extract", file, unpacked]);
  const control = join(unpacked, "DEBIAN", "control");
  const text = readFileSync(control, "utf8");
  writeFileSync(control, text.replace(/^Version: .*$/m, "Version: 0.0.1"));
  const packed = join(folder, "older.deb");
  run("dpkg-deb", ["--root-owner-group", "--build", unpacked, packed]);
  return packed;
}

/** Why the test is skipped, or `false`. */
const skip = process.getuid?.() === 0 ? false : "installing a package needs root";

before(() => {
  if (skip) return;
  assert.equal(
    installedVersion(),
    undefined,
    "the app is installed here: this test would remove it",
  );
});

after(() => {
  if (!skip && installedVersion() !== undefined) remove();
  rmSync(folder, { recursive: true, force: true });
});

const name = "installed package signs in, upgrades and is removed";

void test(name, { timeout: 300_000, skip }, async () => {
  const newer = builtPackage();
  install(olderVersionOf(newer));
  assert.equal(installedVersion(), "0.0.1");
  await withHarness(
    name,
    async (harness) => {
      const { app, desktop, practice } = harness;
      const data = String(desktop.env.XDG_DATA_HOME);
      const vault = join(data, "co.amiqus.signin", "vault", "vault.stronghold");
      const handler = async () =>
        (await desktop.run("xdg-mime", ["query", "default", SCHEME])).trim();
      assert.equal(await handler(), "co.amiqus.signin.desktop");

      // The app is closed during the sign-in, so that the package's entry starts it.
      await app.start();
      await app.waitForState("signed-out");
      await harness.signInWhileClosed();
      assert.deepEqual(
        readdirSync(join(data, "applications")).filter((entry) => /amiqus/i.test(entry)),
        [],
        "the app added no entry to the package's",
      );

      // Upgraded while it is running.
      install(newer);
      assert.notEqual(installedVersion(), "0.0.1");
      await app.renew();
      assert.equal(await practice.tokenRequests(), 2);
      await app.close();
      await app.start();
      await app.waitForState("signed-in");
      await app.waitForText("Bob Gale");
      assert.equal(await practice.tokenRequests(), 2, "the sign-in outlives the upgrade");
      await app.close();

      // Removing the package keeps the user's data.
      remove();
      assert.equal(existsSync(PROGRAM), false);
      assert.equal(await handler(), "", "no handler for the links is left");
      assert.ok(existsSync(vault));
      assert.equal(await keysInKeychain(desktop), 1);

      install(newer);
      await app.start();
      await app.waitForState("signed-in");
      await app.close();
      await waitFor("the app has exited", () => app.processIds().length === 0);
      await desktop.run(PROGRAM, ["--forget-everything"]);
      assert.equal(existsSync(join(data, "co.amiqus.signin")), false);
      assert.equal(await keysInKeychain(desktop), 0);
    },
    { program: PROGRAM },
  );
});
