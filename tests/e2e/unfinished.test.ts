import assert from "node:assert/strict";
import { journey } from "../stage/journey";
import { until } from "../stage/processes";
import type { Stage, StageChoices } from "../stage/stage";

/** The browser is connected after the first consent, and would be sent straight back. */
const alwaysAsk: StageChoices = { practice: () => ["--always-ask"] };

/** From now on `/me` has this fault, until it is cleared. */
async function spoilMe({ practice }: Stage, fault: string): Promise<void> {
  await practice.control("faults", { endpoints: ["me"], fault });
}

async function clearFaults({ practice }: Stage): Promise<void> {
  const cleared = await fetch(`${practice.baseUrl}/practice/faults`, { method: "DELETE" });
  assert.ok(cleared.ok);
}

/** Signs in as far as the tokens; `/me` has a fault by then. */
async function signInWithoutName(stage: Stage, fault: string, code: string): Promise<void> {
  await stage.beginSignIn();
  await spoilMe(stage, fault);
  await stage.consent();
  await stage.app.state("signed-out");
  await stage.app.problem(code);
}

/** What stands in the fields of the form and begins as a test typed it. */
function typed({ app }: Stage): Promise<string[]> {
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
    async (stage) => {
      const { app } = stage;
      await app.start();
      await signInWithoutName(stage, fault, code);
      await stage.beginSignIn();
      await clearFaults(stage);
      await stage.consent();
      await app.state("signed-in");
      await app.says("Bob Gale");
      assert.equal(await app.offers("Finish signing in"), false);
    },
    alwaysAsk,
  );
}

journey("person need not wait for an Amiqus that doesn't say who they are", async (stage) => {
  const { app, practice } = stage;
  await app.start();
  await stage.beginSignIn();
  await practice.control("faults", {
    endpoints: ["me"],
    fault: "delay_before_processing",
    ms: 60_000,
  });
  await stage.consent();
  await app.state("exchanging-code");
  await app.says("This is taking longer than usual.");
  await app.press("Cancel");
  await app.state("signed-out");
  assert.equal(await app.bodyData("data-problem"), null);
  await clearFaults(stage);
  // What the browser led to is not lost by that.
  await app.press("Finish signing in");
  await app.state("signed-in");
  await app.says("Bob Gale");
  assert.equal(await practice.tokenRequests(), 1);
});

journey("a sign-in that Amiqus could not finish is finished by its button", async (stage) => {
  const { app } = stage;
  await app.start();
  await signInWithoutName(stage, "internal_server_error", "amiqus_unwell");
  await app.says("A sign-in isn’t finished");
  await app.press("Finish signing in");
  await app.problem("amiqus_unwell");
  await clearFaults(stage);
  await app.press("Finish signing in");
  await app.state("signed-in");
  await app.says("Bob Gale");
});

journey("a sign-in that Amiqus could not finish can be dropped", async (stage) => {
  const { app, practice } = stage;
  await app.start();
  await signInWithoutName(stage, "internal_server_error", "amiqus_unwell");
  await app.press("Forget this sign-in");
  await until("the notice is gone", async () =>
    (await app.offers("Finish signing in")) ? undefined : true,
  );
  await clearFaults(stage);
  await app.close();
  const asked = (await practice.requests("/api/v2/me")).length;
  await app.start();
  await app.state("signed-out");
  await stage.beginSignIn();
  assert.equal((await practice.requests("/api/v2/me")).length, asked);
});

journey(
  "signing out drops the unfinished sign-in of the next person, too",
  async (stage) => {
    const { app, practice } = stage;
    await app.start();
    await stage.signIn();
    await stage.beginSignIn("Add another account");
    await spoilMe(stage, "internal_server_error");
    await stage.consent();
    await app.state("signed-in");
    await app.says("A sign-in isn’t finished");
    await app.press("Sign out");
    await app.state("signed-out");
    assert.equal(await app.offers("Finish signing in"), false);
    await clearFaults(stage);
    await app.close();
    const asked = (await practice.requests("/api/v2/me")).length;
    await app.start();
    await app.state("signed-out");
    await stage.beginSignIn();
    assert.equal((await practice.requests("/api/v2/me")).length, asked);
  },
  alwaysAsk,
);

journey(
  "a background retry leaves the set-up form and the window where they are",
  async (stage) => {
    const { app, desktop, practice } = stage;
    app.provision(undefined);
    await app.start();
    await app.state("needs-setup");
    await app.type("Client ID", practice.ready.client_id);
    await app.type("Client secret", practice.ready.client_secret);
    await app.press("Advanced");
    await app.type("Service address", practice.baseUrl);
    await app.press("Save");
    await app.state("signed-out");
    await signInWithoutName(stage, "internal_server_error", "amiqus_unwell");
    await app.press("Change the set-up");
    await app.state("needs-setup");
    await app.type("Client ID", "typed-by-an-administrator");
    // Whatever raises it now gives it the focus.
    await desktop.run("xdotool", [
      ...["search", "--onlyvisible", "--name", "^Sign in with Amiqus$"],
      "windowminimize",
    ]);
    const isFocused = async () =>
      (await app.focusedWindow().catch(() => "none")) === "Sign in with Amiqus";
    await until("the window is minimised", async () => !(await isFocused()) || undefined);
    await clearFaults(stage);
    await stage.whileNetworkComes(() =>
      until("the retry ended", async () => {
        const isClaimed = desktop.appLog().includes("identify: claimed");
        return isClaimed || (await app.bodyData("data-state")) !== "needs-setup" || undefined;
      }),
    );
    assert.equal(await app.bodyData("data-state"), "needs-setup");
    assert.deepEqual(await typed(stage), ["typed-by-an-administrator"]);
    assert.equal(await isFocused(), false);
    await app.press("Cancel");
    await app.state("signed-in");
    await app.says("Bob Gale");
  },
);
