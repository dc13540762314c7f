/**
 * The package as people get it: installed by the system's own tools, signed in through the scheme
 * handler that it brings, upgraded, removed. It changes this machine, and puts it back.
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

/** The version that is installed; nothing where none is. */
function installed(): string | undefined {
  const asked = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Version}", PACKAGE]);
  const [status, version] = String(asked.stdout).split(" ");
  return status === "installed" ? version : undefined;
}

function install(file: string): void {
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", file]);
}

function remove(): void {
  run("apt-get", ["remove", "-y", "-qq", PACKAGE]);
}

/** The package that `npm run build` made. */
function built(): string {
  const bundles = join(ROOT, "target", "release", "bundle", "deb");
  const [file, ...others] = readdirSync(bundles).filter((name) => name.endsWith(".deb"));
  assert.ok(file && others.length === 0, `one package in ${bundles}`);
  return join(bundles, file);
}

/**
 * The same package under a lower number: no older one was ever published. (A vault that an older
 * build wrote is opened in `src-tauri/tests/vault`.)
 */
function older(file: string): string {
  const unpacked = join(folder, "older");
  run("dpkg-deb", ["--raw-extract", file, unpacked]);
  const control = join(unpacked, "DEBIAN", "control");
  const text = readFileSync(control, "utf8");
  writeFileSync(control, text.replace(/^Version: .*$/m, "Version: 0.0.1"));
  const packed = join(folder, "older.deb");
  run("dpkg-deb", ["--root-owner-group", "--build", unpacked, packed]);
  return packed;
}

/** Why this can't be done here; nothing where it can. */
const skip = process.getuid?.() === 0 ? false : "installing a package needs root";

before(() => {
  if (skip) return;
  assert.equal(installed(), undefined, "the app is installed here: this test would remove it");
});

after(() => {
  if (!skip && installed() !== undefined) remove();
  rmSync(folder, { recursive: true, force: true });
});

const name =
  "the installed package signs in through its own scheme handler, outlives an upgrade, and leaves no vault behind when told to";

void test(name, { timeout: 300_000, skip }, async () => {
  const newer = built();
  install(older(newer));
  assert.equal(installed(), "0.0.1");
  await withHarness(
    name,
    async (harness) => {
      const { app, desktop, practice } = harness;
      const data = String(desktop.env.XDG_DATA_HOME);
      const vault = join(data, "co.amiqus.signin", "vault", "vault.stronghold");
      const handler = async () =>
        (await desktop.run("xdg-mime", ["query", "default", SCHEME])).trim();
      assert.equal(await handler(), "co.amiqus.signin.desktop");

      // Closed meanwhile: it is the package's entry that starts it.
      await app.start();
      await app.waitForState("signed-out");
      await harness.signInWhileClosed();
      assert.deepEqual(
        readdirSync(join(data, "applications")).filter((entry) => /amiqus/i.test(entry)),
        [],
        "the app made no entry of its own beside the package's",
      );

      // The upgrade comes while it runs, as upgrades do.
      install(newer);
      assert.notEqual(installed(), "0.0.1");
      await app.press("Renew now");
      await practice.waitForTokenRequests(2);
      await app.waitForText("Connected.");
      await app.close();
      await app.start();
      await app.waitForState("signed-in");
      await app.waitForText("Bob Gale");
      assert.equal(await practice.tokenRequests(), 2, "nobody had to sign in again");
      await app.close();

      // People's data are theirs, and not the package's.
      remove();
      assert.equal(existsSync(PROGRAM), false);
      assert.equal(await handler(), "", "nobody opens the links any more");
      assert.ok(existsSync(vault));
      assert.equal(await keysInKeychain(desktop), 1);

      install(newer);
      await app.start();
      await app.waitForState("signed-in");
      await app.close();
      await waitFor("nothing of it runs", () => app.processIds().length === 0);
      await desktop.run(PROGRAM, ["--forget-everything"]);
      assert.equal(existsSync(join(data, "co.amiqus.signin")), false);
      assert.equal(await keysInKeychain(desktop), 0);
    },
    { program: PROGRAM },
  );
});
