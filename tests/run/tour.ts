/**
 * The tour: what a person does at first, on a virtual display, said step by step, with a picture of
 * each step in target/tour/.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { press } from "../harness/browser";
import { ROOT } from "../harness/paths";
import { Harness } from "../harness/harness";

const folder = join(ROOT, "target", "tour");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

let count = 0;

/** Says a step and keeps its picture. */
async function step(words: string, name: string, take: (path: string) => Promise<void>) {
  count += 1;
  const path = join(folder, `${String(count)}-${name}.png`);
  await take(path);
  console.log(`${String(count)}. ${words}\n   ${relative(ROOT, path)}`);
}

console.log("No display here: the tour is taken on a virtual one.");
const harness = await Harness.start();
try {
  const { app, browser, practice } = harness;
  console.log(`A practice Amiqus is at ${practice.baseUrl}; nothing there is real.`);

  await app.start();
  await app.waitForState("signed-out");
  await step("The app is open and set up. Nobody is signed in.", "signed-out", (path) =>
    app.screenshot(path),
  );

  await app.press("Sign in with Amiqus");
  await app.waitForState("awaiting-browser");
  await step("One click: the browser opens, the app waits.", "waiting-for-the-browser", (path) =>
    app.screenshot(path),
  );

  const page = await harness.consentPage();
  const shot = async (path: string) => {
    writeFileSync(path, await page.takeScreenshot(), "base64");
  };
  await step("In the browser: the practice login.", "login-page", shot);
  await press(page, "Log in as Bob Gale");
  await browser.waitForTab(`${practice.baseUrl}/oauth/authorize`);
  await step("In the browser: consent.", "consent-page", shot);
  await press(page, "Allow");
  await browser.releaseTab();

  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  await app.waitForText("Fusion Industries");
  await step("The app came to the front: Bob Gale of Fusion Industries.", "signed-in", (path) =>
    app.screenshot(path),
  );

  await app.close();
  await app.start();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  await step("Closed and started again: still signed in.", "still-signed-in", (path) =>
    app.screenshot(path),
  );
  await step("The whole desktop at the end.", "desktop", (path) => harness.screenshot(path));
  console.log("The tour is complete.");
} finally {
  await harness.tearDown();
}
