import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { journey } from "../stage/journey";
import { until } from "../stage/processes";
import type { Stage } from "../stage/stage";

const HANGS = "vault key: the keychain didn't answer within 5 s";

/** Saves the report as a person does; answers what is in it. */
async function savedReport({ app }: Stage): Promise<string> {
  if (!(await app.offers("Save a report for support"))) await app.press("Help");
  await app.press("Save a report for support");
  const file = await until("the window says where the report is", async () => {
    return /Saved as (\S+\.txt)/.exec(await app.text())?.[1];
  });
  return readFileSync(file, "utf8");
}

// Shows check 42.
journey("report_while_the_keychain_hangs_is_saved_and_says_so", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.signIn();
  desktop.stopKeychain();
  for (const report of [await savedReport(stage), await desktop.run(app.program, ["--diagnose"])]) {
    assert.ok(report.includes(HANGS), report);
    assert.ok(report.includes("opened by: this app"), report);
  }
  // What is in memory goes on, and the app ends when it is told to.
  await app.press("Renew now");
  await app.says("Connected.");
  await app.close();
  desktop.resumeKeychain();
});

// Shows check 33.
journey("window_while_the_keychain_hangs_says_so_and_opens_once_it_answers", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.signIn();
  await app.close();
  desktop.stopKeychain();
  await app.start();
  await app.state("locked");
  await app.says("The keychain isn’t answering");
  const report = await savedReport(stage);
  assert.ok(report.includes(HANGS), report);
  assert.ok(report.includes("locked accounts=0"), report);
  desktop.resumeKeychain();
  await app.state("signed-in");
  await app.says("Bob Gale");
});

journey("window_locked_by_an_absent_keychain_opens_once_it_comes", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.signIn();
  await app.close();
  for (const id of desktop.processIds((name) => name.includes("gnome-keyring-daemon"))) {
    process.kill(id, "SIGKILL");
  }
  await app.start();
  await app.state("locked");
  await app.says("The keychain isn’t answering");
  await desktop.startKeychain();
  await app.state("signed-in");
  await app.says("Bob Gale");
});

journey("home_that_refuses_locks_syncs_and_modes_works_and_the_report_says_so", async (stage) => {
  const { app, desktop } = stage;
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
  await app.state("signed-out");
  await stage.signIn();
  for (const report of [await savedReport(stage), await desktop.run(app.program, ["--diagnose"])]) {
    for (const missing of ["lock: ", "file sync: ", "folder sync: ", "permissions: "]) {
      assert.ok(report.includes(`missing safeguard: ${missing}`), `${missing}\n${report}`);
    }
    assert.ok(!report.includes(vault), "the person's folder is not named in full");
  }
});
