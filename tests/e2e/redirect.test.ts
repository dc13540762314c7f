/** The browser's answers in all their variety: by link, and pasted as users copy them. */
import assert from "node:assert/strict";
import { Key, type WebDriver, type WebElement } from "selenium-webdriver";
import { allowRequest } from "../harness/authorization";
import { press, pressIfPresent } from "../harness/browser";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";

const CALLBACK = "co.amiqus.signin://oauth/callback";

/** Logs in where needed and waits for the consent page. */
async function openConsentPage(harness: Harness): Promise<WebDriver> {
  const tab = await harness.consentPage();
  await waitFor("the consent page is shown", async () => {
    await pressIfPresent(tab, "Log in as Bob Gale");
    return (await tab.getTitle()).startsWith("Authorise");
  });
  return tab;
}

// Shows check 10.
journey("redirect that inherits a fragment signs in", async (harness) => {
  await harness.app.start();
  await harness.startSignIn();
  const tab = await openConsentPage(harness);
  // A form without an action is sent to the page's own URL, fragment included, and a redirect inherits
  // the fragment of the URL that was requested.
  await tab.executeScript(
    "location.hash = '#/consent?x=1'; document.querySelector('form.answers').removeAttribute('action')",
  );
  await press(tab, "Allow");
  await harness.app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1);
});

// Shows check 13.
journey("denial without a state is reported and the attempt stays", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  await openConsentPage(harness);
  await desktop.openUrl(`${CALLBACK}?error=access_denied&error_description=No`);
  await app.waitForProblem("denied_without_state");
  await app.waitForState("awaiting-browser");
  await app.waitForText("Your browser came back without permission");
  await app.waitForText("Did you choose Deny?");
  await waitFor(
    "the app is in front",
    async () => (await app.focusedWindow()) === "Sign in with Amiqus",
  );
  assert.ok(await app.hasButton("Cancel"));
  assert.equal(await harness.practice.tokenRequests(), 0);
  await app.press("Open the browser again");
  await waitFor(
    "the problem is cleared",
    async () => (await app.bodyData("data-problem")) === null,
  );
  await harness.consent();
  await app.waitForState("signed-in");
});

// Shows check 15.
journey("answer from another issuer is reported and not used", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  const answer = await allowRequest(harness, await openConsentPage(harness));
  await desktop.openUrl(`${CALLBACK}?code=stolen&state=guessed&iss=https://evil.example`);
  await desktop.openUrl(`${answer}&iss=https://evil.example`);
  await app.waitForProblem("answer_not_usable");
  await app.waitForState("awaiting-browser");
  assert.equal(await harness.practice.tokenRequests(), 0);
  await desktop.openUrl(answer);
  await app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1);
});

journey("address can be pasted where the browser doesn't come back", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const location = await allowRequest(harness, await harness.consentPage());
  await app.press("Paste the address");
  await app.type("Address from your browser", "bob@example.com");
  await app.press("Finish signing in");
  await app.waitForProblem("link_not_ours");
  await app.type("Address from your browser", location);
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
});

/** What users copy in place of the bare address. */
const PASTED: Record<string, (address: string) => string> = {
  "that is wrapped and indented": (address) => address.replace(/.{60}/g, "$&\n    "),
  "that is quoted in a mail": (address) => `> ${address.replace(/.{70}/g, "$&\n> ")}\n`,
  "in a browser's error message": (address) =>
    `Failed to launch '${address}' because the scheme does not have a registered handler.`,
  // From a page's HTML source.
  "in typographic quotes with a full stop": (address) =>
    `The address is “${address.replaceAll("&", "&amp;")}”.`,
  "that is percent-encoded": (address) => encodeURIComponent(address),
};

/** Selects and copies text in the browser, as a user does. */
async function copyInBrowser(tab: WebDriver, text: string): Promise<void> {
  const area = await tab.executeScript<WebElement>(
    "const a = document.createElement('textarea'); a.value = arguments[0]; document.body.prepend(a); return a",
    text,
  );
  await area.sendKeys(Key.chord(Key.CONTROL, "a"));
  await area.sendKeys(Key.chord(Key.CONTROL, "c"));
}

for (const [condition, asCopied] of Object.entries(PASTED)) {
  journey(`pasted address ${condition} is accepted`, async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await openConsentPage(harness);
    const answer = await allowRequest(harness, tab);
    await copyInBrowser(tab, asCopied(answer));
    await app.press("Paste the address");
    await app.type("Address from your browser", Key.chord(Key.CONTROL, "v"));
    await app.press("Finish signing in");
    await app.waitForState("signed-in");
    assert.equal(await harness.practice.tokenRequests(), 1);
  });
}

journey("address of the consent page is refused with a hint", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await openConsentPage(harness);
  await app.press("Paste the address");
  await app.type("Address from your browser", await tab.getCurrentUrl());
  await app.press("Finish signing in");
  await app.waitForProblem("link_before_allow");
  await app.waitForText("Choose Allow");
  await app.type("Address from your browser", await allowRequest(harness, tab));
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
});
