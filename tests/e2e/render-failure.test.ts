/** Screens that can't be drawn: the window still offers a way on, or at the very least a link. */
import assert from "node:assert/strict";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";

/**
 * From now on the page throws when it draws such an element, as a bug in a screen would make it. A
 * button can be pressed in the same script, for selectors that would break its press through a driver.
 */
async function failWhenDrawing({ app }: Harness, selector: string, press = ""): Promise<void> {
  await app.window.executeScript(
    `
    const [selector, press] = arguments;
    const clone = Node.prototype.cloneNode;
    Node.prototype.cloneNode = function (...args) {
      if (this.matches?.(selector) || this.querySelector?.(selector)) {
        throw new Error("a secret of Bob Gale's");
      }
      return clone.apply(this, args);
    };
    if (press !== "") {
      [...document.querySelectorAll("button")].find((one) => one.innerText.trim() === press)?.click();
    }`,
    selector,
    press,
  );
}

async function waitForFailure({ app }: Harness, buttons: readonly string[]): Promise<void> {
  await app.waitForProblem("internal");
  await app.waitForText("This window couldn’t be displayed");
  for (const button of buttons) assert.ok(await app.hasButton(button), button);
}

async function waitForRecovery({ app }: Harness, state: string): Promise<void> {
  await app.waitForState(state);
  await waitFor("no problem is shown", async () => (await app.bodyData("data-problem")) === null);
}

const COUNTDOWN = "[role=timer]";
const ACCOUNT = "section";

journey("screen that can't be drawn leaves every way on", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");

  await failWhenDrawing(harness, COUNTDOWN);
  await app.press("Sign in with Amiqus");
  await waitForFailure(harness, ["Try again", "Cancel"]);
  await app.waitForState("awaiting-browser");
  await desktop.waitForLog(`${logLines.pageFailed}Drawing`);
  assert.doesNotMatch(desktop.appLog(), /a secret of/);
  await app.press("Help");
  await app.press("Save a support report");
  await app.waitForText("Saved to");
  await app.press("Cancel");
  await waitForRecovery(harness, "signed-out");
  await app.press("Sign in with Amiqus");
  await waitForFailure(harness, ["Try again"]);
  await app.press("Try again");
  await waitForRecovery(harness, "awaiting-browser");
});

journey("account that can't be drawn can still sign out", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  await failWhenDrawing(harness, ACCOUNT);
  await harness.consent();
  await app.waitForState("signed-in");
  await waitForFailure(harness, ["Try again", "Sign out"]);
  await app.press("Sign out");
  await app.waitForText("Sign out?");
  await app.press("Sign out");
  await waitForRecovery(harness, "signed-out");
});

journey("account that can't be drawn can still sign in again", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await failWhenDrawing(harness, ACCOUNT);
  await harness.removeAccess();
  await app.choose("Renew now");
  await app.waitForState("sign-in-again");
  await waitForFailure(harness, ["Try again", "Sign in with Amiqus", "Sign out"]);
  await app.press("Sign in with Amiqus");
  await waitForRecovery(harness, "awaiting-browser");
});

journey("page that can't draw anything leaves a link to reload it", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await failWhenDrawing(harness, "*", "Sign in with Amiqus");
  await app.waitForProblem("internal");
  await app.waitForText("quit the app and open it again");
  await desktop.waitForLog(logLines.pageFailed);
  await app.press("Try again");
  await waitForRecovery(harness, "awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
});
