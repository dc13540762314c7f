/** The app's registration at Amiqus: entered by an administrator, or from a provisioning file. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fill, press } from "../harness/browser";
import type { HarnessOptions } from "../harness/harness";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";

const withoutProvisioning: HarnessOptions = { provisioning: () => undefined };

journey(
  "registration in Developer Settings is entered by hand",
  async (harness) => {
    const { app, practice, browser } = harness;
    await app.start();
    await app.administrate();
    await harness.desktop.openUrl(`${practice.baseUrl}/developer-settings/new`);
    const tab = await browser.waitForTab(`${practice.baseUrl}/`);
    await press(tab, "Log in as Bob Gale");
    await fill(tab, "Name", "Front desk");
    await fill(tab, "Redirect URLs", "co.amiqus.signin://oauth/callback");
    await press(tab, "Create API client");
    const [id, secret] = await waitFor("the client's page shows its ID and secret", async () => {
      const fields = await tab.findElements({ css: "input[readonly]" });
      const values = await Promise.all(fields.map((field) => field.getAttribute("value")));
      return values.length === 2 && values;
    });
    assert.ok(id && secret);

    await app.type("Client ID", "with spaces in it");
    await app.type("Client secret", secret);
    await app.press("Advanced");
    await app.type("Amiqus address", "http://amiqus.example.com");
    await app.press("Check and save");
    await app.waitForText("https");
    await app.waitForState("needs-setup");

    await app.type("Client ID", ` ${id} `);
    await app.type("Amiqus address", practice.baseUrl);
    await app.press("Check and save");
    await app.waitForState("signed-out");
    await harness.startSignIn();
    await harness.consent();
    await app.waitForState("signed-in");
    await app.close();
    await app.start();
    await app.waitForState("signed-in");
  },
  withoutProvisioning,
);

// Shows check 40.
journey(
  "service over plain http is refused without the switch",
  async ({ app, desktop, practice }) => {
    delete desktop.env.AMIQUS_ALLOW_HTTP;
    await app.start();
    await app.administrate();
    await app.type("Client ID", "9a1c0ffe");
    await app.press("Advanced");
    // Every field's error is reported at once.
    await app.type("Client secret", "a secret with spaces");
    await app.type("Amiqus address", practice.baseUrl);
    await app.press("Check and save");
    await app.waitForText("Remove the spaces");
    await app.waitForText("must start with https://");
    await app.type("Client secret", "a-secret");
    for (const address of [practice.baseUrl, "http://localhost:4000", "http://[::1]:4000"]) {
      await app.type("Amiqus address", address);
      await app.press("Check and save");
      await app.waitForText("must start with https://");
      await app.waitForState("needs-setup");
    }
    assert.equal(await practice.tokenRequests(), 0);
  },
  withoutProvisioning,
);

journey(
  "registration is checked before it is saved",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await app.enterRegistration(practice, "not-this-one");
    await app.press("Check and save");
    await app.waitForText("doesn’t recognise this client ID and secret");

    await app.type("Client secret", practice.ready.client_secret);
    await app.type("Redirect URL", "co.amiqus.signin://oauth/elsewhere");
    await app.press("Check and save");
    await app.waitForText("isn’t registered for your API client");

    await app.type("Redirect URL", "co.amiqus.signin://oauth/callback");
    const fault = { endpoints: ["token_exchange"], fault: "html_with200", times: 1 };
    await practice.control("faults", fault);
    await app.press("Check and save");
    await app.waitForProblem("captive_portal");
    await app.waitForState("needs-setup");
    await app.waitForText("isn’t checked with Amiqus yet");
    assert.ok(await app.hasButton("Save anyway"));

    await app.press("Check and save");
    await app.waitForState("signed-out");
    assert.equal(await app.bodyData("data-problem"), null);
    await harness.signIn();
  },
  withoutProvisioning,
);

journey(
  "saved registration can be changed without showing its secret",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await app.enterRegistration(practice);
    await app.press("Check and save");
    await app.waitForState("signed-out");
    await app.openSettings();
    await app.press("Change setup");
    await app.waitForState("needs-setup");
    assert.ok(!(await app.window.getPageSource()).includes(practice.ready.client_secret));
    await app.press("Check and save");
    await app.waitForState("signed-out");
    await harness.signIn();
  },
  withoutProvisioning,
);

for (const [encoding, encode] of [
  // What PowerShell's `>` writes, and Notepad's "Unicode".
  ["UTF-16", (text: string) => Buffer.from(`\ufeff${text}\r\n`, "utf16le")],
  ["UTF-16BE", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ["UTF-16 without a byte order mark", (text: string) => Buffer.from(text, "utf16le")],
] as const) {
  journey(
    `provisioning file in ${encoding} is accepted`,
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

journey("provisioning file that is a pipe doesn't block", async ({ app, desktop }) => {
  const pipe = join(desktop.folder, "pipe.json");
  await desktop.run("mkfifo", [pipe]);
  desktop.env.AMIQUS_PROVISIONING_FILE = pipe;
  await app.start();
  await app.waitForProblem("provisioning_unreadable");
  await app.waitForText("ordinary file");
});

for (const [condition, text, code, message] of [
  [
    "in Windows-1252",
    Buffer.from('{"client_id": "9f3c", "organisation": "Caf\xe9"}', "latin1"),
    "provisioning_not_utf8",
    "UTF-8",
  ],
  ["without content", "", "provisioning_not_json", "it’s empty"],
  ["without JSON", "client_id = 9f3c", "provisioning_not_json", "provisioning.json"],
  ["without a secret", '{"client_id": "9f3c"}', "provisioning_invalid", "secret"],
] as const) {
  journey(
    `provisioning file ${condition} is named with its error`,
    async ({ app }) => {
      await app.start();
      await app.waitForState("needs-setup");
      await app.waitForProblem(code);
      await app.waitForText(message);
      await app.waitForText("provisioning.json");
    },
    { provisioning: () => text },
  );
}

journey("provisioning file of another user is not trusted", async (harness) => {
  const { app, desktop } = harness;
  if (process.getuid?.() !== 0) return;
  await desktop.run("chown", ["4242", join(desktop.folder, "provisioning.json")]);
  await app.start();
  await app.waitForState("needs-setup");
  await app.waitForProblem("provisioning_not_trusted");
  await app.waitForText("provisioning.json");
});

journey(
  "registration that can't be checked is saved when the administrator says so",
  async (harness) => {
    const { app, practice } = harness;
    await app.start();
    await app.enterRegistration(practice);
    const fault = { endpoints: ["token_exchange"], fault: "html_with200", times: 1 };
    await practice.control("faults", fault);
    await app.press("Check and save");
    await app.waitForText("isn’t checked with Amiqus yet");
    await app.press("Save anyway");
    await app.waitForState("signed-out");
    await harness.signIn();
  },
  withoutProvisioning,
);

journey("provisioning file that arrives is noticed without a press", async ({ app, desktop }) => {
  const file = join(desktop.folder, "provisioning.json");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.slice(0, 40));
  await app.start();
  await app.waitForProblem("provisioning_not_json");
  await app.waitForText("Setup isn’t finished");
  assert.equal(await app.hasButton("I’m the administrator"), false);
  writeFileSync(file, text);
  await app.waitForState("signed-out");
  assert.equal(await app.bodyData("data-problem"), null);
});

journey(
  "staff on a computer without a setup get instructions for their IT team",
  async ({ app, desktop }) => {
    await app.start();
    await app.waitForState("needs-setup");
    await app.press("Copy instructions for IT");
    await app.waitForText("Copied");
    await app.press("I’m the administrator");
    const copied = await app.pasteInto("Client ID");
    const file = String(desktop.env.AMIQUS_PROVISIONING_FILE);
    for (const part of ["Developer Settings", "co.amiqus.signin://oauth/callback", file]) {
      assert.ok(copied.includes(part), copied);
    }
  },
  withoutProvisioning,
);
