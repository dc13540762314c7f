import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { journey } from "../stage/journey";

journey(
  "after a restored backup nobody is said to have removed the app",
  async (stage) => {
    const { app, desktop } = stage;
    const data = join(desktop.folder, "data");
    const backup = join(desktop.folder, "backup");
    await app.start();
    await stage.signIn();
    await app.close();
    cpSync(data, backup, { recursive: true, preserveTimestamps: true });
    await app.start();
    await app.state("signed-in");
    await app.press("Renew now");
    await stage.practice.untilTokenRequests(2);
    await app.close();
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true, preserveTimestamps: true });

    await app.start();
    await app.state("sign-in-again");
    await app.says("Amiqus no longer accepts this computer’s sign-in");
    await app.says("restored from a backup");
    assert.doesNotMatch(await app.text(), /someone removed/i);
    await stage.beginSignIn();
    await stage.consent();
    await app.state("signed-in");
  },
  { practice: () => ["--always-ask"] },
);
