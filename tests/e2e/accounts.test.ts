import assert from "node:assert/strict";
import { journey } from "../stage/journey";
import { until } from "../stage/processes";

// Shows check 36.
journey(
  "another account that comes back as one already here says so, and how to go on",
  async (stage) => {
    const { app } = stage;
    await app.start();
    await stage.signIn();
    // A browser opens an app once for each thing that a person does in it; a driver's clicks don't
    // count.
    await stage.desktop.run("xdotool", ["mousemove", "900", "600", "click", "1"]);
    // The browser is logged in and connected: Amiqus asks nothing and sends it straight back.
    await app.press("Add another account");
    await app.problem("already_here");
    await app.state("signed-in");
    await app.says("switch team or user in your browser first");
    assert.equal(await stage.practice.tokenRequests(), 2);
  },
);

journey(
  "a second person is added, one switches, and signing out one leaves the other",
  async (stage) => {
    const { app } = stage;
    await app.start();
    await stage.signIn();
    await stage.addAccount("Lorraine Baines");
    await app.says("Bob Gale");
    await app.press("Switch: Bob Gale, Fusion Industries");
    await until("Bob is who is shown", async () => {
      return (await app.offers("Switch: Lorraine Baines, Hill Valley Legal")) || undefined;
    });
    await app.press("Sign out");
    await until("only Lorraine is left", async () => {
      const said = await app.text();
      return (said.includes("Lorraine Baines") && !said.includes("Bob Gale")) || undefined;
    });
    await app.state("signed-in");
    await app.close();
    await app.start();
    await app.state("signed-in");
    await app.says("Lorraine Baines");
  },
  { practice: () => ["--always-ask"] },
);

// Shows check 24.
journey("an offline start shows who one is, as of when, and one is signed in", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.signIn();
  await app.close();
  await stage.practice.stop();
  await app.start();
  await app.state("signed-in");
  await app.says("Bob Gale");
  await app.says("Offline. This is as of");
});

journey("the whole sign-in, a renewal and signing out work by keyboard alone", async (stage) => {
  const { app, desktop } = stage;
  /** Goes on with Tab, as a person does, until this has the focus; then presses a key. */
  const strike = async (name: string, key: "Return" | "space"): Promise<void> => {
    await until(`“${name}” has the focus`, async () => {
      const focused = await app.window.switchTo().activeElement();
      if ((await focused.getAccessibleName()) === name) return true;
      await desktop.run("xdotool", ["key", "Tab"]);
      return undefined;
    });
    await desktop.run("xdotool", ["key", key]);
  };
  const toFront = (): Promise<string> => desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await app.start();
  await app.state("signed-out");
  await toFront();
  await strike("Sign in with Amiqus", "Return");
  await app.state("awaiting-browser");
  await stage.consent();
  await app.state("signed-in");
  await toFront();
  await strike("Renew now", "space");
  await stage.practice.untilTokenRequests(2);
  await strike("Sign out", "Return");
  await app.state("signed-out");
});
