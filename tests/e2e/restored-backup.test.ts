/** A computer whose data was restored from a backup: its refresh token has been used. */
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { journey } from "../harness/journey";

journey(
  "restored backup is not reported as removed access",
  async (harness) => {
    const { app, desktop } = harness;
    const data = join(desktop.folder, "data");
    const backup = join(desktop.folder, "backup");
    await app.start();
    await harness.signIn();
    await app.close();
    cpSync(data, backup, { recursive: true, preserveTimestamps: true });
    await app.start();
    await app.waitForState("signed-in");
    await app.choose("Renew now");
    await harness.practice.waitForTokenRequests(2);
    await app.close();
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true, preserveTimestamps: true });

    await app.start();
    await app.waitForState("sign-in-again");
    await app.waitForText("restored from a backup");
    assert.doesNotMatch(await app.text(), /someone removed/i);
    await harness.startSignIn();
    await harness.consent();
    await app.waitForState("signed-in");
  },
  { practice: () => ["--always-ask"] },
);
