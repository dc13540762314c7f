/** One account's sign-in, renewal and sign-out. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";

// Shows checks 1 and 17.
journey("sign-in by one click and consent shows the user", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await app.waitForText("Set up for Gale & Partners");
  await harness.signIn();
  const text = await app.text();
  for (const expected of ["Bob Gale", "bob@example.com", "Fusion Industries", "Admin"]) {
    assert.ok(text.includes(expected), `the window says ${expected}`);
  }
  assert.equal(await app.bodyData("data-problem"), null);
  await waitFor(
    "the app has the focus again",
    async () => (await app.focusedWindow()) === "Sign in with Amiqus",
  );
});

// Shows check 1.
journey("sign-in pages are requested by the browser alone", async (harness) => {
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
    const userAgent = headers.find(({ name }) => name === "user-agent")?.value ?? "";
    assert.match(userAgent, / Chrome\//, `${method} ${path}`);
  }
  assert.equal(await app.window.getCurrentUrl(), home);
});

journey("page brings the initial state and keeps no copy", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  // The first page may have been requested before the vault was open.
  await app.window.navigate().refresh();
  await app.waitForState("signed-out");
  assert.ok(desktop.appLog().includes(logLines.pageBringsState));
  assert.equal(
    await app.window.executeScript("return document.getElementById('state') === null"),
    true,
  );
});

// Shows check 12.
journey("denied request is reported and the next one works", async (harness) => {
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
journey("link starts a closed app and completes the sign-in", async (harness) => {
  await harness.app.start();
  await harness.signInWhileClosed();
});

journey("sign-in outlives a restart and a kill", async (harness) => {
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

journey("renewal by button sends one refresh", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await app.renew();
  assert.equal(await harness.practice.tokenRequests(), 2);
  await app.waitForState("signed-in");
  await app.close();
  await app.start();
  await app.waitForState("signed-in");
  await app.waitForText("Connected");
  assert.equal(await harness.practice.tokenRequests(), 2);
});

// Shows check 35.
journey("sign-out offline is durable and names what it leaves", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await harness.practice.stop();
  await app.signOut();
  await app.waitForState("signed-out");
  await app.waitForText("Team apps");
  assert.ok(await app.hasButton("Open Team apps"));
  await app.close();
  await app.start();
  await app.waitForState("signed-out");
});

journey("access removed at Team apps leads to signing in again", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  await harness.removeAccess();
  await app.choose("Renew now");
  await app.waitForState("sign-in-again");
  await app.waitForText("Bob Gale");
  await app.waitForText("This app’s access has ended");
  await app.close();
  await app.start();
  await app.waitForState("sign-in-again");
  await harness.startSignIn();
  await harness.consent();
  await app.waitForState("signed-in");
});

// Shows check 22.
journey(
  "wrong client secret is reported as the set-up's fault",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.startSignIn();
    await harness.consent();
    await app.waitForProblem("set_up_wrong");
    await app.waitForState("signed-out");
    await app.waitForText("Ask your IT team");
  },
  { provisioning: (practice) => practice.provisioning({ client_secret: "not-this-one" }) },
);

journey("window closed during a refresh loses no tokens", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await harness.signIn();
  await practice.control("faults", {
    endpoints: ["token_refresh"],
    fault: "delay_after_processing",
    ms: 2500,
    times: 1,
  });
  await app.choose("Renew now");
  await practice.waitForTokenRequests(2);
  await app.close();
  await app.start();
  await app.waitForState("signed-in");
  await app.renew();
  assert.equal(await practice.tokenRequests(), 3);
  await app.waitForState("signed-in");
});

journey("redirect after Cancel changes nothing", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  await harness.consentPage();
  await app.press("Cancel");
  await app.waitForState("signed-out");
  await harness.consent();
  await desktop.waitForLog(logLines.linkWithoutAttempt);
  await app.waitForState("signed-out");
  assert.equal(await harness.practice.tokenRequests(), 0);
});

// Shows check 42.
journey("failed browser is reported without the address in the log", async (harness) => {
  const { app, desktop } = harness;
  // All launchers that the app tries.
  const folder = join(desktop.folder, "launchers");
  mkdirSync(folder);
  for (const name of ["xdg-open", "gio", "gnome-open", "kde-open6", "kde-open5", "kde-open"]) {
    writeFileSync(join(folder, name), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  }
  desktop.env.PATH = `${folder}:${desktop.env.PATH ?? ""}`;
  await app.start();
  await app.waitForState("signed-out");
  await app.press("Sign in with Amiqus");
  await app.waitForProblem("browser_did_not_open");
  await desktop.waitForLog(logLines.browserFailed);
  assert.doesNotMatch(desktop.appLog(), /state=|code_challenge|oauth\/authorize/);
});
