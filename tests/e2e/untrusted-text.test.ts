/** Names that the service returns for users and teams: any text is drawn, on each screen. */
import assert from "node:assert/strict";
import { press } from "../harness/browser";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";

/** From now on the service returns this text in every field of every account. */
async function replaceEveryField({ practice }: Harness, text: string): Promise<void> {
  for (const [endpoint, fields] of [
    ["me", { name: text, email: text }],
    ["team", { name: text }],
    ["team_me", { name: text, email: text, role: "nobody knows this one" }],
  ] as const) {
    await practice.control("faults", { endpoints: [endpoint], fault: "other_fields", fields });
  }
}

/** What the service returns, and what the window shows of it. */
const TEXTS: readonly [returned: string, shown: string][] = [
  ["bob@example.com", "bob@example.com"],
  ["__proto__", "__proto__"],
  ["<b>0</b>", "<b>0</b>"],
  ["👩‍👩‍👧‍👦 ‏שלום", "שלום"],
  ["x".repeat(200), "xxxxxxxx"],
];

for (const [text, shown] of TEXTS) {
  journey(
    `account named ${JSON.stringify(text.slice(0, 20))} is drawn on each screen`,
    async (harness) => {
      const { app } = harness;
      await app.start();
      await replaceEveryField(harness, text);
      await harness.startSignIn();
      await harness.consent();
      await app.waitForState("signed-in");
      assert.ok(await app.hasAccount(), "one account");
      await harness.startSignIn("Add another account");
      await press(await harness.consentPage(), "Use another account");
      await harness.consent("Allow", "Lorraine Baines");
      await app.waitForState("signed-in");
      const assertDrawn = async (buttons: readonly string[]) => {
        assert.notEqual(await app.bodyData("data-problem"), "internal");
        for (const button of buttons) assert.ok(await app.hasButton(button), button);
        assert.ok(await app.hasAccount(), "an account");
        await app.waitForText(shown);
      };
      await assertDrawn(["Add another account"]);
      await harness.removeAccess();
      await app.choose("Renew now");
      await app.waitForState("sign-in-again");
      await assertDrawn(["Sign in with Amiqus"]);
      await app.close();
      await app.start();
      await app.waitForState("sign-in-again");
      await assertDrawn(["Sign in with Amiqus"]);
      await app.choose("Remove this account");
      await app.press("Remove");
      await app.waitForState("signed-in");
      await assertDrawn(["Add another account"]);
    },
    { practice: () => ["--always-ask"] },
  );
}

/** Names with joiners that are visible, and with characters that hide or reorder text. */
const NAMES: readonly [returned: string, shown: string][] = [
  ["علی\u200cرضا", "علی\u200cرضا"],
  ["ශ්\u200dරී", "ශ්\u200dරී"],
  ["Zoë 👩\u200d👩\u200d👧", "Zoë 👩\u200d👩\u200d👧"],
  ["B\u200d\u202eob\u3164", "Bob"],
];

// Shows check 14.
journey("names keep their spelling and lose hidden characters", async (harness) => {
  const { app, practice } = harness;
  await app.start();
  await harness.signIn();
  for (const [name, shown] of NAMES) {
    await practice.control("rename", { email: "bob@example.com", name });
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
    const content = () => app.window.executeScript<string>("return document.body.textContent");
    await waitFor(`the window says ${shown}`, async () => (await content()).includes(shown));
    assert.doesNotMatch(await content(), /[\u202a-\u202e\u3164]/);
  }
});
