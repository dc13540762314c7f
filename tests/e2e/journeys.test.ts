import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { fill, press } from "../harness/browser";
import { journey } from "../harness/journey";
import { reservePort, waitFor } from "../harness/processes";
import type { Harness, HarnessOptions } from "../harness/harness";

/** A redirect URL at this computer's own address, registered and provisioned. */
const loopbackPort = await reservePort();
const loopback = `http://127.0.0.1:${String(loopbackPort)}/callback`;
const atLoopback: HarnessOptions = {
  practice: () => ["--redirect-url", loopback],
  provisioning: (practice) => practice.provisioning({ redirect_url: loopback }),
};

/** The status of an answer; nothing where nobody listens. */
async function status(address: string, method = "GET"): Promise<number | undefined> {
  try {
    return (await fetch(address, { method, redirect: "manual" })).status;
  } catch {
    return undefined;
  }
}

/** Waits until the last page can't be had any more. */
async function untilNobodyListens(): Promise<void> {
  await waitFor(
    "nobody listens any more",
    async () => (await status(loopback)) === undefined || undefined,
    45_000,
  );
}

const notManaged: HarnessOptions = { provisioning: () => undefined };

// Shows checks 1 and 17.
journey("one click, consent in the browser, and the window says who one is", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await app.waitForText("Set up for Gale & Partners");
  await harness.signIn();
  const said = await app.text();
  for (const words of ["Bob Gale", "bob@example.com", "Fusion Industries", "Owner"]) {
    assert.ok(said.includes(words), `the window says ${words}`);
  }
  assert.equal(await app.bodyData("data-problem"), null);
  await waitFor("the app has the focus again", async () =>
    (await app.focusedWindow()) === "Sign in with Amiqus" ? true : undefined,
  );
});

// Shows check 1.
journey("the browser alone asks for the pages of a sign-in, and not the window", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const home = await app.window.getCurrentUrl();
  await harness.signIn();
  const pages = [
    ...(await practice.requests("/oauth/authorize")),
    ...(await practice.requests("/login")),
  ];
  assert.ok(pages.length >= 3, `only ${String(pages.length)} pages`);
  for (const { method, path, headers } of pages) {
    const asker = headers.find(({ name }) => name === "user-agent")?.value ?? "";
    assert.match(asker, / Chrome\//, `${method} ${path}`);
  }
  assert.equal(await app.window.getCurrentUrl(), home);
});

journey("the page brings the state with it, and keeps no copy", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  // A page that a driver came too early for was asked for before the vault was open.
  await app.window.navigate().refresh();
  await app.waitForState("signed-out");
  assert.match(desktop.appLog(), /the page brings the state/);
  assert.equal(
    await app.window.executeScript("return document.getElementById('state') === null"),
    true,
  );
});

// Shows check 12.
journey("a denied request says so, and the next one works", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  await harness.consent("Deny");
  await app.waitForState("signed-out");
  await app.waitForProblem("access_denied");
  assert.equal(await harness.practice.tokenRequests(), 0);
  await harness.startSignIn();
  assert.equal(await app.bodyData("data-problem"), null);
  await harness.consent();
  await app.waitForState("signed-in");
});

// Shows check 17.
journey(
  "the link starts the app that was closed meanwhile, and the sign-in completes",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signInWhileClosed();
  },
);

journey("after a restart, and after being killed, one is still signed in", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.close();
  await app.start();
  await app.waitForState("signed-in");
  await app.waitForText("Fusion Industries");
  await app.kill();
  await app.start();
  await app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1, "a start renews nothing");
});

journey("Renew now renews, once", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.press("Renew now");
  await harness.practice.waitForTokenRequests(2);
  await app.waitForText("Connected.");
  await app.waitForState("signed-in");
  await app.close();
  await app.start();
  await app.waitForState("signed-in");
  await app.waitForText("Connected.");
  assert.equal(await harness.practice.tokenRequests(), 2);
});

// Shows check 35.
journey(
  "signing out works while Amiqus is away, outlives a restart, and says what it did not end",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signIn();
    await harness.practice.stop();
    await app.press("Sign out");
    await app.waitForState("signed-out");
    await app.waitForText("Team apps");
    assert.ok(await app.hasButton("Open Team apps"));
    await app.close();
    await app.start();
    await app.waitForState("signed-out");
  },
);

journey(
  "access removed at Team apps leads to signing in again, also after a restart",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signIn();
    await harness.removeAccess();
    await app.press("Renew now");
    await app.waitForState("sign-in-again");
    await app.waitForText("Bob Gale");
    await app.waitForText("Amiqus no longer accepts this computer’s sign-in");
    await app.close();
    await app.start();
    await app.waitForState("sign-in-again");
    await harness.startSignIn();
    await harness.consent();
    await app.waitForState("signed-in");
  },
);

journey(
  "an administrator registers the app in Developer Settings and sets it up by hand",
  async (harness) => {
    const { app, practice, browser } = harness;
    await app.start();
    await app.waitForState("needs-setup");
    await harness.desktop.openUrl(`${practice.baseUrl}/developer-settings/new`);
    const tab = await browser.waitForTab(`${practice.baseUrl}/`);
    await press(tab, "Log in as Bob Gale");
    await fill(tab, "Name", "Front desk");
    await fill(tab, "Redirect URLs", "co.amiqus.signin://oauth/callback");
    await press(tab, "Create API client");
    const [id, secret] = await waitFor("the client's page shows its ID and secret", async () => {
      const fields = await tab.findElements({ css: "input[readonly]" });
      const values = await Promise.all(fields.map((field) => field.getAttribute("value")));
      return values.length === 2 ? values : undefined;
    });
    assert.ok(id && secret);

    await app.type("Client ID", "with spaces in it");
    await app.type("Client secret", secret);
    await app.press("Advanced");
    await app.type("Service address", "http://amiqus.example.com");
    await app.press("Save");
    await app.waitForText("https");
    await app.waitForState("needs-setup");

    await app.type("Client ID", ` ${id} `);
    await app.type("Service address", practice.baseUrl);
    await app.press("Save");
    await app.waitForState("signed-out");
    await harness.startSignIn();
    await harness.consent();
    await app.waitForState("signed-in");
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
  },
  notManaged,
);

// Shows check 40.
journey(
  "a service over plain http can't be entered without a developer's switch",
  async ({ app, desktop, practice }) => {
    delete desktop.env.AMIQUS_ALLOW_HTTP;
    await app.start();
    await app.waitForState("needs-setup");
    await app.type("Client ID", "9a1c0ffe");
    await app.press("Advanced");
    // All that is to be changed is said at once.
    await app.type("Client secret", "a secret with spaces");
    await app.type("Service address", practice.baseUrl);
    await app.press("Save");
    await app.waitForText("take out the spaces");
    await app.waitForText("must begin with https://");
    await app.type("Client secret", "a-secret");
    for (const address of [practice.baseUrl, "http://localhost:4000", "http://[::1]:4000"]) {
      await app.type("Service address", address);
      await app.press("Save");
      await app.waitForText("must begin with https://");
      await app.waitForState("needs-setup");
    }
    assert.equal(await practice.tokenRequests(), 0);
  },
  notManaged,
);

// Shows check 22.
journey(
  "a wrong secret is the set-up's fault, and says so",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    await harness.consent();
    await app.waitForProblem("set_up_wrong");
    await app.waitForState("signed-out");
    await app.waitForText("administrator");
  },
  { provisioning: (practice) => practice.provisioning({ client_secret: "not-this-one" }) },
);

// Shows checks 16 and 17.
journey("a second copy hands its link over and ends", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await harness.consentPage();
  await app.detach();
  const [first] = app.processIds();
  app.launch();
  app.launch(["co.amiqus.signin://oauth/callback?code=made-up&state=made-up"]);
  await waitFor("only the first copy is left", () => {
    const ids = app.processIds();
    return ids.length === 1 && ids[0] === first ? true : undefined;
  });
  await app.attach();
  await app.waitForState("awaiting-browser");
  const location = await consentByHand(harness, await requestOf(tab.getCurrentUrl()));
  app.launch([location]);
  await app.waitForState("signed-in");
});

// Shows check 11.
journey("foreign and hostile links are ignored, and the attempt survives them", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  // From here on the links lead to the app, as they do for whoever would send one.
  await harness.consentPage();
  for (const link of [
    "co.amiqus.signin://oauth/callback?code=stolen&state=guessed",
    "co.amiqus.signin://oauth/callback?error=access_denied",
    "co.amiqus.signin://elsewhere/callback?code=a&state=b",
    "co.amiqus.signin://oauth/callback#code=a",
  ]) {
    await desktop.openUrl(link);
  }
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1);
});

journey("the address can be pasted when the browser doesn't come back", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await harness.consentPage();
  const location = await consentByHand(harness, await requestOf(tab.getCurrentUrl()));
  await app.press("Paste the address");
  await app.type("Address", "bob@example.com");
  await app.press("Continue");
  await app.waitForProblem("link_not_ours");
  await app.type("Address", location);
  await app.press("Continue");
  await app.waitForState("signed-in");
});

journey("closing the window while tokens are on their way loses none", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await harness.signIn();
  await practice.control("faults", {
    endpoints: ["token_refresh"],
    fault: "delay_after_processing",
    ms: 2500,
    times: 1,
  });
  await app.press("Renew now");
  await practice.waitForTokenRequests(2);
  await app.close();
  await app.start();
  await app.waitForState("signed-in");
  await app.press("Renew now");
  await practice.waitForTokenRequests(3);
  await app.waitForText("Connected.");
  await app.waitForState("signed-in");
});

journey("Cancel leads back, and a late answer changes nothing", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  await harness.consentPage();
  await app.press("Cancel");
  await app.waitForState("signed-out");
  await harness.consent();
  await waitFor("the browser has answered", async () =>
    (await harness.practice.requests("/oauth/authorize")).length > 1 ? true : undefined,
  );
  await app.waitForState("signed-out");
  assert.equal(await harness.practice.tokenRequests(), 0);
});

// Shows check 8.
journey(
  "one signs in through this computer's own address, and the browser says so",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("signed-out");
    assert.equal(await status(loopback), undefined, "nobody listens before it is asked for");
    await harness.startSignIn();
    const tab = await harness.consent();
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");
    await waitFor("the browser says so", async () =>
      (await tab.getTitle()) === "You are signed in" ? true : undefined,
    );
    await untilNobodyListens();
    assert.equal(await harness.practice.tokenRequests(), 1);
    await app.press("Renew now");
    await harness.practice.waitForTokenRequests(2);
    await app.waitForText("Connected.");
  },
  atLoopback,
);

// Shows check 8.
journey(
  "at this computer's own address a wrong request is refused, Cancel is told, and Deny is heard",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    assert.equal(await status(loopback.replace("callback", "elsewhere?code=a&state=b")), 404);
    assert.equal(await status(`${loopback}?code=a&state=b`, "POST"), 405);
    assert.equal(await status(`${loopback}?code=stolen&state=guessed`), 400);
    assert.equal(await status(loopback), 400);
    await app.waitForState("awaiting-browser");
    await harness.consentPage();
    await harness.browser.releaseTab();
    await app.press("Cancel");
    await app.waitForState("signed-out");
    const late = await fetch(`${loopback}?code=a&state=b`);
    assert.match(await late.text(), /The sign-in was cancelled/, "a late browser is told");

    await harness.startSignIn();
    const tab = await harness.consent("Deny");
    await app.waitForState("signed-out");
    await app.waitForProblem("access_denied");
    await waitFor("the browser says so", async () =>
      (await tab.getTitle()) === "You chose not to allow it" ? true : undefined,
    );
    await untilNobodyListens();
    assert.equal(await harness.practice.tokenRequests(), 0);
  },
  atLoopback,
);

journey(
  "after a restart this computer's own address is listened to again",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    await harness.consentPage();
    await app.close();
    assert.equal(await status(loopback), undefined);
    await app.start();
    await app.waitForState("awaiting-browser");
    await harness.consent();
    await app.waitForState("signed-in");
  },
  atLoopback,
);

journey(
  "a port that another program has is said, and no browser opens",
  async (harness) => {
    const { app } = harness;
    const other = createServer().listen(loopbackPort, "127.0.0.1");
    await once(other, "listening");
    await app.start();
    await app.press("Sign in with Amiqus");
    await app.waitForProblem("port_taken");
    await app.waitForState("signed-out");
    await app.waitForText(loopback);
    assert.equal((await harness.practice.requests("/oauth/authorize")).length, 0);
    other.close();
    await once(other, "close");
    await harness.signIn();
  },
  atLoopback,
);

journey(
  "an administrator checks the set-up before anybody signs in",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await app.waitForState("needs-setup");
    await app.type("Client ID", practice.ready.client_id);
    await app.type("Client secret", "not-this-one");
    await app.press("Advanced");
    await app.type("Service address", practice.baseUrl);
    await app.press("Check");
    await app.waitForText("doesn’t know this client ID with this secret");

    await app.type("Client secret", practice.ready.client_secret);
    await app.type("Redirect URL", "co.amiqus.signin://oauth/elsewhere");
    await app.press("Check");
    await app.waitForText("isn’t a redirect URL of that API client");

    await app.type("Redirect URL", "co.amiqus.signin://oauth/callback");
    const fault = { endpoints: ["token_exchange"], fault: "html_with200", times: 1 };
    await practice.control("faults", fault);
    await app.press("Check");
    await app.waitForProblem("captive_portal");

    await app.press("Check");
    await app.waitForText("Amiqus knows this app.");
    await app.waitForState("needs-setup");
    assert.equal(await app.bodyData("data-problem"), null);
    await app.close();
    await app.start();
    await app.waitForState("needs-setup");
  },
  notManaged,
);

journey(
  "a set-up that is saved can be checked and changed without its secret being shown",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await app.waitForState("needs-setup");
    await app.type("Client ID", practice.ready.client_id);
    await app.type("Client secret", practice.ready.client_secret);
    await app.press("Advanced");
    await app.type("Service address", practice.baseUrl);
    await app.press("Save");
    await app.waitForState("signed-out");
    await app.press("Change the set-up");
    await app.waitForState("needs-setup");
    assert.ok(!(await app.window.getPageSource()).includes(practice.ready.client_secret));
    await app.press("Check");
    await app.waitForText("Amiqus knows this app.");
    await app.press("Save");
    await app.waitForState("signed-out");
    await harness.signIn();
  },
  notManaged,
);

for (const [encoding, encode] of [
  // What PowerShell's `>` writes, and Notepad's "Unicode".
  ["UTF-16", (text: string) => Buffer.from(`\ufeff${text}\r\n`, "utf16le")],
  ["UTF-16BE", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ["UTF-16 without a mark", (text: string) => Buffer.from(text, "utf16le")],
] as const) {
  journey(
    `a provisioning file in ${encoding} sets the app up`,
    async (harness) => {
      await harness.app.start();
      await harness.app.waitForState("signed-out");
      await harness.app.waitForText("Söhne & Søn £");
      await harness.signIn();
    },
    {
      provisioning: (practice) => {
        return encode(practice.provisioning({ organisation: "Söhne & Søn £" }));
      },
    },
  );
}

journey("a provisioning file that is a pipe is not waited for", async ({ app, desktop }) => {
  const pipe = join(desktop.folder, "pipe.json");
  await desktop.run("mkfifo", [pipe]);
  desktop.env.AMIQUS_PROVISIONING_FILE = pipe;
  await app.start();
  await app.waitForProblem("provisioning_unreadable");
  await app.waitForText("ordinary file");
});

for (const [what, text, code, words] of [
  [
    "is in Windows-1252",
    Buffer.from('{"client_id": "9f3c", "organisation": "Caf\xe9"}', "latin1"),
    "provisioning_not_utf8",
    "UTF-8",
  ],
  ["is empty", "", "provisioning_not_json", "it’s empty"],
  ["is not JSON", "client_id = 9f3c", "provisioning_not_json", "provisioning.json"],
  ["lacks a field", '{"client_id": "9f3c"}', "provisioning_invalid", "secret"],
] as const) {
  journey(
    `a provisioning file that ${what} is named, with what is wrong`,
    async ({ app }) => {
      await app.start();
      await app.waitForState("needs-setup");
      await app.waitForProblem(code);
      await app.waitForText(words);
      await app.waitForText("provisioning.json");
    },
    { provisioning: () => text },
  );
}

// Shows check 33.
journey(
  "without a keychain a passphrase keeps the vault",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("locked");
    await app.type("Passphrase", "too short");
    await app.type("Passphrase, once more", "too short");
    await app.press("Use this passphrase");
    await app.choosePassphrase("a long enough passphrase");
    await harness.signIn();
    await app.close();
    await app.start();
    await app.waitForState("locked");
    await app.type("Passphrase", "a wrong passphrase");
    await app.press("Unlock");
    await app.waitForProblem("wrong_passphrase");
    await app.type("Passphrase", "a long enough passphrase");
    await app.press("Unlock");
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");
    await app.close();
    await app.start();
    await app.waitForState("locked");
    await app.press("Start again");
    await app.waitForText("Choose a passphrase");
  },
  { keychain: false },
);

// Shows check 12.
journey("each authorization error has plain words, and one can try again", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  for (const [error, code, words] of [
    ["invalid_request", "request_not_accepted", "didn’t accept the request"],
    ["unauthorized_client", "request_not_accepted", "didn’t accept the request"],
    ["unsupported_response_type", "request_not_accepted", "didn’t accept the request"],
    ["invalid_scope", "request_not_accepted", "didn’t accept the request"],
    ["server_error", "amiqus_unwell", "having trouble"],
    ["temporarily_unavailable", "amiqus_busy", "busy just now"],
    ["access_denied", "access_denied", "You chose not to allow it"],
  ] as const) {
    await harness.startSignIn();
    const tab = await harness.consentPage();
    const state = (await requestOf(tab.getCurrentUrl())).searchParams.get("state") ?? "";
    await harness.browser.releaseTab();
    const said = `error=${error}&error_description=Words+of+a+server&state=${state}`;
    app.launch([`co.amiqus.signin://oauth/callback?${said}`]);
    await app.waitForState("signed-out");
    await app.waitForProblem(code);
    await app.waitForText(words);
    const text = await app.text();
    assert.ok(!text.includes(error) && !text.includes("Words of a server"), text);
    assert.ok(await app.hasButton("Sign in with Amiqus"));
  }
  assert.equal(await harness.practice.tokenRequests(), 0);
  await harness.signIn();
});

// Shows checks 11 and 16.
journey("a link given as an argument is as untrusted as any other", async (harness) => {
  const { app, practice } = harness;
  const callback = "co.amiqus.signin://oauth/callback";
  const hostile = [
    [`${callback}?code=stolen&state=guessed`],
    [`${callback}?error=access_denied&state=guessed`],
    [`${callback}?code=stolen`],
    ["https://evil.example/?code=stolen&state=guessed"],
    ["co.amiqus.signin://evil/callback?code=stolen&state=guessed"],
    ["--url", `${callback}?code=stolen&state=guessed`],
    ["/etc/passwd", "%u", ""],
    [`${callback}?code=${"x".repeat(10_000)}&state=guessed`],
  ];
  // Cold, with nothing pending: it starts the app, and that is all.
  await app.start(hostile[0]);
  await app.waitForState("signed-out");
  await harness.startSignIn();
  await harness.consentPage();
  for (const args of hostile) app.launch(args);
  await waitFor("the copies have handed over and ended", () => {
    return app.processIds().length === 1 || undefined;
  });
  await app.waitForState("awaiting-browser");
  await app.close();
  // Cold, with an attempt that was left pending.
  await app.start(hostile[1]);
  await app.waitForState("awaiting-browser");
  assert.equal(await app.bodyData("data-problem"), null);
  assert.equal(await practice.tokenRequests(), 0);
  await harness.consent();
  await app.waitForState("signed-in");
  assert.equal(await practice.tokenRequests(), 1);
});

// Shows checks 17 and 20.
journey(
  "two links at once lead to one exchange, in a running app and in one that they start",
  async (harness) => {
    const { app, desktop, practice } = harness;
    const madeUp = "co.amiqus.signin://oauth/callback?code=made-up&state=made-up";
    const launchTogether = (location: string) => {
      for (const link of [madeUp, location, location, madeUp]) app.launch([link]);
    };
    const one = () =>
      waitFor("one copy is left", () => (app.processIds().length === 1 ? true : undefined));
    await app.start();
    await harness.startSignIn();
    const first = await harness.consentPage();
    const bobs = await consentByHand(harness, await requestOf(first.getCurrentUrl()));
    await harness.browser.releaseTab();
    launchTogether(bobs);
    await app.waitForState("signed-in");
    await one();
    assert.equal(await practice.tokenRequests(), 1);

    await harness.startSignIn("Add another account");
    const second = await harness.consentPage();
    const theirs = await requestOf(second.getCurrentUrl());
    const lorraines = await consentByHand(harness, theirs, "lorraine@example.com");
    await app.close();
    launchTogether(lorraines);
    await app.waitForWindows(2);
    await one();
    const windows = (await desktop.run("wmctrl", ["-l"])).split("\n");
    assert.equal(windows.filter((window) => window.endsWith(" Sign in with Amiqus")).length, 1);
    await practice.waitForTokenRequests(2);
    await waitFor("the app is signed in", () => {
      return desktop.appLog().includes("signed-in accounts=2") || undefined;
    });
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
    await app.waitForText("Lorraine Baines");
    assert.equal(await practice.tokenRequests(), 2);
  },
  { practice: () => ["--always-ask"] },
);

/** The authorization request behind a page, also while the login page stands before it. */
async function requestOf(shown: Promise<string>): Promise<URL> {
  const url = new URL(await shown);
  const next = url.searchParams.get("return_to");
  return next === null ? url : new URL(next, url);
}

/** Allows a request as the browser would; answers the address that it would open. */
async function consentByHand(
  { practice }: Harness,
  url: URL,
  email = "bob@example.com",
): Promise<string> {
  const answer = await practice.control("authorize", {
    url: url.href,
    email,
    team: email.startsWith("bob") ? "Fusion Industries" : "Hill Valley Legal",
    allow: true,
  });
  return (answer as { location: string }).location;
}
