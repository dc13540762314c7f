/** Links that reach the app: from a second instance, as arguments, hostile ones, several at once. */
import assert from "node:assert/strict";
import { allowRequest, authorizationRequest } from "../harness/authorization";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";

const CALLBACK = "co.amiqus.signin://oauth/callback";
const HOSTILE = `${CALLBACK}?code=made-up&state=made-up`;

// Shows checks 16 and 17.
journey("second instance hands its link over and exits", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await harness.consentPage();
  await app.detach();
  const [first] = app.processIds();
  app.launch();
  app.launch([HOSTILE]);
  await waitFor("only the first instance is left", () => {
    const ids = app.processIds();
    return ids.length === 1 && ids[0] === first;
  });
  await app.attach();
  await app.waitForState("awaiting-browser");
  app.launch([await allowRequest(harness, tab)]);
  await app.waitForState("signed-in");
});

// Shows check 11.
journey("foreign and hostile links leave the attempt pending", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  // By now the app has registered itself as the handler of its links.
  await harness.consentPage();
  await desktop.openUrl(`${CALLBACK}?code=stolen&state=guessed`);
  await desktop.openUrl(`${CALLBACK}?error=access_denied`);
  await desktop.openUrl("co.amiqus.signin://elsewhere/callback?code=a&state=b");
  await desktop.openUrl(`${CALLBACK}#code=a`);
  await desktop.waitForLog(logLines.linkOfAnotherAttempt);
  await desktop.waitForLog(logLines.linkIsNotAnAnswer, 3);
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  assert.equal(await harness.practice.tokenRequests(), 1);
});

// Shows check 12.
journey("each authorization error has plain words", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  for (const [error, code, message] of [
    ["invalid_request", "request_not_accepted", "rejected the sign-in"],
    ["unauthorized_client", "request_not_accepted", "rejected the sign-in"],
    ["unsupported_response_type", "request_not_accepted", "rejected the sign-in"],
    ["invalid_scope", "request_not_accepted", "rejected the sign-in"],
    ["server_error", "amiqus_unwell", "having trouble"],
    ["temporarily_unavailable", "amiqus_busy", "Amiqus is busy"],
    ["access_denied", "access_denied", "Access wasn’t allowed"],
  ] as const) {
    await harness.startSignIn();
    const request = await authorizationRequest(await harness.consentPage());
    const state = request.searchParams.get("state") ?? "";
    await harness.browser.releaseTab();
    app.launch([`${CALLBACK}?error=${error}&error_description=Words+of+a+server&state=${state}`]);
    await app.waitForState("signed-out");
    await app.waitForProblem(code);
    await app.waitForText(message);
    // The app's own code stands below the sentence, for IT.
    const text = (await app.text()).replace(`${code} · `, "");
    assert.ok(!text.includes(error) && !text.includes("Words of a server"), text);
    assert.ok(await app.hasButton("Sign in with Amiqus"));
  }
  assert.equal(await harness.practice.tokenRequests(), 0);
  await harness.signIn();
});

// Shows checks 11 and 16.
journey("link given as an argument is not trusted", async (harness) => {
  const { app, practice } = harness;
  const hostile = [
    [`${CALLBACK}?code=stolen&state=guessed`],
    [`${CALLBACK}?error=access_denied&state=guessed`],
    [`${CALLBACK}?code=stolen`],
    ["https://evil.example/?code=stolen&state=guessed"],
    ["co.amiqus.signin://evil/callback?code=stolen&state=guessed"],
    ["--url", `${CALLBACK}?code=stolen&state=guessed`],
    ["/etc/passwd", "%u", ""],
    [`${CALLBACK}?code=${"x".repeat(10_000)}&state=guessed`],
  ];
  // Cold start with nothing pending: the app starts and ignores the link.
  await app.start(hostile[0]);
  await app.waitForState("signed-out");
  await harness.startSignIn();
  await harness.consentPage();
  for (const args of hostile) app.launch(args);
  await waitFor(
    "the second instances have handed over and exited",
    () => app.processIds().length === 1,
  );
  await app.waitForState("awaiting-browser");
  await app.close();
  // Cold start with a pending attempt.
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
  "several links at once lead to one exchange",
  async (harness) => {
    const { app, desktop, practice } = harness;
    const launchTogether = (location: string) => {
      for (const link of [HOSTILE, location, location, HOSTILE]) app.launch([link]);
    };
    const oneInstance = () => waitFor("one instance is left", () => app.processIds().length === 1);
    // In a running app.
    await app.start();
    await harness.startSignIn();
    const bob = await allowRequest(harness, await harness.consentPage());
    await harness.browser.releaseTab();
    launchTogether(bob);
    await app.waitForState("signed-in");
    await oneInstance();
    assert.equal(await practice.tokenRequests(), 1);

    // In an app that one of them starts.
    await harness.startSignIn("Add another account");
    const tab = await harness.consentPage();
    const lorraine = await allowRequest(harness, tab, "lorraine@example.com");
    await app.close();
    launchTogether(lorraine);
    await app.waitForWindows(2);
    await oneInstance();
    const windows = (await desktop.run("wmctrl", ["-l"])).split("\n");
    assert.equal(windows.filter((window) => window.endsWith(" Sign in with Amiqus")).length, 1);
    await practice.waitForTokenRequests(2);
    await desktop.waitForLog(logLines.stateSignedInWithTwoAccounts);
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
    await app.waitForText("Lorraine Baines");
    assert.equal(await practice.tokenRequests(), 2);
  },
  { practice: () => ["--always-ask"] },
);
