// What is left when drawing itself fails: a screen with a way on, or at the very least a link.
import assert from "node:assert/strict";
import { journey } from "../stage/journey";
import { until } from "../stage/processes";
import type { Stage } from "../stage/stage";

/**
 * From now on the page fails when it draws such an element, as a fault in a screen would make it. What it
 * then can't draw may be anything, so a button can be pressed in the same moment.
 */
async function failWhenDrawing({ app }: Stage, selector: string, press = ""): Promise<void> {
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

async function isFailing({ app }: Stage, buttons: readonly string[]): Promise<void> {
  await app.problem("internal");
  await app.says("This window couldn’t be displayed");
  for (const button of buttons) assert.ok(await app.offers(button), button);
}

async function isWell({ app }: Stage, state: string): Promise<void> {
  await app.state(state);
  await until("no problem is shown", async () => {
    return (await app.bodyData("data-problem")) === null || undefined;
  });
}

const countdown = "[role=timer]";
const person = ".person";

journey("screen_that_cannot_be_drawn_leaves_every_way_on", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await app.state("signed-out");

  await failWhenDrawing(stage, countdown);
  await app.press("Sign in with Amiqus");
  await isFailing(stage, ["Try again", "Cancel", "Save a report for support"]);
  await app.state("awaiting-browser");
  assert.match(desktop.appLog(), /window: page failed fault=Drawing/);
  assert.doesNotMatch(desktop.appLog(), /a secret of/);
  await app.press("Save a report for support");
  await app.says("Saved as");
  await app.press("Cancel");
  await isWell(stage, "signed-out");
  await app.press("Sign in with Amiqus");
  await isFailing(stage, ["Try again"]);
  await app.press("Try again");
  await isWell(stage, "awaiting-browser");
});

journey("account_that_cannot_be_drawn_can_still_sign_out", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.beginSignIn();
  await failWhenDrawing(stage, person);
  await stage.consent();
  await app.state("signed-in");
  await isFailing(stage, ["Try again", "Sign out"]);
  await app.press("Sign out");
  await isWell(stage, "signed-out");
});

journey("account_that_cannot_be_drawn_can_still_sign_in_again", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.signIn();
  await failWhenDrawing(stage, person);
  await stage.removeAccess();
  await app.press("Renew now");
  await app.state("sign-in-again");
  await isFailing(stage, ["Try again", "Sign in with Amiqus", "Sign out"]);
  await app.press("Sign in with Amiqus");
  await isWell(stage, "awaiting-browser");
});

journey("page_that_can_draw_nothing_at_all_leaves_a_link_that_loads_it_again", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await app.state("signed-out");
  await failWhenDrawing(stage, "*", "Sign in with Amiqus");
  await app.problem("internal");
  await app.says("close the app and open it again");
  assert.match(desktop.appLog(), /window: page failed fault=/);
  await app.press("Try again");
  await isWell(stage, "awaiting-browser");
  await stage.consent();
  await app.state("signed-in");
});
