/** The app in the tray: without a window, relaunched, started at login. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { closeAndRelaunch, closeToTray, webKitProcesses } from "../harness/close-to-tray";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";
import { Tray } from "../harness/tray";

journey("app whose window is closed renews and reopens from the tray", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await harness.signIn();
  await tray.waitForItem("Connected");
  await tray.waitForItem("Bob Gale, Fusion Industries");
  assert.ok(webKitProcesses(harness).length > 0);
  const [first] = app.processIds();
  await closeAndRelaunch(harness, tray);

  await tray.choose("Renew now");
  await harness.practice.waitForTokenRequests(2);

  // A second instance opens the window of the first.
  app.launch();
  await app.waitForWindows(2);
  await waitFor("only the first instance is left", () => app.processIds().length === 1);
  assert.deepEqual(app.processIds(), [first]);
  await closeAndRelaunch(harness, tray);

  // It asks first, in the window that it opens.
  await tray.choose("Sign out…");
  await app.attach();
  await app.waitForText("Sign out Bob Gale?");
  await app.press("Sign out");
  await tray.waitForItem("You’re not signed in");
  await closeToTray(harness);
  await tray.choose("Quit");
  await app.waitForExit();
  await app.start();
  await app.waitForState("signed-out");
});

journey(
  "tray switches accounts and signs out the current one",
  async (harness) => {
    const { app, desktop } = harness;
    const tray = await Tray.start(desktop);
    await app.start();
    await harness.signIn();
    await harness.addAccount("Lorraine Baines");
    await tray.waitForItem("Lorraine Baines, Hill Valley Legal");
    await closeAndRelaunch(harness, tray);
    await tray.choose("Bob Gale, Fusion Industries");
    await tray.waitForChecked("Bob Gale, Fusion Industries");
    await tray.choose("Renew now");
    await harness.practice.waitForTokenRequests(3);
    await tray.choose("Sign out…");
    await app.attach();
    await app.waitForText("Sign out Bob Gale?");
    await app.press("Sign out");
    await app.waitForText("Lorraine Baines");
    await app.detach();
    await tray.choose("Quit");
    await app.waitForExit();
    await app.start();
    await app.waitForState("signed-in");
    await app.waitForText("Lorraine Baines");
    assert.ok(!(await app.text()).includes("Bob Gale"));
  },
  { practice: () => ["--always-ask"] },
);

// Shows check 17.
journey("link reaches the app in the tray and opens its window", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await harness.startSignIn();
  await harness.consentPage();
  await tray.waitForItem("Continue in your browser");
  await closeToTray(harness);
  await harness.consent();
  await app.waitForWindows(2);
  await tray.waitForItem("Bob Gale, Fusion Industries");
});

journey(
  "app in the tray doesn't ask for the passphrase again",
  async (harness) => {
    const { app, desktop } = harness;
    const tray = await Tray.start(desktop);
    await app.start();
    await app.choosePassphrase("a long enough passphrase");
    await harness.signIn();
    await closeToTray(harness);
    await tray.choose("Renew now");
    await harness.practice.waitForTokenRequests(2);
    await tray.choose("Open Sign in with Amiqus");
    await app.waitForWindows(2);
    await tray.waitForItem("Connected");
  },
  { keychain: false },
);

journey("app without a tray exits with its window", async ({ app }) => {
  await app.start();
  await app.waitForState("signed-out");
  await app.close();
});

journey("tray that starts late is used and one that stops is not", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const tray = await Tray.start(desktop);
  await tray.waitForItem("You’re not signed in");
  await tray.stop();
  await desktop.waitForLog(logLines.trayGone);
  await app.close();
});

journey("account that needs its user is notified once", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await harness.signIn();
  assert.deepEqual(await tray.notifications(), [], "no notification for a connected account");
  await harness.removeAccess();
  // The relaunched process checks the account, and learns that its access was removed.
  await closeAndRelaunch(harness, tray);
  await tray.waitForItem("Sign in again");
  const notifications = await waitFor("both notifications are shown", async () => {
    const all = await tray.notifications();
    return all.length === 2 && all;
  });
  assert.deepEqual(notifications, [
    {
      summary: "Still connected to Amiqus",
      body: "Sign in with Amiqus keeps running in the background. Open it from its icon near the clock.",
    },
    {
      summary: "Sign in to Amiqus again",
      body: "Fusion Industries: This app’s access has ended",
    },
  ]);
  await tray.choose("Quit");
  await app.waitForExit();
  // The same cause is not notified again after a restart.
  app.launch(["--in-the-tray"]);
  await tray.waitForItem("Sign in again");
  await tray.choose("Open Sign in with Amiqus");
  await app.attach();
  await app.waitForState("sign-in-again");
  assert.equal((await tray.notifications()).length, 2);
});

journey("app chosen to start at login starts in the tray", async (harness) => {
  const { app, desktop } = harness;
  const entry = join(String(desktop.env.XDG_CONFIG_HOME), "autostart", "co.amiqus.signin.desktop");
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  assert.ok(!existsSync(entry), "it is off by default");
  await app.openSettings();
  await app.press("Open when I log in to this computer");
  const text = await waitFor("the entry is complete", () => {
    const text = existsSync(entry) ? readFileSync(entry, "utf8") : "";
    return text.endsWith("\nTerminal=false\n") ? text : undefined;
  });
  await desktop.run("desktop-file-validate", [entry]);
  await tray.choose("Quit");
  await app.detach();
  await app.waitForExit();

  // As the desktop does at login.
  const command = /^Exec=(\S+) (\S+)$/m.exec(text);
  assert.equal(command?.[1], app.program);
  app.launch([String(command[2])]);
  await tray.waitForItem("You’re not signed in");
  await waitFor("no WebKit process is left", () => webKitProcesses(harness).length === 0);
  await tray.choose("Open Sign in with Amiqus");
  await app.attach();
  await app.waitForState("signed-out");
  await app.openSettings();
  await app.press("Open when I log in to this computer");
  await waitFor("the entry is gone", () => !existsSync(entry));
});

for (const autostart of [true, false]) {
  journey(
    `provisioning file ${autostart ? "starts the app" : "keeps the app from starting"} at login`,
    async ({ app, desktop }) => {
      const folder = join(String(desktop.env.XDG_CONFIG_HOME), "autostart");
      const entry = join(folder, "co.amiqus.signin.desktop");
      if (!autostart)
        desktop.write("config/autostart/co.amiqus.signin.desktop", "[Desktop Entry]\n");
      await app.start();
      await app.waitForState("signed-out");
      await waitFor("the entry is as provisioned", () => existsSync(entry) === autostart);
      await app.openSettings();
      await app.waitForText("Managed by your organisation");
      const box = await app.window.findElement({ css: "input[type=checkbox]" });
      assert.equal(await box.isEnabled(), false);
      assert.equal(await box.isSelected(), autostart);
    },
    { provisioning: (practice) => practice.provisioning({ autostart }) },
  );
}
