/** How the desktop starts the app: the entries that open its links, and that start it at login. */
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
import { journey } from "../harness/journey";
import { BIN_DIR } from "../harness/paths";
import { end, waitFor } from "../harness/processes";
import type { Harness } from "../harness/harness";

const SCHEME = "x-scheme-handler/co.amiqus.signin";
const LINK = "co.amiqus.signin://oauth/callback?code=made-up&state=made-up";
/** On the disk of the program, which is large. */
const folder = join(BIN_DIR, "handlers-test");

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The built program at another path. */
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

function times({ desktop }: Harness, words: string): number {
  return desktop.appLog().split(words).length - 1;
}

/** The app's processes, wherever its program lies. */
function copies({ desktop }: Harness): number[] {
  return desktop.processIds((command) => basename(command) === "sign-in-with-amiqus");
}

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

for (const desktops of ["", "GNOME"]) {
  const mode = desktops || "no desktop";
  journey(`link opens the app wherever it lies, under ${mode}`, async (harness) => {
    const { app, desktop } = harness;
    await app.start();
    await app.waitForState("signed-out");
    await app.kill();
    desktop.env.XDG_CURRENT_DESKTOP = desktops;
    for (const [index, name] of FOLDERS.entries()) {
      const program = programAt(join(folder, name, "sign-in-with-amiqus"));
      const registered = times(harness, "links: handler registered");
      const ignored = times(harness, "no attempt is pending");
      const running = desktop.processes.start(program, [], { env: desktop.env });
      await waitFor(
        `${name} is registered`,
        () => times(harness, "links: handler registered") > registered || undefined,
      );
      await desktop.run("desktop-file-validate", [handler(harness)]);
      await desktop.openUrl(LINK);
      await waitFor(
        `the link reaches ${name} (${String(index)}): ${readFileSync(handler(harness), "utf8")}`,
        () => times(harness, "no attempt is pending") > ignored || undefined,
      );
      // A copy that brings a link and is not answered takes the killed one's place.
      await waitFor(
        "the copy that brought the link has ended",
        () => copies(harness).length === 1 || undefined,
      );
      await end(running, "SIGKILL");
    }
  });
}

for (const works of [true, false]) {
  journey(
    `package's entry that ${works ? "works is left alone" : "is broken is stood in for"}`,
    async (harness) => {
      const { app, desktop } = harness;
      // The earlier packages' name, which people's lists still hold.
      desktop.write(
        "share/applications/Sign in with Amiqus.desktop",
        [
          ...["[Desktop Entry]", "Type=Application", "Name=Sign in with Amiqus"],
          ...[`Exec=${works ? "true" : "/nowhere/sign-in-with-amiqus"} %u`],
          ...[`MimeType=${SCHEME};`, ""],
        ].join("\n"),
      );
      desktop.env.XDG_DATA_DIRS = `${join(desktop.folder, "share")}:/usr/local/share:/usr/share`;
      const list = join(String(desktop.env.XDG_CONFIG_HOME), "mimeapps.list");
      const before = readFileSync(list, "utf8");
      desktop.write("config/mimeapps.list", `${before}\n${SCHEME}=Sign in with Amiqus.desktop\n`);
      await app.start();
      await harness.startSignIn();
      // By then it has looked: the browser is to come back by the links.
      await harness.consentPage();
      const named = readFileSync(list, "utf8").includes("sign-in-with-amiqus-handler.desktop");
      assert.deepEqual([existsSync(handler(harness)), named], [!works, !works]);
    },
  );
}

journey("where nobody can open links the window says so, and pasting is open", async (harness) => {
  const { app, practice } = harness;
  // Nobody can write there, root neither.
  mkdirSync(handler(harness));
  await app.start();
  await harness.startSignIn();
  await app.waitForText("This computer can’t open our links");
  const shown = new URL(await (await harness.consentPage()).getCurrentUrl());
  const next = shown.searchParams.get("return_to");
  const answer = (await practice.control("authorize", {
    url: next === null ? shown.href : new URL(next, shown).href,
    email: "bob@example.com",
    team: "Fusion Industries",
    allow: true,
  })) as { location: string };
  await app.type("Address", answer.location);
  await app.press("Continue");
  await app.waitForState("signed-in");
});

const upgraded = join(folder, "upgraded", "sign-in-with-amiqus");

journey(
  "start at login that is chosen after an upgrade names the program",
  async ({ app, desktop }) => {
    programAt(upgraded);
    await app.start();
    await app.waitForState("signed-out");
    // Another file of the same content, as a package's.
    copyFileSync(upgraded, `${upgraded}.new`);
    renameSync(`${upgraded}.new`, upgraded);
    await app.press("Help");
    await app.press("Start when I log in to this computer");
    const entry = join(String(desktop.env.XDG_CONFIG_HOME), "autostart/co.amiqus.signin.desktop");
    const text = await waitFor("the entry is there", () => {
      const text = existsSync(entry) ? readFileSync(entry, "utf8") : "";
      return text.endsWith("\nTerminal=false\n") ? text : undefined;
    });
    assert.ok(text.includes(`\nExec=${upgraded} --in-the-tray\n`), text);
  },
  { program: upgraded },
);
