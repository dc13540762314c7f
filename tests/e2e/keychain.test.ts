/** The vault's key where the keychain hangs, comes late or is absent, and a home without safeguards. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { reportLines } from "../harness/log-lines";
import { saveReport } from "../harness/report";

/** The saved report and the printed one. */
async function reports({ app, desktop }: Harness): Promise<string[]> {
  const saved = readFileSync(await saveReport(app), "utf8");
  return [saved, await desktop.run(app.program, ["--diagnose"])];
}

// Shows check 42.
journey("report is saved while the keychain hangs and says so", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  desktop.suspendKeychain();
  for (const report of await reports(harness)) {
    assert.ok(report.includes(reportLines.keychainHangs), report);
    assert.ok(report.includes(reportLines.linksOpenedByThisApp), report);
  }
  // The open vault goes on working, and the app still exits on request.
  await app.renew();
  await app.close();
  desktop.resumeKeychain();
});

// Shows check 33.
journey("window says that the keychain hangs and opens when it answers", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  desktop.suspendKeychain();
  await app.start();
  await app.waitForState("locked");
  await app.waitForText("Can’t reach your keychain");
  const report = readFileSync(await saveReport(app), "utf8");
  assert.ok(report.includes(reportLines.keychainHangs), report);
  assert.ok(report.includes(reportLines.lockedWithoutAccounts), report);
  desktop.resumeKeychain();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});

journey("window locked by an absent keychain opens when it starts", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  for (const id of desktop.processIds((name) => name.includes("gnome-keyring-daemon"))) {
    process.kill(id, "SIGKILL");
  }
  await app.start();
  await app.waitForState("locked");
  await app.waitForText("Can’t reach your keychain");
  await desktop.startKeychain();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});

// Shows check 33.
journey(
  "vault without a keychain is opened by a passphrase",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("locked");
    await app.type("Passphrase", "too short");
    await app.press("Save passphrase");
    await app.waitForProblem("passphrase_too_short");
    await app.choosePassphrase("a long enough passphrase");
    await harness.signIn();
    await app.close();
    await app.start();
    await app.waitForState("locked");
    await app.type("Passphrase", "a wrong passphrase");
    await app.press("Unlock");
    await app.waitForProblem("wrong_passphrase");
    await app.type("Passphrase", "a long enough passphrase");
    await app.press("Unlock");
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");
    await app.close();
    await app.start();
    await app.waitForState("locked");
    await app.press("Forget this sign-in…");
    await app.press("Forget");
    await app.waitForText("Choose a passphrase");
  },
  { keychain: false },
);

journey("home without locks, syncs and modes works and is reported", async (harness) => {
  const { app, desktop } = harness;
  // As on a network share: each safeguard's system call fails. WebKit's processes, which need some of
  // these calls elsewhere, are left alone.
  const strace = join(desktop.folder, "strace.sh");
  const calls = "flock,fsync,?chmod,?fchmodat";
  // The data folder is in the home, as it usually is, so that the report abbreviates its path.
  desktop.env.HOME = desktop.folder;
  writeFileSync(
    strace,
    [
      "#!/bin/sh",
      `exec strace -f -qq -o /dev/null -e trace=${calls} -e inject=flock:error=ENOLCK \\`,
      `  -e inject=fsync:error=EINVAL -e 'inject=?chmod,?fchmodat:error=EPERM' \\`,
      `  ${app.program} "$@"`,
      "",
    ].join("\n"),
    { mode: 0o700 },
  );
  desktop.processes.start(strace, [], { env: desktop.env });
  await app.attach();
  await app.waitForState("signed-out");
  await harness.signIn();
  for (const report of await reports(harness)) {
    for (const safeguard of ["lock: ", "file sync: ", "folder sync: ", "permissions: "]) {
      assert.ok(
        report.includes(reportLines.missingSafeguard + safeguard),
        `${safeguard}\n${report}`,
      );
    }
    assert.ok(report.includes("~/data/co.amiqus.signin"), report);
    assert.ok(!report.includes(desktop.folder), "the path of the home is redacted");
  }
});
