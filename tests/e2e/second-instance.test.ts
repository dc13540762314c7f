/** A copy of the app that finds another one running, and what it tells the desktop that started it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import type { WebDriver } from "selenium-webdriver";
import { closeAndRelaunch } from "../harness/close-to-tray";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import { StartupWatch } from "../harness/startup-watch";
import type { Harness } from "../harness/harness";
import { Tray } from "../harness/tray";

const HOSTILE = "co.amiqus.signin://oauth/callback?code=made-up&state=made-up";

type Copy = { args?: readonly string[]; env?: NodeJS.ProcessEnv };

function launch({ app, desktop }: Harness, { args = [], env = {} }: Copy = {}): ChildProcess {
  return desktop.processes.start(app.program, args, { env: { ...desktop.env, ...env } });
}

/** How a copy ended: its code, or the signal that ended it. */
async function ending(copy: ChildProcess): Promise<number | string | null> {
  const [code, signal] = (await once(copy, "exit")) as [number | null, string | null];
  return signal ?? code;
}

/** The window is there and another one has the focus. */
async function coverWindow({ desktop }: Harness): Promise<void> {
  desktop.processes.start(
    "xdotool",
    ["search", "--name", "^Sign in with Amiqus$", "windowminimize"],
    {
      env: desktop.env,
    },
  );
  await waitFor("the window is out of sight", async () => !(await isVisible(desktop)) || undefined);
}

/** Allows the request that a tab shows as the browser would; answers the address that it would open. */
async function consentByHand({ practice }: Harness, tab: WebDriver): Promise<string> {
  const shown = new URL(await tab.getCurrentUrl());
  const next = shown.searchParams.get("return_to");
  const answer = await practice.control("authorize", {
    url: next === null ? shown.href : new URL(next, shown).href,
    email: "bob@example.com",
    team: "Fusion Industries",
    allow: true,
  });
  return (answer as { location: string }).location;
}

async function isVisible(desktop: Harness["desktop"]): Promise<boolean> {
  const found = await desktop
    .run("xdotool", ["search", "--onlyvisible", "--name", "^Sign in with Amiqus$"])
    .catch(() => "");
  return found.trim() !== "";
}

// Shows check 17.
journey("second copy hands over without a display", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await coverWindow(harness);
  // A copy that started the toolkit would find no display, and fail.
  assert.equal(await ending(launch(harness, { env: { DISPLAY: "" } })), 0);
  await waitFor("the window is shown", async () => (await isVisible(desktop)) || undefined);
  assert.equal(await ending(launch(harness, { args: [HOSTILE], env: { DISPLAY: "" } })), 0);
});

journey("many second copies at once all end well", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const copies = Number(process.env.SECOND_COPIES ?? 60);
  const endings: (number | string | null)[] = [];
  for (let started = 0; started < copies; started += 10) {
    const some = Array.from({ length: 10 }, () => launch(harness, { args: [HOSTILE] }));
    endings.push(...(await Promise.all(some.map(ending))));
  }
  assert.deepEqual(
    endings.filter((end) => end !== 0),
    [],
  );
  assert.equal(app.processIds().length, 1);
});

journey("two copies that race to be the first leave one", async (harness) => {
  const { app } = harness;
  const copies = Array.from({ length: 4 }, () => launch(harness));
  const others = await waitFor("all but one have ended", () => {
    const ended = copies.filter((copy) => copy.exitCode !== null || copy.signalCode !== null);
    return ended.length === 3 ? ended : undefined;
  });
  assert.deepEqual(
    others.map((copy) => copy.signalCode ?? copy.exitCode),
    [0, 0, 0],
  );
  await app.attach();
  await app.waitForState("signed-out");
});

// Shows check 17.
journey("link outlives a first copy that hangs and is ended", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await harness.consentPage();
  const address = await consentByHand(harness, tab);
  await app.detach();
  const [first = 0] = app.processIds();
  process.kill(first, "SIGSTOP");
  const second = launch(harness, { args: [address] });
  await waitFor("the second copy asks the first", () => app.processIds().length === 2 || undefined);
  process.kill(first, "SIGKILL");
  await app.attach();
  await app.waitForState("signed-in");
  assert.equal(second.exitCode, null, "it is the first now");
});

journey("every start ends for the desktop, whatever it was for", async (harness) => {
  const { app, desktop } = harness;
  const watch = await StartupWatch.start(desktop);
  const tray = await Tray.start(desktop);
  const started = (id: string) => ({ DESKTOP_STARTUP_ID: id, XDG_ACTIVATION_TOKEN: id });

  launch(harness, { args: ["--in-the-tray"], env: started("into-the-tray_TIME1") });
  await tray.waitForItem("You are not signed in");
  await watch.waitForEnd("into-the-tray_TIME1");

  for (const [id, args] of Object.entries({
    "the-tray-again_TIME2": ["--in-the-tray"],
    "a-hostile-link_TIME3": [HOSTILE],
    nonsense_TIME4: ["nonsense", "more"],
  })) {
    assert.equal(await ending(launch(harness, { args, env: started(id) })), 0);
    await watch.waitForEnd(id);
    assert.equal(await isVisible(desktop), false, `${id} opened no window`);
  }
  assert.equal(await ending(launch(harness, { env: started("the-window_TIME5") })), 0);
  await watch.waitForEnd("the-window_TIME5");
  await app.waitForWindows(1);
  assert.equal(await ending(launch(harness, { env: started("the-window-again_TIME6") })), 0);
  await watch.waitForEnd("the-window-again_TIME6");
});

journey("window's class is the desktop entry's name", async ({ app, desktop }) => {
  await app.start();
  await app.waitForState("signed-out");
  const windows = await desktop.run("wmctrl", ["-lx"]);
  assert.match(windows, / co\.amiqus\.signin\.Co\.amiqus\.signin .*Sign in with Amiqus/);
});

// Shows check 11.
journey("link that the core refuses doesn't raise the window", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await harness.consentPage();
  await coverWindow(harness);
  assert.equal(await ending(launch(harness, { args: [HOSTILE] })), 0);
  await waitFor(
    "it was judged",
    () => desktop.appLog().includes("an address answers another attempt") || undefined,
  );
  assert.equal(await isVisible(desktop), false);
  const address = await consentByHand(harness, tab);
  assert.equal(await ending(launch(harness, { args: [address] })), 0);
  await waitFor("an accepted link shows it", async () => (await isVisible(desktop)) || undefined);
  await app.waitForState("signed-in");
});

// Shows check 17.
journey("first copy that hung gets the link when it goes on", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  // It is this copy that opens the browser.
  await harness.consentPage();
  const [first = 0] = app.processIds();
  process.kill(first, "SIGSTOP");
  try {
    await harness.consent();
    await waitFor("the second copy waits", () => app.processIds().length === 2 || undefined);
  } finally {
    process.kill(first, "SIGCONT");
  }
  await app.waitForState("signed-in");
  await waitFor("the second copy ends", () => app.processIds().length === 1 || undefined);
  assert.deepEqual(app.processIds(), [first]);
});

// Shows check 17.
journey("person is told of a first copy whose window hangs", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  const [first = 0] = app.processIds();
  // The main thread alone, which draws and takes clicks: each wait of its loop takes a minute.
  const hold = ["-e", "trace=poll,ppoll", "-e", "inject=poll,ppoll:delay_enter=60s"];
  const strace = ["strace", "-qq", "-o", "/dev/null", ...hold, "-p", String(first)];
  // Where the system lets only a parent trace its child, root may.
  const [program = "", ...args] = process.getuid?.() === 0 ? strace : ["sudo", ...strace];
  const holding = desktop.processes.start(program, args, { env: desktop.env });
  await waitFor("the main thread is held", () => {
    return (
      /TracerPid:\t[1-9]/.test(readFileSync(`/proc/${String(first)}/status`, "utf8")) || undefined
    );
  });
  const second = launch(harness);
  await waitFor("the person is told", async () => {
    const told = JSON.stringify(await tray.notifications());
    return told.includes("isn’t responding") || undefined;
  });
  assert.equal(second.exitCode, null, "it waits on");
  const ended = ending(second);
  holding.kill("SIGTERM");
  assert.equal(await ended, 0);
  assert.deepEqual(app.processIds(), [first]);
});

// Shows check 17.
journey("program that has the app's name is handed nothing, and that is said", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await tray.squat("co.amiqus.signin");
  await app.start();
  await app.waitForState("signed-out");
  await waitFor("the person is told", async () => {
    const told = JSON.stringify(await tray.notifications());
    return told.includes("Another program uses this app’s name") || undefined;
  });
  assert.match(desktop.appLog(), /another program has this app's name/);
  // The answer comes to a second copy, which keeps it until the first one's vault is free.
  await harness.startSignIn();
  const tab = await harness.consentPage();
  const address = await consentByHand(harness, tab);
  await app.detach();
  const [first = 0] = app.processIds();
  const second = launch(harness, { args: [address] });
  await waitFor("the second copy waits", () => app.processIds().length === 2 || undefined);
  await waitFor("it has looked for the vault", () => {
    return desktop.appLog().includes("the state is now locked") || undefined;
  });
  process.kill(first, "SIGKILL");
  // The driver's port was the first one's when the second began: the log has to do.
  await waitFor("it has signed in", () => {
    return desktop.appLog().includes("the state is now signed-in") || undefined;
  });
  assert.equal(await harness.practice.tokenRequests(), 1);
  assert.equal(second.exitCode, null);
  assert.deepEqual(await tray.receivedBySquatter(), []);
});

/** Starts a copy with a link, and looks at its command line all the while. */
async function linkLeavesTheCommandLine(harness: Harness): Promise<void> {
  const { app } = harness;
  const link = "co.amiqus.signin://oauth/callback?code=hush-code&state=hush-state";
  const copy = launch(harness, { args: [link] });
  const folder = `/proc/${String(copy.pid)}`;
  const looks: { threads: number; readable: boolean }[] = [];
  // Until it has long begun, or has ended.
  for (const end = Date.now() + 5_000; Date.now() < end && copy.exitCode === null;) {
    try {
      const threads = readdirSync(`${folder}/task`).length;
      const line = readFileSync(`${folder}/cmdline`, "utf8");
      // Before that it is this test's own copy, about to become the app.
      if (line.includes("sign-in-with-amiqus")) {
        looks.push({ threads, readable: line.includes("hush") });
      }
    } catch {
      // It has ended.
    }
    if (looks.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.ok(looks.length > 0);
  assert.deepEqual(
    // A library of the toolkit's begins one of its own before the app's first instruction.
    looks.filter(({ threads, readable }) => threads > 2 && readable),
    [],
    "nothing was begun while it could be read",
  );
  assert.equal(looks.at(-1)?.readable, false);
  if (copy.exitCode === null) await app.kill();
}

// Shows check 16.
journey("link that starts the app leaves the command line at once", linkLeavesTheCommandLine);

// Shows check 16.
journey("link that is handed over leaves the command line at once", async (harness) => {
  await harness.app.start();
  await harness.app.waitForState("signed-out");
  await harness.app.detach();
  await linkLeavesTheCommandLine(harness);
});

journey("relaunched copy in the tray is the first copy still", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await closeAndRelaunch(harness, tray);
  const [first] = app.processIds();
  assert.equal(await ending(launch(harness, { env: { XDG_ACTIVATION_TOKEN: "one" } })), 0);
  await app.waitForWindows(2);
  assert.deepEqual(app.processIds(), [first]);
});

journey("app starts without a session bus", async ({ app, desktop }) => {
  desktop.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nonexistent";
  await app.start();
  await app.waitForState("locked");
});
