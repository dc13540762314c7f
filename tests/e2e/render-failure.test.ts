// What is left when drawing itself fails: a screen with a way on, or at the very least a link.
import assert from "node:assert/strict";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import type { Harness } from "../harness/harness";

/**
 * From now on the page fails when it draws such an element, as a fault in a screen would make it. What it
 * then can't draw may be anything, so a button can be pressed in the same moment.
 */
async function failWhenDrawing({ app }: Harness, selector: string, press = ""): Promise<void> {
  await app.window.executeScript(
    `
    const [selector, press] = arguments;
    const clone = Node.prototype.cloneNode;
    Node.prototype.cloneNode = function (...given) {
      if (this.matches?.(selector) || this.querySelector?.(selector)) {
        throw new Error("a secret of Bob Gale's");
      }
      return clone.apply(this, given);
    };
    [...document.querySelectorAll("button")].find((one) => one.innerText === press)?.click();`,
    selector,
    press,
  );
}

async function isFailing({ app }: Harness, buttons: readonly string[]): Promise<void> {
  await app.waitForProblem("internal");
  await app.waitForText("This window couldn’t be displayed");
  for (const button of buttons) assert.ok(await app.hasButton(button), button);
}

async function isWell({ app }: Harness, state: string): Promise<void> {
  await app.waitForState(state);
  await waitFor("no problem is shown", async () => {
    return (await app.bodyData("data-problem")) === null || undefined;
  });
}

const countdown = "[role=timer]";
const person = ".person";

journey("screen_that_cannot_be_drawn_leaves_every_way_on", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");

  await failWhenDrawing(harness, countdown);
  await app.press("Sign in with Amiqus");
  await isFailing(harness, ["Try again", "Cancel", "Save a report for support"]);
  await app.waitForState("awaiting-browser");
  assert.match(desktop.appLog(), /window: page failed fault=Drawing/);
  assert.doesNotMatch(desktop.appLog(), /a secret of/);
  await app.press("Save a report for support");
  await app.waitForText("Saved as");
  await app.press("Cancel");
  await isWell(harness, "signed-out");
  await app.press("Sign in with Amiqus");
  await isFailing(harness, ["Try again"]);
  await app.press("Try again");
  await isWell(harness, "awaiting-browser");
});

journey("account_that_cannot_be_drawn_can_still_sign_out", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  await failWhenDrawing(harness, person);
  await harness.consent();
  await app.waitForState("signed-in");
  await isFailing(harness, ["Try again", "Sign out"]);
  await app.press("Sign out");
  await isWell(harness, "signed-out");
});

journey("account_that_cannot_be_drawn_can_still_sign_in_again", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await failWhenDrawing(harness, person);
  await harness.removeAccess();
  await app.press("Renew now");
  await app.waitForState("sign-in-again");
  await isFailing(harness, ["Try again", "Sign in with Amiqus", "Sign out"]);
  await app.press("Sign in with Amiqus");
  await isWell(harness, "awaiting-browser");
});

journey("page_that_can_draw_nothing_at_all_leaves_a_link_that_loads_it_again", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await failWhenDrawing(harness, "*", "Sign in with Amiqus");
  await app.waitForProblem("internal");
  await app.waitForText("close the app and open it again");
  assert.match(desktop.appLog(), /window: page failed fault=/);
  await app.press("Try again");
  await isWell(harness, "awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
});
