/** The window as its users meet it: the greeting, the accounts, problems and questions. */
import assert from "node:assert/strict";
import { By } from "selenium-webdriver";
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
  const before = await app.window.getPageSource();
  const fields = () => app.window.findElements(By.css("input"));
  const hasField = async () => (await fields()).length > 0;
  await app.keyUntil("ctrl+v", "Ctrl+V opens the form", hasField);
  const [field] = await fields();
  const address = (await field?.getAttribute("value")) ?? "";
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
  await waitFor("the focus is back on the menu", async () => {
    const active = await app.window.switchTo().activeElement();
    return (await active.getAccessibleName()).startsWith("More for");
  });
  assert.equal((await app.window.findElements(By.css("dialog"))).length, 0);
  assert.equal(await app.bodyData("data-state"), "signed-in");
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
  const { app } = harness;
  const says = (text: string) => async () => (await app.text()).includes(text);
  const isIn = (state: string) => async () => (await app.bodyData("data-state")) === state;
  await app.start();
  await app.waitForState("signed-out");
  await app.keyUntil("F1", "F1 opens the settings", says("Support report"));
  await app.keyUntil("Escape", "Escape closes them", says("Connect this computer to Amiqus"));
  // The heading has the focus again: Enter presses the filled button.
  await app.keyUntil("Return", "Enter signs in", isIn("awaiting-browser"));
  await harness.consent();
  await app.waitForState("signed-in");
  await app.keyUntil("ctrl+comma", "Ctrl+, opens the settings", says("Support report"));
  await app.keyUntil("Escape", "Escape closes them", says("Bob Gale"));
  await app.keyUntil("ctrl+n", "Ctrl+N adds an account", isIn("awaiting-browser"));
  await app.keyUntil("Escape", "Escape cancels the attempt", isIn("signed-in"));
  await app.keyUntil("ctrl+q", "the app has exited", () => app.processIds().length === 0);
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
  assert.equal(await app.bodyData("data-problem"), null);
});
