// The process that draws the window's page can end or hang at any time: killed, out of memory, a disk
// that is full. The window comes back, and nothing that was on its way is lost.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { closeAndRelaunch, closeToTray, webKitProcesses } from "../harness/close-to-tray";
import { journey } from "../harness/journey";
import {
  killPage,
  isDrawn,
  pageLosses,
  networkProcess,
  pageProcess,
  pageProcesses,
} from "../harness/page-process";
import { waitFor } from "../harness/processes";
import type { Harness } from "../harness/harness";
import { Tray } from "../harness/tray";

/** Presses what a Tab from the heading leads to, in a window that has no driver. */
async function pressFirstButton({ desktop }: Harness): Promise<void> {
  await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await desktop.run("xdotool", ["key", "Tab", "Return"]);
}

for (const signal of ["SIGKILL", "SIGSEGV", "SIGBUS", "SIGTERM"] as const) {
  journey(`page_process_ended_by_${signal}_is_logged_and_page_is_loaded_again`, async (harness) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("signed-out");
    await waitUntilDrawn(harness);
    await app.detach();
    await killPage(harness, signal);
    await waitUntilDrawn(harness);
    assert.deepEqual(pageLosses(harness), ["why=Ended remedy=Reload"]);
    await app.attach();
    await app.waitForState("signed-out");
    await harness.startSignIn();
  });
}

journey("page_that_dies_twice_comes_back_in_a_new_window_that_signs_in", async (harness) => {
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
  assert.deepEqual(pageLosses(harness), ["why=Ended remedy=Reload", "why=Ended remedy=Rebuild"]);
  assert.notEqual(await windows(), before, "it is another window");
  await pressFirstButton(harness);
  await harness.consent();
  await tray.waitForItem("Bob Gale, Fusion Industries");
  await waitUntilDrawn(harness);
  // What is closed then stays closed, and its process ends.
  await closeToTray(harness);
});

journey(
  "page_that_dies_three_times_leaves_the_tray_and_a_notification_that_open_a_new_window",
  async (harness) => {
    const { app, desktop } = harness;
    const tray = await Tray.start(desktop);
    await app.start();
    await app.waitForState("signed-out");
    await app.detach();
    await killPage(harness);
    await killPage(harness);
    process.kill(await pageProcess(harness), "SIGKILL");
    await waitFor("no WebKit process is left", () => webKitProcesses(harness).length === 0 || undefined);
    assert.equal(pageLosses(harness).at(-1), "why=Ended remedy=Close");
    const notifications = await waitFor("somebody is told", async () => {
      const all = await tray.notifications();
      return all.length > 0 ? all : undefined;
    });
    assert.equal(notifications[0]?.summary, "The window couldn’t be displayed");
    // A process that began anew would know nothing of a click on it.
    await sleep(3_000);
    assert.equal(desktop.appLog().match(/ started version=/g)?.length, 1);
    await tray.click(1);
    await waitUntilDrawn(harness);
    await closeAndRelaunch(harness, tray);
    await tray.choose("Open");
    await waitUntilDrawn(harness);
    // For a window that somebody asked for, the count begins again.
    await killPage(harness);
    await waitUntilDrawn(harness);
    assert.equal(pageLosses(harness).at(-1), "why=Ended remedy=Reload");
  },
);

journey("page_that_dies_while_the_browser_is_awaited_shows_the_sign_in_done", async (harness) => {
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
  await app.press("Renew now");
  await harness.practice.waitForTokenRequests(2);
});

journey("page_that_dies_as_its_window_is_closed_stays_closed", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await tray.waitForItem("You are not signed in");
  await app.detach();
  process.kill(await pageProcess(harness), "SIGKILL");
  await closeToTray(harness);
  await tray.choose("Open");
  await waitUntilDrawn(harness);
});

journey("page_that_hangs_is_replaced_when_the_window_is_asked_for", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await app.detach();
  const hung = await pageProcess(harness);
  process.kill(hung, "SIGSTOP");
  // A second start brings the window of the first.
  app.launch();
  await waitFor(
    "the page that hangs is gone",
    () => !pageProcesses(harness).includes(hung) || undefined,
    40_000,
  );
  await pageProcess(harness);
  await waitUntilDrawn(harness);
  assert.deepEqual(pageLosses(harness), ["why=NoAnswer remedy=Rebuild"]);
  await pressFirstButton(harness);
  await harness.consentPage();
});

journey("page_that_hangs_is_replaced_when_it_is_clicked_into", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await app.detach();
  const hung = await pageProcess(harness);
  process.kill(hung, "SIGSTOP");
  await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await desktop.run("xdotool", ["mousemove", "640", "450", "click", "1", "key", "Tab"]);
  await waitFor(
    "the page that hangs is gone",
    () => !pageProcesses(harness).includes(hung) || undefined,
    40_000,
  );
  await waitUntilDrawn(harness);
});

journey("page_that_lives_is_left_alone_however_often_it_is_asked_for", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const [first] = pageProcesses(harness);
  for (let count = 0; count < 5; count += 1) {
    app.launch();
    await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  }
  await waitFor("the second copies have ended", () => app.processIds().length === 1 || undefined);
  await harness.signIn();
  assert.deepEqual(pageProcesses(harness), [first]);
  assert.deepEqual(pageLosses(harness), []);
});

journey("window_whose_network_process_dies_still_takes_and_shows_what_is_done", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await waitUntilDrawn(harness);
  // The driver's own session ends with that process.
  await app.detach();
  process.kill(await networkProcess(harness), "SIGKILL");
  await pressFirstButton(harness);
  await harness.consent();
  await tray.waitForItem("Bob Gale, Fusion Industries");
  assert.deepEqual(pageLosses(harness), []);
  await app.attach();
  await app.waitForState("signed-in");
  await app.press("Renew now");
  await harness.practice.waitForTokenRequests(2);
});
