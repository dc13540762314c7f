/** Several accounts, an offline start, and the keyboard. */
import assert from "node:assert/strict";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";

// Shows check 36.
journey("account added twice is reported, with how to go on", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  // A browser opens an app once per user gesture, and a driver's clicks don't count as gestures.
  await harness.desktop.run("xdotool", ["mousemove", "900", "600", "click", "1"]);
  // The browser is logged in and has consented: Amiqus redirects without asking.
  await app.press("Add another account");
  await app.waitForProblem("already_here");
  await app.waitForState("signed-in");
  await app.waitForText("first switch user or team in your browser");
  assert.equal(await harness.practice.tokenRequests(), 2);
});

journey(
  "account of a second user is added, switched and signed out",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signIn();
    await harness.addAccount("Lorraine Baines");
    await app.waitForText("Bob Gale");
    await app.press("Use Bob Gale, Fusion Industries");
    await waitFor("Bob Gale is the current account", () =>
      app.hasButton("Use Lorraine Baines, Hill Valley Legal"),
    );
    await app.signOut("Bob Gale");
    await waitFor("only Lorraine Baines is left", async () => {
      const text = await app.text();
      return text.includes("Lorraine Baines") && !text.includes("Bob Gale");
    });
    await app.waitForState("signed-in");
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
    await app.waitForText("Lorraine Baines");
  },
  { practice: () => ["--always-ask"] },
);

// Shows check 24.
journey("offline start shows the account and its last check", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  await harness.practice.stop();
  await app.start();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  await app.waitForText("Offline");
  await app.waitForText("Last updated today at");
  assert.ok(await app.hasButton("Check now"));
});

journey("sign-in, renewal and sign-out work by keyboard alone", async (harness) => {
  const { app, desktop } = harness;
  /** Presses Tab until a control has the focus, then a key. */
  const pressByKeyboard = async (name: string, key: "Return" | "space"): Promise<void> => {
    await waitFor(`“${name}” has the focus`, async () => {
      const focused = await app.window.switchTo().activeElement();
      if ((await focused.getAccessibleName()) === name) return true;
      await desktop.run("xdotool", ["key", "Tab"]);
      return false;
    });
    await desktop.run("xdotool", ["key", key]);
  };
  const raiseWindow = () => desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await app.start();
  await app.waitForState("signed-out");
  await raiseWindow();
  await pressByKeyboard("Sign in with Amiqus", "Return");
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  await raiseWindow();
  await pressByKeyboard("More for Bob Gale, Fusion Industries", "space");
  // The first of the menu's items has the focus.
  await pressByKeyboard("Renew now", "space");
  await harness.practice.waitForTokenRequests(2);
  await pressByKeyboard("More for Bob Gale, Fusion Industries", "Return");
  await desktop.run("xdotool", ["key", "End", "Return"]);
  // The safe answer has the focus.
  await app.waitForText("Sign out Bob Gale?");
  await pressByKeyboard("Sign out", "Return");
  await app.waitForState("signed-out");
});
