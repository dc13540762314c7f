/** The desktop entries that open the app's links and start it at login. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { after } from "node:test";
import { allowRequest } from "../harness/authorization";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { BIN_DIR } from "../harness/paths";
import { terminate, waitFor } from "../harness/processes";

const SCHEME = "x-scheme-handler/co.amiqus.signin";
const LINK = "co.amiqus.signin://oauth/callback?code=made-up&state=made-up";
/** On the same disk as the program, which is large, so that a hard link is enough. */
const folder = join(BIN_DIR, "desktop-entries-test");

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Places the built program at another path. */
function programAt(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  try {
    linkSync(join(BIN_DIR, "sign-in-with-amiqus"), path);
  } catch {
    copyFileSync(join(BIN_DIR, "sign-in-with-amiqus"), path);
  }
  return path;
}

/** The app's processes, at whichever path its program is. */
function instances({ desktop }: Harness): number[] {
  return desktop.processIds((command) => basename(command) === "sign-in-with-amiqus");
}

/** The desktop entry that the app writes to handle its links. */
const handler = ({ desktop }: Harness) =>
  join(String(desktop.env.XDG_DATA_HOME), "applications", "sign-in-with-amiqus-handler.desktop");

const FOLDERS = [
  "plain",
  "with a space",
  "50%u",
  'quo"te',
  "$HOME",
  "back`id`tick",
  "back\\slash",
  "it's",
  "(x)&~#;*?",
  "Prüfung",
];

for (const environment of ["", "GNOME"]) {
  journey(
    `link opens the app at any path, under ${environment || "no desktop"}`,
    async (harness) => {
      const { app, desktop } = harness;
      await app.start();
      await app.waitForState("signed-out");
      await app.kill();
      desktop.env.XDG_CURRENT_DESKTOP = environment;
      const registrations = desktop.countInLog(logLines.handlerRegistered);
      for (const [index, name] of FOLDERS.entries()) {
        const program = programAt(join(folder, name, "sign-in-with-amiqus"));
        const running = desktop.processes.start(program, [], { env: desktop.env });
        await desktop.waitForLog(logLines.handlerRegistered, registrations + index + 1);
        await desktop.run("desktop-file-validate", [handler(harness)]);
        await desktop.openUrl(LINK);
        await waitFor(
          `the link reaches ${name}: ${readFileSync(handler(harness), "utf8")}`,
          () => desktop.countInLog(logLines.linkWithoutAttempt) > index,
        );
        // An instance that hands over a link and gets no answer becomes the first one: it must have exited
        // before the running one is killed.
        await waitFor(
          "the instance that brought the link has exited",
          () => instances(harness).length === 1,
        );
        await terminate(running, "SIGKILL");
      }
    },
  );
}

for (const isValid of [true, false]) {
  journey(
    `package's entry that is ${isValid ? "valid is kept" : "broken is replaced"}`,
    async (harness) => {
      const { app, desktop } = harness;
      // The name that earlier packages used, which users' mimeapps.list may still hold.
      desktop.write(
        "share/applications/Sign in with Amiqus.desktop",
        [
          ...["[Desktop Entry]", "Type=Application", "Name=Sign in with Amiqus"],
          ...[`Exec=${isValid ? "true" : "/nowhere/sign-in-with-amiqus"} %u`],
          ...[`MimeType=${SCHEME};`, ""],
        ].join("\n"),
      );
      desktop.env.XDG_DATA_DIRS = `${join(desktop.folder, "share")}:/usr/local/share:/usr/share`;
      const list = join(String(desktop.env.XDG_CONFIG_HOME), "mimeapps.list");
      const before = readFileSync(list, "utf8");
      desktop.write("config/mimeapps.list", `${before}\n${SCHEME}=Sign in with Amiqus.desktop\n`);
      await app.start();
      await harness.startSignIn();
      // The app has checked the handler before it opens the browser.
      await harness.consentPage();
      const isDefault = readFileSync(list, "utf8").includes("sign-in-with-amiqus-handler.desktop");
      assert.deepEqual([existsSync(handler(harness)), isDefault], [!isValid, !isValid]);
    },
  );
}

journey("links that can't be registered leave pasting open", async (harness) => {
  const { app } = harness;
  // A folder in the file's place: not even root can write it.
  mkdirSync(handler(harness));
  await app.start();
  await harness.startSignIn();
  await app.waitForText("This computer can’t open our links");
  const answer = await allowRequest(harness, await harness.consentPage());
  await app.type("Address from your browser", answer);
  await app.press("Finish signing in");
  await app.waitForState("signed-in");
});

const upgraded = join(folder, "upgraded", "sign-in-with-amiqus");

journey(
  "start at login chosen after an upgrade names the program",
  async ({ app, desktop }) => {
    programAt(upgraded);
    await app.start();
    await app.waitForState("signed-out");
    // As a package does: another file with the same content.
    copyFileSync(upgraded, `${upgraded}.new`);
    renameSync(`${upgraded}.new`, upgraded);
    await app.openSettings();
    await app.press("Open when I log in to this computer");
    const entry = join(String(desktop.env.XDG_CONFIG_HOME), "autostart/co.amiqus.signin.desktop");
    const text = await waitFor("the entry is complete", () => {
      const text = existsSync(entry) ? readFileSync(entry, "utf8") : "";
      return text.endsWith("\nTerminal=false\n") ? text : undefined;
    });
    assert.ok(text.includes(`\nExec=${upgraded} --in-the-tray\n`), text);
  },
  { program: upgraded },
);
