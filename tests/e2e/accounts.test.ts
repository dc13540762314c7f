import assert from "node:assert/strict";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";

// Shows check 36.
journey(
  "another account that comes back as one already here says so, and how to go on",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signIn();
    // A browser opens an app once for each thing that a person does in it; a driver's clicks don't
    // count.
    await harness.desktop.run("xdotool", ["mousemove", "900", "600", "click", "1"]);
    // The browser is logged in and connected: Amiqus asks nothing and sends it straight back.
    await app.press("Add another account");
    await app.waitForProblem("already_here");
    await app.waitForState("signed-in");
    await app.waitForText("switch team or user in your browser first");
    assert.equal(await harness.practice.tokenRequests(), 2);
  },
);

journey(
  "a second person is added, one switches, and signing out one leaves the other",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signIn();
    await harness.addAccount("Lorraine Baines");
    await app.waitForText("Bob Gale");
    await app.press("Switch: Bob Gale, Fusion Industries");
    await waitFor("Bob is who is shown", async () => {
      return (await app.hasButton("Switch: Lorraine Baines, Hill Valley Legal")) || undefined;
    });
    await app.press("Sign out");
    await waitFor("only Lorraine is left", async () => {
      const said = await app.text();
      return (said.includes("Lorraine Baines") && !said.includes("Bob Gale")) || undefined;
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
journey("an offline start shows who one is, as of when, and one is signed in", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  await harness.practice.stop();
  await app.start();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  await app.waitForText("Offline. This is as of");
});

journey("the whole sign-in, a renewal and signing out work by keyboard alone", async (harness) => {
  const { app, desktop } = harness;
  /** Goes on with Tab, as a person does, waitFor this has the focus; then presses a key. */
  const strike = async (name: string, key: "Return" | "space"): Promise<void> => {
    await waitFor(`“${name}” has the focus`, async () => {
      const focused = await app.window.switchTo().activeElement();
      if ((await focused.getAccessibleName()) === name) return true;
      await desktop.run("xdotool", ["key", "Tab"]);
      return undefined;
    });
    await desktop.run("xdotool", ["key", key]);
  };
  const toFront = (): Promise<string> => desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await app.start();
  await app.waitForState("signed-out");
  await toFront();
  await strike("Sign in with Amiqus", "Return");
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  await toFront();
  await strike("Renew now", "space");
  await harness.practice.waitForTokenRequests(2);
  await strike("Sign out", "Return");
  await app.waitForState("signed-out");
});
