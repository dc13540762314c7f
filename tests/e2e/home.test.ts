/** The window as its users meet it: the greeting, the accounts, problems and questions. */
import assert from "node:assert/strict";
import { closeToTray } from "../harness/close-to-tray";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import { Tray } from "../harness/tray";

journey("completed sign-in is greeted, and only once", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.waitForText("You can close this window.");
  await app.pressToClose("Close this window");
  // Without a tray the app ends with its window.
  await app.waitForExit();
  await app.start();
  await app.waitForState("signed-in");
  assert.doesNotMatch(await app.text(), /You can close this window/);
  assert.equal(await app.hasButton("Close this window"), false);
});

journey("user's other teams are named below the accounts", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  // Under the greeting nothing else is to be done.
  await app.close();
  await app.start();
  await app.waitForText(
    "You’re also in Hill Valley Legal: switch to it in Amiqus, then add it here.",
  );
});

journey("email address is copied from the account's menu", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.choose("Copy email address");
  await harness.startSignIn("Add another account");
  await app.press("Paste the address");
  assert.equal(await app.pasteInto("Address from your browser"), "bob@example.com");
});

journey("address for another browser is copied without reaching the page", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  await app.press("Copy the address");
  await app.press("Paste the address");
  const before = await app.window.getPageSource();
  const address = await app.pasteInto("Address from your browser");
  const { state } = Object.fromEntries(new URL(address).searchParams) as { state?: string };
  assert.ok(state, address);
  assert.ok(address.startsWith(`${harness.practice.baseUrl}/oauth/authorize?`), address);
  assert.ok(!before.includes(state), "the page had it before it was pasted");
  assert.doesNotMatch(desktop.appLog(), /state=|code_challenge/);
});

// Shows check 35.
journey("sign-out asks first, and its safe answer changes nothing", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.choose("Sign out");
  await app.waitForText("Sign out Bob Gale?");
  await app.waitForText("Fusion Industries");
  const focused = await app.window.switchTo().activeElement();
  assert.equal(await focused.getAccessibleName(), "Cancel");
  await app.press("Cancel");
  await app.waitForState("signed-in");
  assert.equal(await app.hasButton("Add another account"), true);
  await app.signOut();
  await app.waitForState("signed-out");
  await app.waitForText("You’re signed out");
});

journey("problem can be dismissed and leads back to the start", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  await harness.consent("Deny");
  await app.waitForProblem("access_denied");
  await app.waitForText("access_denied · ");
  await app.press("Copy details for IT");
  await app.press("Back to the start");
  await waitFor("no problem is shown", async () => (await app.bodyData("data-problem")) === null);
  await app.waitForText("Connect this computer to Amiqus");
  await harness.startSignIn();
  await app.press("Paste the address");
  const details = await app.pasteInto("Address from your browser");
  for (const part of ["access_denied", "0.1.0", new URL(harness.practice.baseUrl).host]) {
    assert.ok(details.includes(part), details);
  }
  assert.doesNotMatch(details, /Bob|Gale|Fusion/);
});

journey("window is used by its shortcuts", async (harness) => {
  const { app, desktop } = harness;
  const key = async (...keys: string[]) => {
    await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
    await desktop.run("xdotool", ["key", ...keys]);
  };
  /** Again until it has worked: the browser comes to the front whenever it is ready. */
  const keyUntil = (name: string, what: string, hasWorked: () => Promise<boolean> | boolean) =>
    waitFor(what, async () => {
      // A window that is gone can't be raised.
      await key(name).catch(() => undefined);
      return hasWorked();
    });
  await app.start();
  await app.waitForState("signed-out");
  await key("F1");
  await app.waitForText("Support report");
  await key("Escape");
  await app.waitForText("Connect this computer to Amiqus");
  // The heading has the focus: Enter presses the filled button.
  await key("Return");
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  await key("ctrl+comma");
  await app.waitForText("Support report");
  await key("Escape");
  await app.waitForText("Bob Gale");
  await key("ctrl+n");
  await app.waitForState("awaiting-browser");
  const isSignedIn = async () => (await app.bodyData("data-state")) === "signed-in";
  await keyUntil("Escape", "Escape cancels the attempt", isSignedIn);
  await keyUntil("ctrl+q", "the app has exited", () => app.processIds().length === 0);
});

journey("first close says where the app is, and a click opens its window", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await harness.signIn();
  await closeToTray(harness);
  const [first] = await tray.waitForNotifications();
  assert.equal(first?.summary, "Still connected to Amiqus");
  await tray.click(1);
  await app.waitForWindows(2);
  await closeToTray(harness);
  await tray.choose("Open Sign in with Amiqus");
  await waitFor("the window is open again", async () =>
    (await desktop.run("wmctrl", ["-l"])).includes("Sign in with Amiqus"),
  );
  assert.equal((await tray.notifications()).length, 1, "it is said once");
});

journey("tray leads to the settings, which can turn notifications off", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await harness.signIn();
  await app.openSettings();
  await app.press("Tell me when I need to sign in again");
  await app.closeSettings();
  await harness.removeAccess();
  await app.closeWindow();
  await tray.waitForItem("Sign in again");
  await tray.choose("Settings and help");
  await app.attach();
  await app.waitForText("Support report");
  const titles = (await tray.notifications()).map(({ summary }) => summary);
  assert.ok(!titles.includes("Sign in to Amiqus again"), titles.join());
});

journey("report that can't be saved leaves the screen as it is", async (harness) => {
  const { app, desktop } = harness;
  desktop.env.HOME = "/proc/nowhere";
  await app.start();
  await app.waitForState("signed-out");
  await app.openSettings();
  await app.press("Save support report");
  await app.waitForProblem("report_not_saved");
  await app.waitForText("Couldn’t save the report");
  await app.closeSettings();
  await app.waitForText("Connect this computer to Amiqus");
});
