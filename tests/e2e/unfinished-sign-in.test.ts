import assert from "node:assert/strict";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import type { Harness, HarnessOptions } from "../harness/harness";

/** The browser is connected after the first consent, and would be sent straight back. */
const alwaysAsk: HarnessOptions = { practice: () => ["--always-ask"] };

/** From now on `/me` has this fault, waitFor it is cleared. */
async function spoilMe({ practice }: Harness, fault: string): Promise<void> {
  await practice.control("faults", { endpoints: ["me"], fault });
}

async function clearFaults({ practice }: Harness): Promise<void> {
  const cleared = await fetch(`${practice.baseUrl}/practice/faults`, { method: "DELETE" });
  assert.ok(cleared.ok);
}

/** Signs in as far as the tokens; `/me` has a fault by then. */
async function signInWithoutName(harness: Harness, fault: string, code: string): Promise<void> {
  await harness.startSignIn();
  await spoilMe(harness, fault);
  await harness.consent();
  await harness.app.waitForState("signed-out");
  await harness.app.waitForProblem(code);
}

/** What stands in the fields of the form and begins as a test typed it. */
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
    `after ${fault} at /me the next press opens the browser`,
    async (harness) => {
      const { app } = harness;
      await app.start();
      await signInWithoutName(harness, fault, code);
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

journey("person need not wait for an Amiqus that doesn't say who they are", async (harness) => {
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
  await app.waitForText("This is taking longer than usual.");
  await app.press("Cancel");
  await app.waitForState("signed-out");
  assert.equal(await app.bodyData("data-problem"), null);
  await clearFaults(harness);
  // What the browser led to is not lost by that.
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  assert.equal(await practice.tokenRequests(), 1);
});

journey("a sign-in that Amiqus could not finish is finished by its button", async (harness) => {
  const { app } = harness;
  await app.start();
  await signInWithoutName(harness, "internal_server_error", "amiqus_unwell");
  await app.waitForText("A sign-in isn’t finished");
  await app.press("Finish signing in");
  await app.waitForProblem("amiqus_unwell");
  await clearFaults(harness);
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
});

journey("a sign-in that Amiqus could not finish can be dropped", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await signInWithoutName(harness, "internal_server_error", "amiqus_unwell");
  await app.press("Forget this sign-in");
  await waitFor("the notice is gone", async () =>
    (await app.hasButton("Finish signing in")) ? undefined : true,
  );
  await clearFaults(harness);
  await app.close();
  const asked = (await practice.requests("/api/v2/me")).length;
  await app.start();
  await app.waitForState("signed-out");
  await harness.startSignIn();
  assert.equal((await practice.requests("/api/v2/me")).length, asked);
});

journey(
  "signing out drops the unfinished sign-in of the next person, too",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await harness.signIn();
    await harness.startSignIn("Add another account");
    await spoilMe(harness, "internal_server_error");
    await harness.consent();
    await app.waitForState("signed-in");
    await app.waitForText("A sign-in isn’t finished");
    await app.press("Sign out");
    await app.waitForState("signed-out");
    assert.equal(await app.hasButton("Finish signing in"), false);
    await clearFaults(harness);
    await app.close();
    const asked = (await practice.requests("/api/v2/me")).length;
    await app.start();
    await app.waitForState("signed-out");
    await harness.startSignIn();
    assert.equal((await practice.requests("/api/v2/me")).length, asked);
  },
  alwaysAsk,
);

journey(
  "a background retry leaves the set-up form and the window where they are",
  async (harness) => {
    const { app, desktop, practice } = harness;
    app.provision(undefined);
    await app.start();
    await app.waitForState("needs-setup");
    await app.type("Client ID", practice.ready.client_id);
    await app.type("Client secret", practice.ready.client_secret);
    await app.press("Advanced");
    await app.type("Service address", practice.baseUrl);
    await app.press("Save");
    await app.waitForState("signed-out");
    await signInWithoutName(harness, "internal_server_error", "amiqus_unwell");
    await app.press("Change the set-up");
    await app.waitForState("needs-setup");
    await app.type("Client ID", "typed-by-an-administrator");
    // Whatever raises it now gives it the focus.
    await desktop.run("xdotool", [
      ...["search", "--onlyvisible", "--name", "^Sign in with Amiqus$"],
      "windowminimize",
    ]);
    const isFocused = async () =>
      (await app.focusedWindow().catch(() => "none")) === "Sign in with Amiqus";
    await waitFor("the window is minimised", async () => !(await isFocused()) || undefined);
    await clearFaults(harness);
    await harness.withNewNetworkAddress(() =>
      waitFor("the retry ended", async () => {
        const isClaimed = desktop.appLog().includes("identify: claimed");
        return isClaimed || (await app.bodyData("data-state")) !== "needs-setup" || undefined;
      }),
    );
    assert.equal(await app.bodyData("data-state"), "needs-setup");
    assert.deepEqual(await typed(harness), ["typed-by-an-administrator"]);
    assert.equal(await isFocused(), false);
    await app.press("Cancel");
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");
  },
);
