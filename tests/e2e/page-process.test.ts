/**
 * The process that draws the window's page can crash or hang at any time: killed, out of memory, a full
 * disk. The window comes back, and a sign-in that is under way is completed.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { closeAndRelaunch, closeToTray, webKitProcesses } from "../harness/close-to-tray";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines, pageLosses } from "../harness/log-lines";
import {
  killPage,
  lostPages,
  networkProcess,
  pageProcess,
  pageProcesses,
  waitUntilDrawn,
} from "../harness/page-process";
import { waitFor } from "../harness/processes";
import { Tray } from "../harness/tray";

/** How long the app may take to notice that its page hangs, in milliseconds. */
const HANG_TIMEOUT = 40_000;

/** Presses the first button by keyboard, in a window without a driver. */
async function pressFirstButton({ desktop }: Harness): Promise<void> {
  await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await desktop.run("xdotool", ["key", "Tab", "Return"]);
}

for (const signal of ["SIGKILL", "SIGSEGV", "SIGBUS", "SIGTERM"] as const) {
  journey(`page ended by ${signal} is logged and loaded again`, async (harness) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("signed-out");
    await waitUntilDrawn(harness);
    await app.detach();
    await killPage(harness, signal);
    await waitUntilDrawn(harness);
    assert.deepEqual(lostPages(harness), [pageLosses.reloaded]);
    await app.attach();
    await app.waitForState("signed-out");
    await harness.startSignIn();
  });
}

journey("page that crashes twice comes back in a new window", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  const windows = () => desktop.run("wmctrl", ["-l"]);
  const before = await windows();
  await app.detach();
  await killPage(harness);
  await killPage(harness);
  await waitUntilDrawn(harness);
  assert.deepEqual(lostPages(harness), [pageLosses.reloaded, pageLosses.rebuilt]);
  assert.notEqual(await windows(), before, "it is another window");
  await pressFirstButton(harness);
  await harness.consent();
  await tray.waitForItem("Bob Gale, Fusion Industries");
  await waitUntilDrawn(harness);
  // A window that is closed then stays closed.
  await closeToTray(harness);
});

journey("page that crashes three times leaves tray and notification", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await app.detach();
  await killPage(harness);
  await killPage(harness);
  process.kill(await pageProcess(harness), "SIGKILL");
  await waitFor("no WebKit process is left", () => webKitProcesses(harness).length === 0);
  assert.equal(lostPages(harness).at(-1), pageLosses.closed);
  const notifications = await tray.waitForNotifications();
  assert.equal(notifications[0]?.summary, "The window couldn’t be displayed");
  // A relaunched process would not receive the click. That it doesn't relaunch is not logged.
  await sleep(3_000);
  assert.equal(desktop.countInLog(logLines.processStarted), 1);
  await tray.click(1);
  await waitUntilDrawn(harness);
  await closeAndRelaunch(harness, tray);
  await tray.choose("Open Sign in with Amiqus");
  await waitUntilDrawn(harness);
  // The count of crashes starts over with a window that the user asked for.
  await killPage(harness);
  await waitUntilDrawn(harness);
  assert.equal(lostPages(harness).at(-1), pageLosses.reloaded);
});

journey("page that crashes during a sign-in shows it completed", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  await harness.consentPage();
  await app.detach();
  await killPage(harness);
  await app.attach();
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  await app.choose("Renew now");
  await harness.practice.waitForTokenRequests(2);
});

journey("page that crashes as its window is closed stays closed", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await tray.waitForItem("You’re not signed in");
  await app.detach();
  process.kill(await pageProcess(harness), "SIGKILL");
  await closeToTray(harness);
  await tray.choose("Open Sign in with Amiqus");
  await waitUntilDrawn(harness);
});

journey("page that hangs is replaced when its window is asked for", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await app.detach();
  const hung = await pageProcess(harness);
  process.kill(hung, "SIGSTOP");
  // A second instance raises the window of the first.
  app.launch();
  await waitFor(
    "the hung page process has exited",
    () => !pageProcesses(harness).includes(hung),
    HANG_TIMEOUT,
  );
  await pageProcess(harness);
  await waitUntilDrawn(harness);
  assert.deepEqual(lostPages(harness), [pageLosses.hungAndRebuilt]);
  await pressFirstButton(harness);
  await harness.consentPage();
});

journey("page that hangs is replaced when it is clicked", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await app.detach();
  const hung = await pageProcess(harness);
  process.kill(hung, "SIGSTOP");
  await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await desktop.run("xdotool", ["mousemove", "640", "450", "click", "1", "key", "Tab"]);
  await waitFor(
    "the hung page process has exited",
    () => !pageProcesses(harness).includes(hung),
    HANG_TIMEOUT,
  );
  await waitUntilDrawn(harness);
});

journey("page that responds is kept however often it is asked for", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const [first] = pageProcesses(harness);
  for (let count = 0; count < 5; count += 1) {
    app.launch();
    await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  }
  await waitFor("the second instances have exited", () => app.processIds().length === 1);
  await harness.signIn();
  assert.deepEqual(pageProcesses(harness), [first]);
  assert.deepEqual(lostPages(harness), []);
});

journey("window without its network process works on", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await waitUntilDrawn(harness);
  // The driver's session ends with that process.
  await app.detach();
  process.kill(await networkProcess(harness), "SIGKILL");
  await pressFirstButton(harness);
  await harness.consent();
  await tray.waitForItem("Bob Gale, Fusion Industries");
  assert.deepEqual(lostPages(harness), []);
  await app.attach();
  await app.waitForState("signed-in");
  await app.choose("Renew now");
  await harness.practice.waitForTokenRequests(2);
});
