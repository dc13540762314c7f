// The process that draws the window's page can end or hang at any time: killed, out of memory, a disk
// that is full. The window comes back, and nothing that was on its way is lost.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { closeAndBeginAnew, closeIntoTray, webKits } from "../stage/closing";
import { journey } from "../stage/journey";
import {
  endPage,
  isDrawn,
  losses,
  networkProcess,
  pageProcess,
  pageProcesses,
} from "../stage/page-process";
import { until } from "../stage/processes";
import type { Stage } from "../stage/stage";
import { Tray } from "../stage/tray";

/** Presses what a Tab from the heading leads to, in a window that has no driver. */
async function pressFirstButton({ desktop }: Stage): Promise<void> {
  await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await desktop.run("xdotool", ["key", "Tab", "Return"]);
}

for (const signal of ["SIGKILL", "SIGSEGV", "SIGBUS", "SIGTERM"] as const) {
  journey(`page_process_ended_by_${signal}_is_logged_and_page_is_loaded_again`, async (stage) => {
    const { app } = stage;
    await app.start();
    await app.state("signed-out");
    await isDrawn(stage);
    await app.detach();
    await endPage(stage, signal);
    await isDrawn(stage);
    assert.deepEqual(losses(stage), ["why=Ended remedy=Reload"]);
    await app.attach();
    await app.state("signed-out");
    await stage.beginSignIn();
  });
}

journey("page_that_dies_twice_comes_back_in_a_new_window_that_signs_in", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.state("signed-out");
  const windows = () => desktop.run("wmctrl", ["-l"]);
  const before = await windows();
  await app.detach();
  await endPage(stage);
  await endPage(stage);
  await isDrawn(stage);
  assert.deepEqual(losses(stage), ["why=Ended remedy=Reload", "why=Ended remedy=Rebuild"]);
  assert.notEqual(await windows(), before, "it is another window");
  await pressFirstButton(stage);
  await stage.consent();
  await tray.shows("Bob Gale, Fusion Industries");
  await isDrawn(stage);
  // What is closed then stays closed, and its process ends.
  await closeIntoTray(stage);
});

journey(
  "page_that_dies_three_times_leaves_the_tray_and_a_notification_that_open_a_new_window",
  async (stage) => {
    const { app, desktop } = stage;
    const tray = await Tray.start(desktop);
    await app.start();
    await app.state("signed-out");
    await app.detach();
    await endPage(stage);
    await endPage(stage);
    process.kill(await pageProcess(stage), "SIGKILL");
    await until("no WebKit process is left", () => webKits(stage).length === 0 || undefined);
    assert.equal(losses(stage).at(-1), "why=Ended remedy=Close");
    const notifications = await until("somebody is told", async () => {
      const all = await tray.notifications();
      return all.length > 0 ? all : undefined;
    });
    assert.equal(notifications[0]?.summary, "The window couldn’t be displayed");
    // A process that began anew would know nothing of a click on it.
    await sleep(3_000);
    assert.equal(desktop.appLog().match(/ started version=/g)?.length, 1);
    await tray.click(1);
    await isDrawn(stage);
    await closeAndBeginAnew(stage, tray);
    await tray.choose("Open");
    await isDrawn(stage);
    // For a window that somebody asked for, the count begins again.
    await endPage(stage);
    await isDrawn(stage);
    assert.equal(losses(stage).at(-1), "why=Ended remedy=Reload");
  },
);

journey("page_that_dies_while_the_browser_is_awaited_shows_the_sign_in_done", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.beginSignIn();
  await stage.consentPage();
  await app.detach();
  await endPage(stage);
  await app.attach();
  await app.state("awaiting-browser");
  await stage.consent();
  await app.state("signed-in");
  await app.says("Bob Gale");
  await app.press("Renew now");
  await stage.practice.untilTokenRequests(2);
});

journey("page_that_dies_as_its_window_is_closed_stays_closed", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.state("signed-out");
  await tray.shows("You are not signed in");
  await app.detach();
  process.kill(await pageProcess(stage), "SIGKILL");
  await closeIntoTray(stage);
  await tray.choose("Open");
  await isDrawn(stage);
});

journey("page_that_hangs_is_replaced_when_the_window_is_asked_for", async (stage) => {
  const { app } = stage;
  await app.start();
  await app.state("signed-out");
  await app.detach();
  const hung = await pageProcess(stage);
  process.kill(hung, "SIGSTOP");
  // A second start brings the window of the first.
  app.launch();
  await until(
    "the page that hangs is gone",
    () => !pageProcesses(stage).includes(hung) || undefined,
    40_000,
  );
  await pageProcess(stage);
  await isDrawn(stage);
  assert.deepEqual(losses(stage), ["why=NoAnswer remedy=Rebuild"]);
  await pressFirstButton(stage);
  await stage.consentPage();
});

journey("page_that_hangs_is_replaced_when_it_is_clicked_into", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await app.state("signed-out");
  await app.detach();
  const hung = await pageProcess(stage);
  process.kill(hung, "SIGSTOP");
  await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  await desktop.run("xdotool", ["mousemove", "640", "450", "click", "1", "key", "Tab"]);
  await until(
    "the page that hangs is gone",
    () => !pageProcesses(stage).includes(hung) || undefined,
    40_000,
  );
  await isDrawn(stage);
});

journey("page_that_lives_is_left_alone_however_often_it_is_asked_for", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await app.state("signed-out");
  const [first] = pageProcesses(stage);
  for (let count = 0; count < 5; count += 1) {
    app.launch();
    await desktop.run("wmctrl", ["-F", "-a", "Sign in with Amiqus"]);
  }
  await until("the second copies have ended", () => app.processIds().length === 1 || undefined);
  await stage.signIn();
  assert.deepEqual(pageProcesses(stage), [first]);
  assert.deepEqual(losses(stage), []);
});

journey("window_whose_network_process_dies_still_takes_and_shows_what_is_done", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.state("signed-out");
  await isDrawn(stage);
  // The driver's own session ends with that process.
  await app.detach();
  process.kill(await networkProcess(stage), "SIGKILL");
  await pressFirstButton(stage);
  await stage.consent();
  await tray.shows("Bob Gale, Fusion Industries");
  assert.deepEqual(losses(stage), []);
  await app.attach();
  await app.state("signed-in");
  await app.press("Renew now");
  await stage.practice.untilTokenRequests(2);
});
