/** The support report: what it holds, where it is saved, and who opens the app's links. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { journey } from "../harness/journey";
import { logLines, reportLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";
import { saveReport } from "../harness/report";
import { secretsIn } from "../harness/secrets";

/** Personal data of the account that signs in. */
const PERSONAL = ["Bob", "bob@", "Gale", "Fusion Industries", "345789"];

// Shows check 42.
journey(
  "report holds no secret or personal data, saved or printed",
  async (harness) => {
    const { app, desktop, practice } = harness;
    mkdirSync(join(String(desktop.env.HOME), "Downloads"));
    await app.start();
    await harness.signIn();
    await app.renew();
    assert.equal(await practice.tokenRequests(), 2);
    // A second attempt, left pending, whose state is a secret too, and a link of no attempt.
    await harness.startSignIn("Add another account");
    await harness.consentPage();
    await desktop.openUrl(
      "co.amiqus.signin://oauth/callback?code=foreign-code&state=foreign-state",
    );
    await desktop.waitForLog(logLines.linkOfAnotherAttempt);

    // The worst case: every secret is in the log, for the redaction to remove.
    const secrets = [...(await practice.secrets()), "foreign-code", "foreign-state"];
    assert.ok(secrets.length >= 9, `only ${String(secrets.length)} secrets to look for`);
    const [log = ""] = desktop.appLogFiles();
    const planted = await practice.secrets();
    appendFileSync(log, planted.map((secret) => `planted: ${secret}, bob@example.com\n`).join(""));
    assert.deepEqual(secretsIn(desktop.appLog(), planted), planted);

    const file = await saveReport(app);
    const saved = readFileSync(file, "utf8");
    assert.equal(lstatSync(file).mode & 0o777, 0o600);
    const printed = await desktop.run(app.program, ["--diagnose"]);
    await app.waitForState("awaiting-browser");
    assert.equal(app.processIds().length, 1, "the running instance goes on");

    for (const [name, report] of [
      ["saved", saved],
      ["printed", printed],
    ] as const) {
      assert.deepEqual(secretsIn(report, secrets), [], `a secret is in the ${name} report`);
      for (const personal of PERSONAL) {
        assert.ok(!report.includes(personal), `${personal} is in the ${name} report:\n${report}`);
      }
      for (const expected of [
        reportLines.version,
        reportLines.keychainOpen,
        reportLines.linksOpenedByThisApp,
        reportLines.reachable,
        reportLines.noProxy,
        reportLines.awaitingBrowserWithOneAccount,
        logLines.linkOfAnotherAttempt,
        logLines.processStarted.trim(),
        `planted: ${reportLines.redacted}`,
        reportLines.redactedEmail,
      ]) {
        assert.ok(report.includes(expected), `the ${name} report lacks "${expected}":\n${report}`);
      }
    }
    assert.ok(saved.includes("at example.com, connected"), saved);
  },
  { practice: () => ["--always-ask"] },
);

journey("--diagnose works without display, bus and service", async (harness) => {
  const { app, desktop, practice } = harness;
  await practice.stop();
  const nowhere = ["-u", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere"];
  const printed = await desktop.run("env", [...nowhere, app.program, "--diagnose"]);
  for (const expected of [reportLines.keychainAbsent, reportLines.unreachable]) {
    assert.ok(printed.includes(expected), printed);
  }
  assert.deepEqual(app.processIds(), []);
});

// Shows check 42.
journey(
  "report names the proxy without its password",
  async ({ app, desktop }) => {
    desktop.env.HTTPS_PROXY = "http://bob:hunter2@127.0.0.1:9";
    const printed = await desktop.run(app.program, ["--diagnose"]);
    assert.ok(printed.includes("proxy: 127.0.0.1:9, with a password"), printed);
    assert.ok(printed.includes(reportLines.unreachable), printed);
    assert.ok(!printed.includes("hunter2"), printed);
  },
  { provisioning: (practice) => practice.provisioning({ base_url: "https://amiqus.invalid" }) },
);

// Shows check 40.
journey("certificates from a variable are in the report and the log", async (harness) => {
  const { app, desktop } = harness;
  const before = await desktop.run(app.program, ["--diagnose"]);
  assert.ok(before.includes(reportLines.certificatesOfSystem), before);
  desktop.env.SSL_CERT_FILE = "/etc/ssl/certs/ca-certificates.crt";
  const printed = await desktop.run(app.program, ["--diagnose"]);
  const override = `SSL_CERT_FILE replaces the system's: ${desktop.env.SSL_CERT_FILE}`;
  assert.ok(printed.includes(`certificates: ${override}`), printed);
  await app.start();
  await app.waitForState("signed-out");
  assert.ok(desktop.appLog().includes(logLines.certificatesReplaced));
});

// Shows check 42.
journey("report never replaces a file or follows a link", async (harness) => {
  const { app, desktop } = harness;
  const home = String(desktop.env.HOME);
  const downloads = join(home, "Downloads");
  mkdirSync(downloads);
  desktop.write("config/user-dirs.dirs", 'XDG_DOWNLOAD_DIR="$HOME/Downloads"\n');
  const victim = join(home, "victim");
  writeFileSync(victim, "precious");
  await app.start();
  await app.waitForState("signed-out");
  for (let second = 0; second < 60; second += 1) {
    const time = new Date(Date.now() + second * 1000).toISOString();
    const name = `sign-in-with-amiqus-report-${time.slice(0, 19).replaceAll(":", "-")}Z`;
    symlinkSync(victim, join(downloads, `${name}.txt`));
    symlinkSync(join(home, "nowhere"), join(downloads, `${name}-2.txt`));
  }
  const saved = await saveReport(app);
  assert.match(saved, /-3\.txt$/);
  assert.equal(dirname(saved), downloads);
  assert.ok(!existsSync(join(home, "nowhere")));
  assert.equal(readFileSync(victim, "utf8"), "precious");
  const { mode } = lstatSync(saved);
  assert.equal(mode & 0o777, 0o600);
});

journey("report goes to the home folder from read-only Downloads", async (harness) => {
  const { app, desktop } = harness;
  const downloads = join(String(desktop.env.HOME), "Downloads");
  mkdirSync(downloads);
  desktop.write("config/user-dirs.dirs", 'XDG_DOWNLOAD_DIR="$HOME/Downloads"\n');
  await desktop.runAsRoot(["mount", "-t", "tmpfs", "-o", "ro", "none", downloads]);
  try {
    await app.start();
    await app.waitForState("signed-out");
    assert.equal(dirname(await saveReport(app)), desktop.env.HOME);
  } finally {
    await desktop.runAsRoot(["umount", "--lazy", downloads]);
  }
});

journey(
  "report can be saved by a locked app",
  async ({ app }) => {
    await app.start();
    await app.waitForState("locked");
    const saved = readFileSync(await saveReport(app), "utf8");
    assert.ok(saved.includes(reportLines.lockedWithoutAccounts), saved);
    assert.ok(saved.includes(reportLines.keychainAbsent), saved);
  },
  { keychain: false },
);

journey("another app that opens the links is named and replaced", async (harness) => {
  const { app, desktop } = harness;
  desktop.write(
    "data/applications/foreign.desktop",
    [
      ...["[Desktop Entry]", "Type=Application", "Name=Foreign Sign-in", "Exec=true %u"],
      ...["MimeType=x-scheme-handler/co.amiqus.signin;", ""],
    ].join("\n"),
  );
  await desktop.run("xdg-mime", [
    "default",
    "foreign.desktop",
    "x-scheme-handler/co.amiqus.signin",
  ]);
  await app.start();
  await app.waitForState("signed-out");
  await app.waitForText("Another app is opening our links");
  await app.waitForText("Foreign Sign-in");
  const report = readFileSync(await saveReport(app), "utf8");
  assert.ok(report.includes("another app, Foreign Sign-in (foreign.desktop)"), report);
  await app.press("Use this app instead");
  await waitFor(
    "the window no longer names it",
    async () => !(await app.text()).includes("Foreign Sign-in"),
  );
  await harness.signIn();
});
