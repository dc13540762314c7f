// What the service says of people and teams is text like any other: whatever it is, each screen is
// drawn, and has a way on.
import assert from "node:assert/strict";
import { press } from "../harness/browser";
import { journey } from "../harness/journey";
import type { Harness } from "../harness/harness";

/** From now on the service says the same of everybody. */
async function sayOfEverybody(harness: Harness, text: string): Promise<void> {
  for (const [endpoint, fields] of [
    ["me", { name: text, email: text }],
    ["team", { name: text }],
    ["team_me", { name: text, email: text, role: "nobody knows this one" }],
  ] as const) {
    await harness.practice.control("faults", {
      endpoints: [endpoint],
      fault: "other_fields",
      fields,
    });
  }
}

/** What the service says, and what of it the window shows. */
const texts: readonly [said: string, shown: string][] = [
  ["bob@example.com", "bob@example.com"],
  ["__proto__", "__proto__"],
  ["<b>0</b>", "<b>0</b>"],
  ["👩‍👩‍👧‍👦 ‏שלום", "שלום"],
  ["x".repeat(200), "xxxxxxxx"],
];

for (const [text, shown] of texts) {
  journey(
    `accounts_of_which_everything_is_${JSON.stringify(text.slice(0, 20))}_are_drawn_on_each_screen`,
    async (harness) => {
      const { app } = harness;
      await app.start();
      await sayOfEverybody(harness, text);
      await harness.startSignIn();
      await harness.consent();
      await app.waitForState("signed-in");
      assert.ok(await app.hasButton("Sign out"), "one account");
      await harness.startSignIn("Add another account");
      await press(await harness.consentPage(), "Use another account");
      await harness.consent("Allow", "Lorraine Baines");
      await app.waitForState("signed-in");
      const isDrawn = async (buttons: readonly string[]) => {
        assert.notEqual(await app.bodyData("data-problem"), "internal");
        for (const button of buttons) assert.ok(await app.hasButton(button), button);
        assert.ok((await app.text()).includes(shown));
      };
      await isDrawn(["Sign out", "Add another account"]);
      await harness.removeAccess();
      await app.press("Renew now");
      await app.waitForState("sign-in-again");
      await isDrawn(["Sign in with Amiqus", "Remove this account"]);
      await app.close();
      await app.start();
      await app.waitForState("sign-in-again");
      await isDrawn(["Sign in with Amiqus", "Remove this account"]);
      await app.press("Remove this account");
      await app.waitForState("signed-in");
      await isDrawn(["Sign out", "Add another account"]);
    },
    { practice: () => ["--always-ask"] },
  );
}
