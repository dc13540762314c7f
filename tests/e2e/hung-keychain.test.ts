import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import type { Harness } from "../harness/harness";

const HANGS = "vault key: the keychain didn't answer within 5 s";

/** Saves the report as a person does; answers what is in it. */
async function savedReport({ app }: Harness): Promise<string> {
  if (!(await app.hasButton("Save a report for support"))) await app.press("Help");
  await app.press("Save a report for support");
  const file = await waitFor("the window says where the report is", async () => {
    return /Saved as (\S+\.txt)/.exec(await app.text())?.[1];
  });
  return readFileSync(file, "utf8");
}

// Shows check 42.
journey("report_while_the_keychain_hangs_is_saved_and_says_so", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  desktop.suspendKeychain();
  for (const report of [await savedReport(harness), await desktop.run(app.program, ["--diagnose"])]) {
    assert.ok(report.includes(HANGS), report);
    assert.ok(report.includes("opened by: this app"), report);
  }
  // What is in memory goes on, and the app ends when it is told to.
  await app.press("Renew now");
  await app.waitForText("Connected.");
  await app.close();
  desktop.resumeKeychain();
});

// Shows check 33.
journey("window_while_the_keychain_hangs_says_so_and_opens_once_it_answers", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  desktop.suspendKeychain();
  await app.start();
  await app.waitForState("locked");
  await app.waitForText("The keychain isn’t answering");
  const report = await savedReport(harness);
  assert.ok(report.includes(HANGS), report);
  assert.ok(report.includes("locked accounts=0"), report);
  desktop.resumeKeychain();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});

journey("window_locked_by_an_absent_keychain_opens_once_it_comes", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  for (const id of desktop.processIds((name) => name.includes("gnome-keyring-daemon"))) {
    process.kill(id, "SIGKILL");
  }
  await app.start();
  await app.waitForState("locked");
  await app.waitForText("The keychain isn’t answering");
  await desktop.startKeychain();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});

journey("home_that_refuses_locks_syncs_and_modes_works_and_the_report_says_so", async (harness) => {
  const { app, desktop } = harness;
  // A file system as that of a share: each safeguard is refused. The window's own processes, which
  // need some of these calls elsewhere, are left alone.
  const strace = join(desktop.folder, "strace.sh");
  const calls = "flock,fsync,?chmod,?fchmodat";
  const vault = join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin/vault");
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
  for (const report of [await savedReport(harness), await desktop.run(app.program, ["--diagnose"])]) {
    for (const missing of ["lock: ", "file sync: ", "folder sync: ", "permissions: "]) {
      assert.ok(report.includes(`missing safeguard: ${missing}`), `${missing}\n${report}`);
    }
    assert.ok(!report.includes(vault), "the person's folder is not named in full");
  }
});
