import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { closeAndRelaunch, closeToTray, webKitProcesses } from "../harness/close-to-tray";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import { Tray } from "../harness/tray";

journey(
  "with a tray a closed window is gone, the app lives on as a new process, renews, and opens again",
  async (harness) => {
    const { app, desktop } = harness;
    const tray = await Tray.start(desktop);
    await app.start();
    await harness.signIn();
    await tray.waitForItem("You are signed in");
    await tray.waitForItem("Bob Gale, Fusion Industries");
    assert.ok(webKitProcesses(harness).length > 0);
    const [first] = app.processIds();
    await closeAndRelaunch(harness, tray);

    await tray.choose("Renew now");
    await harness.practice.waitForTokenRequests(2);

    // A second start brings the window of the first.
    app.launch();
    await app.waitForWindows(2);
    await waitFor("only the first copy is left", () => app.processIds().length === 1 || undefined);
    assert.deepEqual(app.processIds(), [first]);
    await closeAndRelaunch(harness, tray);

    await tray.choose("Open");
    await app.waitForWindows(3);
    await tray.choose("Sign out");
    await tray.waitForItem("You are not signed in");
    await closeToTray(harness);
    await tray.choose("Quit");
    await app.waitForExit();
    await app.start();
    await app.waitForState("signed-out");
  },
);

journey(
  "with two accounts one switches in the tray, and signs out the one that is shown",
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
    await tray.choose("Sign out");
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
journey("a link finds the app in the tray and opens its window", async (harness) => {
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
  "where a passphrase opens the vault the app in the tray never needs it again",
  async (harness) => {
    const { app, desktop } = harness;
    const tray = await Tray.start(desktop);
    await app.start();
    await app.choosePassphrase("a long enough passphrase");
    await harness.signIn();
    await closeToTray(harness);
    await tray.choose("Renew now");
    await harness.practice.waitForTokenRequests(2);
    await tray.choose("Open");
    await app.waitForWindows(2);
    await tray.waitForItem("You are signed in");
  },
  { keychain: false },
);

journey("without a tray the app ends with its window", async ({ app }) => {
  await app.start();
  await app.waitForState("signed-out");
  await app.close();
});

journey("a tray that comes later is used, and one that goes is not relied on", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const tray = await Tray.start(desktop);
  await tray.waitForItem("You are not signed in");
  await tray.stop();
  await waitFor("the app has noticed", () => {
    return desktop.appLog().includes("the desktop's tray is_there=false") || undefined;
  });
  await app.close();
});

journey(
  "one notification, and a word in the tray, when an account needs its person",
  async (harness) => {
    const { app, desktop } = harness;
    const tray = await Tray.start(desktop);
    await app.start();
    await harness.signIn();
    assert.deepEqual(await tray.notifications(), [], "nothing to say when all is well");
    await harness.removeAccess();
    // As it begins it asks, and is told.
    await closeAndRelaunch(harness, tray);
    await tray.waitForItem("Please sign in again");
    const notifications = await waitFor("there is a notification", async () => {
      const all = await tray.notifications();
      return all.length > 0 ? all : undefined;
    });
    assert.deepEqual(notifications, [
      {
        summary: "Please sign in again",
        body: "Bob Gale, Fusion Industries: Amiqus no longer accepts this computer’s sign-in",
      },
    ]);
    await tray.choose("Quit");
    await app.waitForExit();
    // The same cause is not told again, not after a restart either.
    app.launch(["--in-the-tray"]);
    await tray.waitForItem("Please sign in again");
    assert.equal((await tray.notifications()).length, 1);
  },
);

journey("a person chooses to start at login; then the app begins in the tray", async (harness) => {
  const { app, desktop } = harness;
  const entry = join(String(desktop.env.XDG_CONFIG_HOME), "autostart", "co.amiqus.signin.desktop");
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  assert.ok(!existsSync(entry), "nobody asked for it yet");
  await app.press("Help");
  await app.press("Start when I log in to this computer");
  const text = await waitFor("the entry is there, to its last line", () => {
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
  await tray.waitForItem("You are not signed in");
  await waitFor("nothing draws", () => webKitProcesses(harness).length === 0 || undefined);
  await tray.choose("Open");
  await app.attach();
  await app.waitForState("signed-out");
  await app.press("Help");
  await app.press("Start when I log in to this computer");
  await waitFor("the entry is gone", () => !existsSync(entry) || undefined);
});

for (const autostart of [true, false]) {
  journey(
    `IT's file decides that the app ${autostart ? "starts" : "doesn't start"} at login`,
    async ({ app, desktop }) => {
      const folder = join(String(desktop.env.XDG_CONFIG_HOME), "autostart");
      const entry = join(folder, "co.amiqus.signin.desktop");
      if (!autostart)
        desktop.write("config/autostart/co.amiqus.signin.desktop", "[Desktop Entry]\n");
      await app.start();
      await app.waitForState("signed-out");
      await waitFor("it is as IT decided", () => existsSync(entry) === autostart || undefined);
      await app.press("Help");
      await app.waitForText("Your organisation decides this.");
      const box = await app.window.findElement({ css: "input[type=checkbox]" });
      assert.equal(await box.isEnabled(), false);
      assert.equal(await box.isSelected(), autostart);
    },
    { provisioning: (practice) => practice.provisioning({ autostart }) },
  );
}
