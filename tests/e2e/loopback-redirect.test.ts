/** The browser's answer at a loopback address in place of a link. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { WebDriver } from "selenium-webdriver";
import { press, pressIfPresent } from "../harness/browser";
import type { Harness, HarnessOptions } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import {
  loopbackPort,
  loopbackUrl,
  statusOf,
  waitUntilNotListening,
  withLoopbackRedirect,
} from "../harness/loopback";
import { waitFor } from "../harness/processes";
import { Tray } from "../harness/tray";

/** The consent page can be answered twice: each press of Allow redirects with a code. */
const withRepeatableConsent: HarnessOptions = {
  ...withLoopbackRedirect,
  practice: () => ["--redirect-url", loopbackUrl, "--answers-again", "--always-ask"],
};

/** Logs in where needed and waits for the consent page. */
async function openConsentPage(harness: Harness): Promise<WebDriver> {
  const tab = await harness.consentPage();
  await waitFor("the consent page is shown", async () => {
    await pressIfPresent(tab, "Log in as Bob Gale");
    return (await tab.getTitle()).startsWith("Authorise");
  });
  return tab;
}

async function waitForTitle(tab: WebDriver, title: string): Promise<void> {
  await waitFor(`the browser shows "${title}"`, async () => (await tab.getTitle()) === title);
}

// Shows check 8.
journey(
  "loopback redirect signs in and the browser says so",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("signed-out");
    assert.equal(await statusOf(loopbackUrl), undefined, "nothing listens before a sign-in");
    await harness.startSignIn();
    const tab = await harness.consent();
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");
    await waitForTitle(tab, "You’re signed in");
    await waitUntilNotListening();
    assert.equal(await harness.practice.tokenRequests(), 1);
    await app.renew();
    assert.equal(await harness.practice.tokenRequests(), 2);
  },
  withLoopbackRedirect,
);

// Shows check 8.
journey(
  "loopback listener refuses wrong requests and takes Deny",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    assert.equal(await statusOf(loopbackUrl.replace("callback", "elsewhere?code=a&state=b")), 404);
    assert.equal(await statusOf(`${loopbackUrl}?code=a&state=b`, "POST"), 405);
    assert.equal(await statusOf(`${loopbackUrl}?code=stolen&state=guessed`), 400);
    assert.equal(await statusOf(loopbackUrl), 400);
    await app.waitForState("awaiting-browser");
    await harness.consentPage();
    await harness.browser.releaseTab();
    await app.press("Cancel");
    await app.waitForState("signed-out");
    const late = await fetch(`${loopbackUrl}?code=a&state=b`);
    assert.match(await late.text(), /The sign-in was cancelled/, "a late browser is told");

    await harness.startSignIn();
    const tab = await harness.consent("Deny");
    await app.waitForState("signed-out");
    await app.waitForProblem("access_denied");
    await waitForTitle(tab, "Access wasn’t allowed");
    await waitUntilNotListening();
    assert.equal(await harness.practice.tokenRequests(), 0);
  },
  withLoopbackRedirect,
);

journey(
  "loopback listener is back after a restart",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    await harness.consentPage();
    await app.close();
    assert.equal(await statusOf(loopbackUrl), undefined);
    await app.start();
    await app.waitForState("awaiting-browser");
    await harness.consent();
    await app.waitForState("signed-in");
  },
  withLoopbackRedirect,
);

journey(
  "loopback port in use is reported and opens no browser",
  async (harness) => {
    const { app } = harness;
    const other = createServer().listen(loopbackPort, "127.0.0.1");
    await once(other, "listening");
    await app.start();
    await app.press("Sign in with Amiqus");
    await app.waitForProblem("port_taken");
    await app.waitForState("signed-out");
    await app.waitForText(loopbackUrl);
    assert.equal((await harness.practice.requests("/oauth/authorize")).length, 0);
    other.close();
    await once(other, "close");
    // A page that the first attempt opened late would be the tab in which this one consents, and fail.
    await harness.signIn();
  },
  withLoopbackRedirect,
);

// Shows check 8.
journey(
  "repeated Allow, reload and second tab end on the last page",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await openConsentPage(harness);
    await practice.control("faults", {
      endpoints: ["token_exchange"],
      fault: "delay_after_processing",
      ms: 1500,
      times: 1,
    });
    // Both presses reach the server, the second while the response to the first is delayed.
    await tab.executeScript(`
      const form = document.querySelector("form.answers");
      const data = new URLSearchParams(new FormData(form));
      data.set("answer", "allow");
      fetch("/oauth/authorize", { method: "POST", body: data, redirect: "manual" }).catch(() => {});
      const button = form.querySelector("button[value=allow]");
      button.click();
      setTimeout(() => button.click(), 300);
    `);
    await app.waitForState("signed-in");
    await waitForTitle(tab, "You’re signed in");
    await tab.navigate().refresh();
    await waitForTitle(tab, "You’re signed in");
    const address = await tab.getCurrentUrl();
    await tab.switchTo().newWindow("tab");
    await tab.get(address);
    await waitForTitle(tab, "You’re signed in");
    assert.equal(await practice.tokenRequests(), 1);

    // A new attempt on the same port, while the last page is still served.
    await harness.browser.releaseTab();
    await app.press("Add another account");
    await app.waitForState("awaiting-browser");
    await press(await harness.consentPage(), "Use another account");
    const second = await harness.consent("Allow", "Lorraine Baines");
    await app.waitForState("signed-in");
    await app.waitForText("Lorraine Baines");
    await waitForTitle(second, "You’re signed in");
    assert.equal(await practice.tokenRequests(), 2);
    await waitUntilNotListening();
  },
  withRepeatableConsent,
);

// Shows checks 11, 16 and 42.
journey(
  "flood at the port neither fills the log nor delays the browser",
  async (harness) => {
    const { app, desktop, practice } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await openConsentPage(harness);
    const before = desktop.appLog().length;
    const silent = Array.from({ length: 400 }, () => connect(loopbackPort, "127.0.0.1"));
    for (const socket of silent) socket.on("error", () => undefined);
    const refusals = await Promise.all(
      Array.from({ length: 20 }, async () => {
        let refused = 0;
        for (let count = 0; count < 30; count += 1) {
          const path = count % 2 === 0 ? "/callback?code=made-up&state=made-up" : "/elsewhere";
          const status = await statusOf(`http://127.0.0.1:${String(loopbackPort)}${path}`);
          if (status !== undefined && status >= 400) refused += 1;
        }
        return refused;
      }),
    );
    assert.ok(refusals.reduce((sum, refused) => sum + refused) > 300);
    await press(tab, "Allow");
    await waitForTitle(tab, "You’re signed in");
    await app.waitForState("signed-in");
    assert.equal(await practice.tokenRequests(), 1);
    for (const socket of silent) socket.destroy();
    const growth = desktop.appLog().length - before;
    assert.ok(growth < 32 * 1024, `${String(growth)} bytes`);
  },
  withRepeatableConsent,
);

for (const [place, hasTray] of [
  ["into the tray", true],
  ["without a tray", false],
] as const) {
  journey(
    `window closed ${place} after signing in keeps the last page`,
    async (harness) => {
      const { app, desktop, practice } = harness;
      if (hasTray) await Tray.start(desktop);
      await app.start();
      await harness.startSignIn();
      const tab = await openConsentPage(harness);
      await press(tab, "Allow");
      await app.waitForState("signed-in");
      await waitForTitle(tab, "You’re signed in");
      await app.closeWindow();
      // The page is served for a while, which is why this takes a while.
      for (let reload = 0; reload < 3; reload += 1) {
        await sleep(2_000);
        await tab.navigate().refresh();
        await waitForTitle(tab, "You’re signed in");
      }
      assert.equal(await practice.tokenRequests(), 1);
      await harness.browser.releaseTab();
      // Then the app does what it does without a browser to wait for.
      if (hasTray) await desktop.waitForLog(logLines.processStarted, 2);
      else await app.waitForExit();
    },
    withRepeatableConsent,
  );
}

// Shows check 8.
journey(
  "Allow after Cancel shows what happened",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await openConsentPage(harness);
    await app.press("Cancel");
    await app.waitForState("signed-out");
    await press(tab, "Allow");
    await waitForTitle(tab, "The sign-in was cancelled");
    await harness.browser.releaseTab();
    assert.equal(await practice.tokenRequests(), 0);
    await harness.signIn();
  },
  withRepeatableConsent,
);
