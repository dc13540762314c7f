/** Secrets in the files that the app and its webview write. */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { journey } from "../harness/journey";
import { secretsIn } from "../harness/secrets";

/** The browser's profile, and the provisioning file, which an administrator writes. */
const NOT_WRITTEN_BY_APP = ["chromium", "provisioning.json"];

// Shows checks 31 and 32.
journey(
  "files of the app and its webview contain no secret",
  async (harness) => {
    const { app, desktop, practice } = harness;
    await app.start();
    await harness.signIn();
    await app.renew();
    assert.equal(await practice.tokenRequests(), 2);
    await app.renew();
    assert.equal(await practice.tokenRequests(), 3);
    // A second attempt, left pending, whose state is a secret too.
    await harness.startSignIn("Add another account");
    await harness.consentPage();
    await app.close();

    // Two refresh tokens, their access tokens, the code, the verifier, the states, the client secret.
    const secrets = await practice.secrets();
    assert.ok(secrets.length >= 9, `only ${String(secrets.length)} secrets to look for`);
    // The search finds what is there, in both encodings.
    const provisioning = readFileSync(join(desktop.folder, "provisioning.json"));
    for (const bytes of [provisioning, Buffer.from(provisioning.toString(), "utf16le")]) {
      assert.deepEqual(secretsIn(bytes, secrets), [practice.ready.client_secret]);
    }
    let files = 0;
    for (const file of filesBelow(desktop.folder)) {
      files += 1;
      assert.deepEqual(secretsIn(readFileSync(file), secrets), [], `a secret is in ${file}`);
    }
    assert.ok(files > 5, "the app's files were read");
    const vault = readFileSync(
      join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin/vault/vault.stronghold"),
    );
    assert.equal(vault.subarray(0, 5).toString(), "PARTI", "the vault is a Stronghold snapshot");
    if (process.platform !== "win32") {
      const folder = join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin/vault");
      assert.equal(lstatSync(folder).mode & 0o777, 0o700);
      for (const file of readdirSync(folder)) {
        assert.equal(lstatSync(join(folder, file)).mode & 0o777, 0o600, file);
      }
    }
  },
  { practice: () => ["--always-ask"] },
);

function* filesBelow(folder: string, depth = 0): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (depth === 0 && NOT_WRITTEN_BY_APP.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, depth + 1);
    else if (entry.isFile()) yield path;
  }
}
