import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Key, type WebDriver, type WebElement } from "selenium-webdriver";
import { press, pressNow } from "../stage/browser";
import { journey } from "../stage/journey";
import { freePort, until } from "../stage/processes";
import type { Stage, StageChoices } from "../stage/stage";
import { Tray } from "../stage/tray";

// What browsers really bring back, and what people really paste.

const loopbackPort = await freePort();
const loopback = `http://127.0.0.1:${String(loopbackPort)}/callback`;
const atLoopback: StageChoices = {
  // A consent page that can be answered twice: each press of Allow leads back with a code.
  practice: () => ["--redirect-url", loopback, "--answers-again", "--always-ask"],
  provisioning: (practice) => practice.provisioning({ redirect_url: loopback }),
};

const callback = "co.amiqus.signin://oauth/callback";

/** The consent page, with nobody left to log in. */
async function readyToAllow(stage: Stage): Promise<WebDriver> {
  const tab = await stage.consentPage();
  await until("the consent page is shown", async () => {
    await pressNow(tab, "Log in as Bob Gale");
    return (await tab.getTitle()).startsWith("Authorise") || undefined;
  });
  return tab;
}

/** The address that the browser would be sent to for allowing the request that the tab shows. */
async function answerTo({ practice }: Stage, tab: WebDriver): Promise<string> {
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
  await until(
    `the browser shows "${title}"`,
    async () => (await tab.getTitle()) === title || undefined,
  );
}

// Shows check 10.
journey("a consent page whose address has a fragment signs in", async (stage) => {
  await stage.app.start();
  await stage.beginSignIn();
  const tab = await readyToAllow(stage);
  // A form without an action is sent to the page's own address, fragment and all; and a redirect
  // inherits the fragment of the address that was asked for.
  await tab.executeScript(
    "location.hash = '#/consent?x=1'; document.querySelector('form.answers').removeAttribute('action')",
  );
  await press(tab, "Allow");
  await stage.app.state("signed-in");
  assert.equal(await stage.practice.tokenRequests(), 1);
});

// Shows check 13.
journey("a denial without a state is said, and the attempt survives it", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.beginSignIn();
  await readyToAllow(stage);
  await desktop.open(`${callback}?error=access_denied&error_description=No`);
  await app.problem("denied_without_state");
  await app.state("awaiting-browser");
  await app.says("Your browser came back without permission");
  await app.says("Did you choose Deny?");
  await until("the app is in front", async () =>
    (await app.focusedWindow()) === "Sign in with Amiqus" ? true : undefined,
  );
  assert.ok(await app.offers("Cancel"));
  assert.equal(await stage.practice.tokenRequests(), 0);
  await app.press("Open the browser again");
  await until("the problem is over", async () =>
    (await app.bodyData("data-problem")) === null ? true : undefined,
  );
  await stage.consent();
  await app.state("signed-in");
});

// Shows check 15.
journey("an answer with our own state that can't be used is said", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.beginSignIn();
  const answer = await answerTo(stage, await readyToAllow(stage));
  await desktop.open(`${callback}?code=stolen&state=guessed&iss=https://evil.example`);
  await desktop.open(`${answer}&iss=https://evil.example`);
  await app.problem("answer_not_usable");
  await app.state("awaiting-browser");
  assert.equal(await stage.practice.tokenRequests(), 0);
  await desktop.open(answer);
  await app.state("signed-in");
  assert.equal(await stage.practice.tokenRequests(), 1);
});

// Shows check 8.
journey(
  "Allow pressed twice, a reload and a second tab all end on the last page",
  async (stage) => {
    const { app, practice } = stage;
    await app.start();
    await stage.beginSignIn();
    const tab = await readyToAllow(stage);
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
    await app.state("signed-in");
    await untilTitle(tab, "You are signed in");
    await tab.navigate().refresh();
    await untilTitle(tab, "You are signed in");
    const address = await tab.getCurrentUrl();
    await tab.switchTo().newWindow("tab");
    await tab.get(address);
    await untilTitle(tab, "You are signed in");
    assert.equal(await practice.tokenRequests(), 1);

    // A new attempt at once, on the same port, while the last page is still there to be had.
    await stage.browser.leaveTab();
    await app.press("Add another account");
    await app.state("awaiting-browser");
    await press(await stage.consentPage(), "Use another account");
    const second = await stage.consent("Allow", "Lorraine Baines");
    await app.state("signed-in");
    await app.says("Lorraine Baines");
    await untilTitle(second, "You are signed in");
    assert.equal(await practice.tokenRequests(), 2);
    await until(
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
  async (stage) => {
    const { app, desktop, practice } = stage;
    await app.start();
    await stage.beginSignIn();
    const tab = await readyToAllow(stage);
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
    await app.state("signed-in");
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
    async (stage) => {
      const { app, desktop, practice } = stage;
      if (hasTray) await Tray.start(desktop);
      await app.start();
      await stage.beginSignIn();
      const tab = await readyToAllow(stage);
      await press(tab, "Allow");
      await app.state("signed-in");
      await untilTitle(tab, "You are signed in");
      await app.closeWindow();
      for (let times = 0; times < 3; times += 1) {
        await sleep(2_000);
        await tab.navigate().refresh();
        await untilTitle(tab, "You are signed in");
      }
      assert.equal(await practice.tokenRequests(), 1);
      await stage.browser.leaveTab();
      // Then it goes on as it does without a browser to wait for.
      if (hasTray) {
        await until("the app begins anew", () => {
          return (desktop.appLog().match(/ started version=/g)?.length ?? 0) > 1 || undefined;
        });
      } else {
        await app.gone();
      }
    },
    atLoopback,
  );
}

// Shows check 8.
journey(
  "Allow after Cancel shows what happened",
  async (stage) => {
    const { app, practice } = stage;
    await app.start();
    await stage.beginSignIn();
    const tab = await readyToAllow(stage);
    await app.press("Cancel");
    await app.state("signed-out");
    await press(tab, "Allow");
    await untilTitle(tab, "The sign-in was cancelled");
    await stage.browser.leaveTab();
    assert.equal(await practice.tokenRequests(), 0);
    await stage.signIn();
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
  journey(`an address is taken as people paste it: ${name}`, async (stage) => {
    const { app } = stage;
    await app.start();
    await stage.beginSignIn();
    const tab = await readyToAllow(stage);
    const answer = await answerTo(stage, tab);
    await copyInBrowser(tab, dirty(answer));
    await app.press("Paste the address");
    await app.type("Address", Key.chord(Key.CONTROL, "v"));
    await app.press("Continue");
    await app.state("signed-in");
    assert.equal(await stage.practice.tokenRequests(), 1);
  });
}

journey("what is pasted too early is told apart", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.beginSignIn();
  const tab = await readyToAllow(stage);
  await app.press("Paste the address");
  await app.type("Address", await tab.getCurrentUrl());
  await app.press("Continue");
  await app.problem("link_before_allow");
  await app.says("Choose Allow");
  await app.type("Address", await answerTo(stage, tab));
  await app.press("Continue");
  await app.state("signed-in");
});

/** Names with joiners that show, and with what hides or reorders. */
const NAMES: [given: string, shown: string][] = [
  ["علی\u200cرضا", "علی\u200cرضا"],
  ["ශ්\u200dරී", "ශ්\u200dරී"],
  ["Zoë 👩\u200d👩\u200d👧", "Zoë 👩\u200d👩\u200d👧"],
  ["B\u200d\u202eob\u3164", "Bob"],
];

// Shows check 14.
journey("names are shown as they are spelt, without what hides in them", async (stage) => {
  const { app, practice } = stage;
  await app.start();
  await stage.signIn();
  for (const [name, shown] of NAMES) {
    await practice.control("rename", { email: "bob@example.com", name });
    await app.close();
    await app.start();
    await app.state("signed-in");
    await until(`the window says ${shown}`, async () => {
      const said = await app.window.executeScript<string>("return document.body.textContent");
      return said.includes(shown) || undefined;
    });
    assert.doesNotMatch(
      await app.window.executeScript<string>("return document.body.textContent"),
      /[\u202a-\u202e\u3164]/,
    );
  }
});
