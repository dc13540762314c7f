import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { closeAndBeginAnew, closeIntoTray, webKits } from "../stage/closing";
import { journey } from "../stage/journey";
import { until } from "../stage/processes";
import { Tray } from "../stage/tray";

journey(
  "with a tray a closed window is gone, the app lives on as a new process, renews, and opens again",
  async (stage) => {
    const { app, desktop } = stage;
    const tray = await Tray.start(desktop);
    await app.start();
    await stage.signIn();
    await tray.shows("You are signed in");
    await tray.shows("Bob Gale, Fusion Industries");
    assert.ok(webKits(stage).length > 0);
    const [first] = app.processIds();
    await closeAndBeginAnew(stage, tray);

    await tray.choose("Renew now");
    await stage.practice.untilTokenRequests(2);

    // A second start brings the window of the first.
    app.launch();
    await app.opened(2);
    await until("only the first copy is left", () => app.processIds().length === 1 || undefined);
    assert.deepEqual(app.processIds(), [first]);
    await closeAndBeginAnew(stage, tray);

    await tray.choose("Open");
    await app.opened(3);
    await tray.choose("Sign out");
    await tray.shows("You are not signed in");
    await closeIntoTray(stage);
    await tray.choose("Quit");
    await app.gone();
    await app.start();
    await app.state("signed-out");
  },
);

journey(
  "with two accounts one switches in the tray, and signs out the one that is shown",
  async (stage) => {
    const { app, desktop } = stage;
    const tray = await Tray.start(desktop);
    await app.start();
    await stage.signIn();
    await stage.addAccount("Lorraine Baines");
    await tray.shows("Lorraine Baines, Hill Valley Legal");
    await closeAndBeginAnew(stage, tray);
    await tray.choose("Bob Gale, Fusion Industries");
    await tray.ticks("Bob Gale, Fusion Industries");
    await tray.choose("Renew now");
    await stage.practice.untilTokenRequests(3);
    await tray.choose("Sign out");
    await tray.choose("Quit");
    await app.gone();
    await app.start();
    await app.state("signed-in");
    await app.says("Lorraine Baines");
    assert.ok(!(await app.text()).includes("Bob Gale"));
  },
  { practice: () => ["--always-ask"] },
);

// Shows check 17.
journey("a link finds the app in the tray and opens its window", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await app.start();
  await stage.beginSignIn();
  await stage.consentPage();
  await tray.shows("Continue in your browser");
  await closeIntoTray(stage);
  await stage.consent();
  await app.opened(2);
  await tray.shows("Bob Gale, Fusion Industries");
});

journey(
  "where a passphrase opens the vault the app in the tray never needs it again",
  async (stage) => {
    const { app, desktop } = stage;
    const tray = await Tray.start(desktop);
    await app.start();
    await app.choosePassphrase("a long enough passphrase");
    await stage.signIn();
    await closeIntoTray(stage);
    await tray.choose("Renew now");
    await stage.practice.untilTokenRequests(2);
    await tray.choose("Open");
    await app.opened(2);
    await tray.shows("You are signed in");
  },
  { keychain: false },
);

journey("without a tray the app ends with its window", async ({ app }) => {
  await app.start();
  await app.state("signed-out");
  await app.close();
});

journey("a tray that comes later is used, and one that goes is not relied on", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await app.state("signed-out");
  const tray = await Tray.start(desktop);
  await tray.shows("You are not signed in");
  await tray.stop();
  await until("the app has noticed", () => {
    return desktop.appLog().includes("the desktop's tray is_there=false") || undefined;
  });
  await app.close();
});

journey(
  "one notification, and a word in the tray, when an account needs its person",
  async (stage) => {
    const { app, desktop } = stage;
    const tray = await Tray.start(desktop);
    await app.start();
    await stage.signIn();
    assert.deepEqual(await tray.notifications(), [], "nothing to say when all is well");
    await stage.removeAccess();
    // As it begins it asks, and is told.
    await closeAndBeginAnew(stage, tray);
    await tray.shows("Please sign in again");
    const notifications = await until("there is a notification", async () => {
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
    await app.gone();
    // The same cause is not told again, not after a restart either.
    app.launch(["--in-the-tray"]);
    await tray.shows("Please sign in again");
    assert.equal((await tray.notifications()).length, 1);
  },
);

journey("a person chooses to start at login; then the app begins in the tray", async (stage) => {
  const { app, desktop } = stage;
  const entry = join(String(desktop.env.XDG_CONFIG_HOME), "autostart", "co.amiqus.signin.desktop");
  const tray = await Tray.start(desktop);
  await app.start();
  await app.state("signed-out");
  assert.ok(!existsSync(entry), "nobody asked for it yet");
  await app.press("Help");
  await app.press("Start when I log in to this computer");
  const text = await until("the entry is there, to its last line", () => {
    const text = existsSync(entry) ? readFileSync(entry, "utf8") : "";
    return text.endsWith("\nTerminal=false\n") ? text : undefined;
  });
  await desktop.run("desktop-file-validate", [entry]);
  await tray.choose("Quit");
  await app.detach();
  await app.gone();

  // As the desktop does at login.
  const command = /^Exec=(\S+) (\S+)$/m.exec(text);
  assert.equal(command?.[1], app.program);
  app.launch([String(command[2])]);
  await tray.shows("You are not signed in");
  await until("nothing draws", () => webKits(stage).length === 0 || undefined);
  await tray.choose("Open");
  await app.attach();
  await app.state("signed-out");
  await app.press("Help");
  await app.press("Start when I log in to this computer");
  await until("the entry is gone", () => !existsSync(entry) || undefined);
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
      await app.state("signed-out");
      await until("it is as IT decided", () => existsSync(entry) === autostart || undefined);
      await app.press("Help");
      await app.says("Your organisation decides this.");
      const box = await app.window.findElement({ css: "input[type=checkbox]" });
      assert.equal(await box.isEnabled(), false);
      assert.equal(await box.isSelected(), autostart);
    },
    { provisioning: (practice) => practice.provisioning({ autostart }) },
  );
}
