/** Sign-ins whose tokens have arrived while `/me` doesn't say whose they are. */
import assert from "node:assert/strict";
import type { Harness, HarnessOptions } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";

/** Otherwise the server redirects without asking once the browser has consented. */
const alwaysAsk: HarnessOptions = { practice: () => ["--always-ask"] };

/** From now on `/me` has this fault, until it is cleared. */
async function breakMe({ practice }: Harness, fault: string): Promise<void> {
  await practice.control("faults", { endpoints: ["me"], fault });
}

async function clearFaults({ practice }: Harness): Promise<void> {
  const cleared = await fetch(`${practice.baseUrl}/practice/faults`, { method: "DELETE" });
  assert.ok(cleared.ok);
}

/** Signs in while `/me` has a fault, so that the tokens arrive and the account's name doesn't. */
async function signInWithBrokenMe(harness: Harness, fault: string, code: string): Promise<void> {
  await harness.startSignIn();
  await breakMe(harness, fault);
  await harness.consent();
  await harness.app.waitForState("signed-out");
  await harness.app.waitForProblem(code);
}

/** The values of the form's fields that a test typed. */
function typed({ app }: Harness): Promise<string[]> {
  return app.window.executeScript<string[]>(
    `return [...document.querySelectorAll("input")]
      .map(({ value }) => value)
      .filter((value) => value.startsWith("typed-by"));`,
  );
}

for (const [fault, code] of [
  ["forbidden", "not_permitted"],
  ["not_found", "odd_answer"],
  ["unprocessable_content", "odd_answer"],
  ["json_array", "odd_answer"],
] as const) {
  journey(
    `sign-in after ${fault} at /me opens the browser`,
    async (harness) => {
      const { app } = harness;
      await app.start();
      await signInWithBrokenMe(harness, fault, code);
      await harness.startSignIn();
      await clearFaults(harness);
      await harness.consent();
      await app.waitForState("signed-in");
      await app.waitForText("Bob Gale");
      assert.equal(await app.hasButton("Finish signing in"), false);
    },
    alwaysAsk,
  );
}

journey("sign-in that waits for /me can be cancelled and finished", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await harness.startSignIn();
  await practice.control("faults", {
    endpoints: ["me"],
    fault: "delay_before_processing",
    ms: 60_000,
  });
  await harness.consent();
  await app.waitForState("exchanging-code");
  await app.waitForText("Still trying…");
  await app.press("Cancel");
  await app.waitForState("signed-out");
  assert.equal(await app.bodyData("data-problem"), null);
  await clearFaults(harness);
  // The tokens that the browser's answer led to are not lost.
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  assert.equal(await practice.tokenRequests(), 1);
});

journey("unfinished sign-in is finished by its button", async (harness) => {
  const { app } = harness;
  await app.start();
  await signInWithBrokenMe(harness, "internal_server_error", "amiqus_unwell");
  await app.waitForText("A sign-in isn’t finished");
  await app.press("Finish signing in");
  await app.waitForProblem("amiqus_unwell");
  await clearFaults(harness);
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});

journey("unfinished sign-in can be dropped", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await signInWithBrokenMe(harness, "internal_server_error", "amiqus_unwell");
  await app.press("Forget this sign-in…");
  await app.press("Cancel");
  assert.ok(await app.hasButton("Finish signing in"), "Cancel forgets nothing");
  await app.press("Forget this sign-in…");
  await app.press("Forget");
  await waitFor("the notice is gone", async () => !(await app.hasButton("Finish signing in")));
  await clearFaults(harness);
  await app.close();
  const before = (await practice.requests("/api/v2/me")).length;
  await app.start();
  await app.waitForState("signed-out");
  await harness.startSignIn();
  assert.equal((await practice.requests("/api/v2/me")).length, before);
});

journey(
  "sign-out drops an unfinished sign-in, too",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await harness.signIn();
    await harness.startSignIn("Add another account");
    await breakMe(harness, "internal_server_error");
    await harness.consent();
    await app.waitForState("signed-in");
    await app.waitForText("A sign-in isn’t finished");
    await app.signOut();
    await app.waitForState("signed-out");
    assert.equal(await app.hasButton("Finish signing in"), false);
    await clearFaults(harness);
    await app.close();
    const before = (await practice.requests("/api/v2/me")).length;
    await app.start();
    await app.waitForState("signed-out");
    await harness.startSignIn();
    assert.equal((await practice.requests("/api/v2/me")).length, before);
  },
  alwaysAsk,
);

journey("background retry leaves the set-up form and the window alone", async (harness) => {
  const { app, desktop, practice } = harness;
  app.provision(undefined);
  await app.start();
  await app.enterRegistration(practice);
  await app.press("Check and save");
  await app.waitForState("signed-out");
  await signInWithBrokenMe(harness, "internal_server_error", "amiqus_unwell");
  await app.openSettings();
  await app.press("Change setup");
  await app.waitForState("needs-setup");
  await app.type("Client ID", "typed-by-an-administrator");
  // Anything that raises it from now on gives it the focus.
  await desktop.run("xdotool", [
    ...["search", "--onlyvisible", "--name", "^Sign in with Amiqus$"],
    "windowminimize",
  ]);
  const isFocused = async () =>
    (await app.focusedWindow().catch(() => "none")) === "Sign in with Amiqus";
  await waitFor("the window is minimised", async () => !(await isFocused()));
  await clearFaults(harness);
  await harness.withNewNetworkAddress(() =>
    waitFor("the retry is done", async () => {
      const isClaimed = desktop.countInLog(logLines.signInClaimed) > 0;
      return isClaimed || (await app.bodyData("data-state")) !== "needs-setup";
    }),
  );
  assert.equal(await app.bodyData("data-state"), "needs-setup");
  assert.deepEqual(await typed(harness), ["typed-by-an-administrator"]);
  assert.equal(await isFocused(), false);
  await app.press("Cancel");
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});
