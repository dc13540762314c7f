import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PNG } from "pngjs";
import { Goldens } from "../pictures/goldens";
import { FONT_ENVIRONMENT } from "../pictures/rendering";
import { themes, type Theme } from "../pictures/scene";
import { Desktop } from "../harness/desktop";
import { BIN_DIR, ROOT } from "../harness/paths";
import { waitFor } from "../harness/processes";

/** How long starting the app and comparing its window may take, in milliseconds. */
const TIMEOUT = 60_000;

const provisioning = JSON.stringify({
  client_id: "9f3c1b7a-22de-4d11-8c55-1f6f0a7b9c01",
  client_secret: "s3cr3t",
  organisation: "Gale & Partners",
});

/** The states that the app starts in, each drawn like its picture with a fake core. */
const starts = [
  { scene: "needs-setup", keychain: true },
  { scene: "signed-out", keychain: true, provisioning },
  { scene: "locked-keychain-absent", keychain: false, provisioning },
];

for (const start of starts) {
  for (const theme of themes) {
    const name = `${start.scene}-${theme}`;
    test(`window of ${name} looks like its golden picture`, { timeout: TIMEOUT }, () =>
      compareWindow(name, theme, start),
    );
  }
}

async function compareWindow(
  name: string,
  theme: Theme,
  { keychain, provisioning }: { keychain: boolean; provisioning?: string },
): Promise<void> {
  const goldens = new Goldens(
    join(ROOT, "tests", "pictures", "golden-webkit"),
    join(ROOT, "target", "e2e", "window"),
    false,
  );
  const desktop = await Desktop.start({ keychain });
  try {
    const settings = join(String(desktop.env.XDG_CONFIG_HOME), "gtk-3.0");
    mkdirSync(settings);
    writeFileSync(
      join(settings, "settings.ini"),
      [
        "[Settings]",
        `gtk-application-prefer-dark-theme=${theme === "dark" ? 1 : 0}`,
        "gtk-enable-animations=0",
        "",
      ].join("\n"),
    );
    // No driver: it would have the window drawn in another way than a user's.
    const env = {
      ...desktop.env,
      ...FONT_ENVIRONMENT,
      AMIQUS_PROVISIONING_FILE:
        provisioning === undefined ? "" : desktop.write("provisioning.json", provisioning),
    };
    desktop.processes.start(join(BIN_DIR, "sign-in-with-amiqus"), [], { env });
    await goldens.check(name, (isExpected) => pictureOfWindow(desktop, isExpected));
    assert.deepEqual(goldens.findings, []);
  } finally {
    await desktop.stop();
  }
}

/** The window as it is drawn on the display, once it is as expected or the time is up. */
async function pictureOfWindow(
  desktop: Desktop,
  isExpected: (picture: Buffer) => boolean = () => true,
): Promise<Buffer> {
  const file = join(desktop.folder, "window.png");
  let picture: Buffer | undefined;
  await waitFor("the window is as expected", async () => {
    await desktop.captureWindow("Sign in with Amiqus", file);
    const image = PNG.sync.read(readFileSync(file));
    // A scroll bar that has faded leaves a pixel in the corner, which is like its neighbour else.
    image.data.copy(image.data, 0, 4, 8);
    picture = PNG.sync.write(image);
    return isExpected(picture) || undefined;
  }).catch((problem: unknown) => {
    if (!picture) throw problem;
  });
  assert.ok(picture);
  return picture;
}
