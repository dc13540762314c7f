import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Key, type WebDriver, type WebElement } from "selenium-webdriver";
import { press, pressIfPresent } from "../harness/browser";
import { journey } from "../harness/journey";
import { reservePort, waitFor } from "../harness/processes";
import type { Harness, HarnessOptions } from "../harness/harness";
import { Tray } from "../harness/tray";

// What browsers really bring back, and what people really paste.

const loopbackPort = await reservePort();
const loopback = `http://127.0.0.1:${String(loopbackPort)}/callback`;
const atLoopback: HarnessOptions = {
  // A consent page that can be answered twice: each press of Allow leads back with a code.
  practice: () => ["--redirect-url", loopback, "--answers-again", "--always-ask"],
  provisioning: (practice) => practice.provisioning({ redirect_url: loopback }),
};

const callback = "co.amiqus.signin://oauth/callback";

/** The consent page, with nobody left to log in. */
async function readyToAllow(harness: Harness): Promise<WebDriver> {
  const tab = await harness.consentPage();
  await waitFor("the consent page is shown", async () => {
    await pressIfPresent(tab, "Log in as Bob Gale");
    return (await tab.getTitle()).startsWith("Authorise") || undefined;
  });
  return tab;
}

/** The address that the browser would be sent to for allowing the request that the tab shows. */
async function answerTo({ practice }: Harness, tab: WebDriver): Promise<string> {
  const shown = new URL(await tab.getCurrentUrl());
  const next = shown.searchParams.get("return_to");
  const url = next === null ? shown : new URL(next, shown);
  const answer = await practice.control("authorize", {
    url: url.href,
    email: "bob@example.com",
    team: "Fusion Industries",
    allow: true,
  });
  return (answer as { location: string }).location;
}

async function untilTitle(tab: WebDriver, title: string): Promise<void> {
  await waitFor(
    `the browser shows "${title}"`,
    async () => (await tab.getTitle()) === title || undefined,
  );
}

// Shows check 10.
journey("a consent page whose address has a fragment signs in", async (harness) => {
  await harness.app.start();
  await harness.startSignIn();
  const tab = await readyToAllow(harness);
  // A form without an action is sent to the page's own address, fragment and all; and a redirect
  // inherits the fragment of the address that was asked for.
  await tab.executeScript(
    "location.hash = '#/consent?x=1'; document.querySelector('form.answers').removeAttribute('action')",
  );
  await press(tab, "Allow");
  await harness.app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1);
});

// Shows check 13.
journey("a denial without a state is said, and the attempt survives it", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  await readyToAllow(harness);
  await desktop.openUrl(`${callback}?error=access_denied&error_description=No`);
  await app.waitForProblem("denied_without_state");
  await app.waitForState("awaiting-browser");
  await app.waitForText("Your browser came back without permission");
  await app.waitForText("Did you choose Deny?");
  await waitFor("the app is in front", async () =>
    (await app.focusedWindow()) === "Sign in with Amiqus" ? true : undefined,
  );
  assert.ok(await app.hasButton("Cancel"));
  assert.equal(await harness.practice.tokenRequests(), 0);
  await app.press("Open the browser again");
  await waitFor("the problem is over", async () =>
    (await app.bodyData("data-problem")) === null ? true : undefined,
  );
  await harness.consent();
  await app.waitForState("signed-in");
});

// Shows check 15.
journey("an answer with our own state that can't be used is said", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  const answer = await answerTo(harness, await readyToAllow(harness));
  await desktop.openUrl(`${callback}?code=stolen&state=guessed&iss=https://evil.example`);
  await desktop.openUrl(`${answer}&iss=https://evil.example`);
  await app.waitForProblem("answer_not_usable");
  await app.waitForState("awaiting-browser");
  assert.equal(await harness.practice.tokenRequests(), 0);
  await desktop.openUrl(answer);
  await app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1);
});

// Shows check 8.
journey(
  "Allow pressed twice, a reload and a second tab all end on the last page",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await readyToAllow(harness);
    await practice.control("faults", {
      endpoints: ["token_exchange"],
      fault: "delay_after_processing",
      ms: 1500,
      times: 1,
    });
    // Both presses reach the server, the second while the first one's answer is on its way.
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
    await untilTitle(tab, "You are signed in");
    await tab.navigate().refresh();
    await untilTitle(tab, "You are signed in");
    const address = await tab.getCurrentUrl();
    await tab.switchTo().newWindow("tab");
    await tab.get(address);
    await untilTitle(tab, "You are signed in");
    assert.equal(await practice.tokenRequests(), 1);

    // A new attempt at once, on the same port, while the last page is still there to be had.
    await harness.browser.releaseTab();
    await app.press("Add another account");
    await app.waitForState("awaiting-browser");
    await press(await harness.consentPage(), "Use another account");
    const second = await harness.consent("Allow", "Lorraine Baines");
    await app.waitForState("signed-in");
    await app.waitForText("Lorraine Baines");
    await untilTitle(second, "You are signed in");
    assert.equal(await practice.tokenRequests(), 2);
    await waitFor(
      "nobody listens any more",
      async () => {
        const answers = await fetch(loopback).then(
          () => true,
          () => false,
        );
        return !answers || undefined;
      },
      60_000,
    );
  },
  atLoopback,
);

// Shows checks 11, 16 and 42.
journey(
  "a flood at the port fills no log and keeps no browser waiting",
  async (harness) => {
    const { app, desktop, practice } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await readyToAllow(harness);
    const before = desktop.appLog().length;
    const silent = Array.from({ length: 400 }, () => connect(loopbackPort, "127.0.0.1"));
    for (const socket of silent) socket.on("error", () => undefined);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        let refused = 0;
        for (let times = 0; times < 30; times += 1) {
          const path = times % 2 === 0 ? "/callback?code=made-up&state=made-up" : "/elsewhere";
          const answer = await fetch(`http://127.0.0.1:${String(loopbackPort)}${path}`).catch(
            () => undefined,
          );
          if (answer?.ok === false) refused += 1;
        }
        return refused;
      }),
    );
    assert.ok(answers.reduce((sum, refused) => sum + refused) > 300);
    await press(tab, "Allow");
    await untilTitle(tab, "You are signed in");
    await app.waitForState("signed-in");
    assert.equal(await practice.tokenRequests(), 1);
    for (const socket of silent) socket.destroy();
    const grown = desktop.appLog().length - before;
    assert.ok(grown < 32 * 1024, `${String(grown)} bytes`);
  },
  atLoopback,
);

for (const [name, hasTray] of [
  ["into the tray", true],
  ["where there is no tray", false],
] as const) {
  journey(
    `a window closed ${name} right after signing in leaves the browser its last page`,
    async (harness) => {
      const { app, desktop, practice } = harness;
      if (hasTray) await Tray.start(desktop);
      await app.start();
      await harness.startSignIn();
      const tab = await readyToAllow(harness);
      await press(tab, "Allow");
      await app.waitForState("signed-in");
      await untilTitle(tab, "You are signed in");
      await app.closeWindow();
      for (let times = 0; times < 3; times += 1) {
        await sleep(2_000);
        await tab.navigate().refresh();
        await untilTitle(tab, "You are signed in");
      }
      assert.equal(await practice.tokenRequests(), 1);
      await harness.browser.releaseTab();
      // Then it goes on as it does without a browser to wait for.
      if (hasTray) {
        await waitFor("the app begins anew", () => {
          return (desktop.appLog().match(/ started version=/g)?.length ?? 0) > 1 || undefined;
        });
      } else {
        await app.waitForExit();
      }
    },
    atLoopback,
  );
}

// Shows check 8.
journey(
  "Allow after Cancel shows what happened",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await readyToAllow(harness);
    await app.press("Cancel");
    await app.waitForState("signed-out");
    await press(tab, "Allow");
    await untilTitle(tab, "The sign-in was cancelled");
    await harness.browser.releaseTab();
    assert.equal(await practice.tokenRequests(), 0);
    await harness.signIn();
  },
  atLoopback,
);

/** What people bring to the clipboard instead of the bare address. */
const PASTED: Record<string, (address: string) => string> = {
  "wrapped and indented": (address) => address.replace(/.{60}/g, "$&\n    "),
  "quoted in a mail": (address) => `> ${address.replace(/.{70}/g, "$&\n> ")}\n`,
  "in an error of the browser": (address) =>
    `Failed to launch '${address}' because the scheme does not have a registered handler.`,
  "from an HTML source, in typographic quotes, with a full stop": (address) =>
    `The address is “${address.replaceAll("&", "&amp;")}”.`,
  "encoded as a whole": (address) => encodeURIComponent(address),
};

/** Brings text to the desktop's clipboard as a person does: selected and copied in the browser. */
async function copyInBrowser(tab: WebDriver, text: string): Promise<void> {
  const area = await tab.executeScript<WebElement>(
    "const a = document.createElement('textarea'); a.value = arguments[0]; document.body.prepend(a); return a",
    text,
  );
  await area.sendKeys(Key.chord(Key.CONTROL, "a"));
  await area.sendKeys(Key.chord(Key.CONTROL, "c"));
}

for (const [name, dirty] of Object.entries(PASTED)) {
  journey(`an address is taken as people paste it: ${name}`, async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    const tab = await readyToAllow(harness);
    const answer = await answerTo(harness, tab);
    await copyInBrowser(tab, dirty(answer));
    await app.press("Paste the address");
    await app.type("Address", Key.chord(Key.CONTROL, "v"));
    await app.press("Continue");
    await app.waitForState("signed-in");
    assert.equal(await harness.practice.tokenRequests(), 1);
  });
}

journey("what is pasted too early is told apart", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await readyToAllow(harness);
  await app.press("Paste the address");
  await app.type("Address", await tab.getCurrentUrl());
  await app.press("Continue");
  await app.waitForProblem("link_before_allow");
  await app.waitForText("Choose Allow");
  await app.type("Address", await answerTo(harness, tab));
  await app.press("Continue");
  await app.waitForState("signed-in");
});

/** Names with joiners that show, and with what hides or reorders. */
const NAMES: [given: string, shown: string][] = [
  ["علی\u200cرضا", "علی\u200cرضا"],
  ["ශ්\u200dරී", "ශ්\u200dරී"],
  ["Zoë 👩\u200d👩\u200d👧", "Zoë 👩\u200d👩\u200d👧"],
  ["B\u200d\u202eob\u3164", "Bob"],
];

// Shows check 14.
journey("names are shown as they are spelt, without what hides in them", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await harness.signIn();
  for (const [name, shown] of NAMES) {
    await practice.control("rename", { email: "bob@example.com", name });
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
    await waitFor(`the window says ${shown}`, async () => {
      const said = await app.window.executeScript<string>("return document.body.textContent");
      return said.includes(shown) || undefined;
    });
    assert.doesNotMatch(
      await app.window.executeScript<string>("return document.body.textContent"),
      /[\u202a-\u202e\u3164]/,
    );
  }
});
