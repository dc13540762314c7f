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
import { waitFor } from "../harness/processes";
import { secretsIn } from "../harness/secrets";
import type { Harness } from "../harness/harness";

/** Saves the report as a person does; answers its file. */
async function save({ app }: Harness): Promise<string> {
  if (!(await app.hasButton("Save a report for support"))) await app.press("Help");
  await app.press("Save a report for support");
  return waitFor("the window says where it is", async () => {
    return /Saved as (\S+\.txt)/.exec(await app.text())?.[1];
  });
}

const PERSONAL = ["Bob", "bob@", "Gale", "Fusion Industries", "345789"];

// Shows check 42.
journey(
  "neither the saved report nor the printed one holds a secret or a person, and both help",
  async (harness) => {
    const { app, desktop, practice } = harness;
    mkdirSync(join(String(desktop.env.HOME), "Downloads"));
    await app.start();
    await harness.signIn();
    await app.press("Renew now");
    await practice.waitForTokenRequests(2);
    await app.waitForText("Connected.");
    // A second attempt, left pending: its state is a secret too. And a link that is nobody's.
    await harness.startSignIn("Add another account");
    await harness.consentPage();
    await desktop.openUrl("co.amiqus.signin://oauth/callback?code=foreign-code&state=foreign-state");

    await waitFor("the link was ignored", () => {
      return desktop.appLog().includes("an address answers another attempt: ignored") || undefined;
    });

    // The worst case: every secret stands in the log. What takes them out has something to do.
    const secrets = [...(await practice.secrets()), "foreign-code", "foreign-state"];
    assert.ok(secrets.length >= 9, `only ${String(secrets.length)} secrets to look for`);
    const [log = ""] = desktop.appLogFiles();
    const given = await practice.secrets();
    appendFileSync(log, given.map((secret) => `planted: ${secret}, bob@example.com\n`).join(""));
    assert.deepEqual(secretsIn(desktop.appLog(), given), given);

    const file = await save(harness);
    const saved = readFileSync(file, "utf8");
    assert.equal(lstatSync(file).mode & 0o777, 0o600);
    const printed = await desktop.run(app.program, ["--diagnose"]);
    await app.waitForState("awaiting-browser");
    assert.equal(app.processIds().length, 1, "the copy that runs goes on");

    for (const [name, report] of [
      ["saved", saved],
      ["printed", printed],
    ] as const) {
      assert.deepEqual(secretsIn(report, secrets), [], `a secret is in the ${name} report`);
      for (const person of PERSONAL) {
        assert.ok(!report.includes(person), `${person} is in the ${name} report:\n${report}`);
      }
      for (const helps of [
        "app: 0.1.0",
        "vault key: in the keychain, which is open",
        "opened by: this app",
        "reachable: yes, 401",
        "proxy: none",
        "awaiting-browser accounts=1",
        "an address answers another attempt: ignored",
        "started",
        "planted: [taken out]",
        "…@example.com",
      ]) {
        assert.ok(report.includes(helps), `the ${name} report lacks "${helps}":\n${report}`);
      }
    }
    assert.ok(saved.includes("at example.com, connected"), saved);
  },
  { practice: () => ["--always-ask"] },
);

journey("--diagnose works where nothing else does: no display, no bus, no app", async (harness) => {
  const { app, desktop, practice } = harness;
  await practice.stop();
  const nowhere = ["-u", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere"];
  const printed = await desktop.run("env", [...nowhere, app.program, "--diagnose"]);
  for (const helps of ["vault key: there is no keychain", "reachable: no: error sending request"]) {
    assert.ok(printed.includes(helps), printed);
  }
  assert.deepEqual(app.processIds(), []);
});

// Shows check 42.
journey(
  "the report names the proxy, and never its password",
  async ({ app, desktop }) => {
    desktop.env.HTTPS_PROXY = "http://bob:hunter2@127.0.0.1:9";
    const printed = await desktop.run(app.program, ["--diagnose"]);
    assert.ok(printed.includes("proxy: 127.0.0.1:9, with a password"), printed);
    assert.ok(printed.includes("reachable: no: error sending request"), printed);
    assert.ok(!printed.includes("hunter2"), printed);
  },
  { provisioning: (practice) => practice.provisioning({ base_url: "https://amiqus.invalid" }) },
);

// Shows check 40.
journey(
  "certificates that a variable names are shown in the report and in the log",
  async (harness) => {
    const { app, desktop } = harness;
    assert.ok(
      (await desktop.run(app.program, ["--diagnose"])).includes("certificates: the system's"),
    );
    desktop.env.SSL_CERT_FILE = "/etc/ssl/certs/ca-certificates.crt";
    const printed = await desktop.run(app.program, ["--diagnose"]);
    const says = `SSL_CERT_FILE names others than the system's: ${desktop.env.SSL_CERT_FILE}`;
    assert.ok(printed.includes(`certificates: ${says}`), printed);
    await app.start();
    await app.waitForState("signed-out");
    assert.match(desktop.appLog(), /names certificates in place of the system's/);
  },
);

// Shows check 42.
journey("a report is a new file, whatever lies where it would", async (harness) => {
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
  const saved = await save(harness);
  assert.match(saved, /-3\.txt$/);
  assert.equal(dirname(saved), downloads);
  assert.ok(!existsSync(join(home, "nowhere")));
  assert.equal(readFileSync(victim, "utf8"), "precious");
  const { mode } = lstatSync(saved);
  assert.equal(mode & 0o777, 0o600);
});

journey("where Downloads can only be read, the report goes to the home folder", async (harness) => {
  const { app, desktop } = harness;
  const downloads = join(String(desktop.env.HOME), "Downloads");
  mkdirSync(downloads);
  desktop.write("config/user-dirs.dirs", 'XDG_DOWNLOAD_DIR="$HOME/Downloads"\n');
  await desktop.runAsRoot(["mount", "-t", "tmpfs", "-o", "ro", "none", downloads]);
  try {
    await app.start();
    await app.waitForState("signed-out");
    assert.equal(dirname(await save(harness)), desktop.env.HOME);
  } finally {
    await desktop.runAsRoot(["umount", "--lazy", downloads]);
  }
});

journey(
  "a locked app saves a report too",
  async (harness) => {
    await harness.app.start();
    await harness.app.waitForState("locked");
    const saved = readFileSync(await save(harness), "utf8");
    assert.ok(saved.includes("locked accounts=0"), saved);
    assert.ok(saved.includes("vault key: there is no keychain"), saved);
  },
  { keychain: false },
);

journey(
  "an app of somebody else's that opens our links is named, and one click takes them back",
  async (harness) => {
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
    await app.waitForText("Another app opens our links");
    await app.waitForText("Foreign Sign-in");
    const report = readFileSync(await save(harness), "utf8");
    assert.ok(report.includes("another app, Foreign Sign-in (foreign.desktop)"), report);
    await app.press("Open links with this app");
    await waitFor("the window has nothing to say of it any more", async () =>
      (await app.text()).includes("Foreign Sign-in") ? undefined : true,
    );
    await harness.signIn();
  },
);

journey("a set-up file of another user is not trusted, and says so", async (harness) => {
  const { app, desktop } = harness;
  if (process.getuid?.() !== 0) return;
  await desktop.run("chown", ["4242", join(desktop.folder, "provisioning.json")]);
  await app.start();
  await app.waitForState("needs-setup");
  await app.waitForProblem("provisioning_not_trusted");
  await app.waitForText("provisioning.json");
});
