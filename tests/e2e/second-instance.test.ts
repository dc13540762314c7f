/** An instance of the app that finds another one running, and its startup notification. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { allowRequest } from "../harness/authorization";
import { closeAndRelaunch } from "../harness/close-to-tray";
import type { Desktop } from "../harness/desktop";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { hasExited, waitFor } from "../harness/processes";
import { StartupWatch } from "../harness/startup-watch";
import { Tray } from "../harness/tray";

const HOSTILE = "co.amiqus.signin://oauth/callback?code=made-up&state=made-up";

type LaunchOptions = { args?: readonly string[]; env?: NodeJS.ProcessEnv };

function launch(
  { app, desktop }: Harness,
  { args = [], env = {} }: LaunchOptions = {},
): ChildProcess {
  return desktop.processes.start(app.program, args, { env: { ...desktop.env, ...env } });
}

/** Waits until an instance has exited; returns its exit code, or the signal that killed it. */
async function exitOf(instance: ChildProcess): Promise<number | string | null> {
  const [code, signal] = (await once(instance, "exit")) as [number | null, string | null];
  return signal ?? code;
}

/** Minimises the window and waits until it is hidden. */
async function minimiseWindow({ desktop }: Harness): Promise<void> {
  desktop.processes.start(
    "xdotool",
    ["search", "--name", "^Sign in with Amiqus$", "windowminimize"],
    {
      env: desktop.env,
    },
  );
  await waitFor("the window is hidden", async () => !(await isVisible(desktop)));
}

async function isVisible(desktop: Desktop): Promise<boolean> {
  const found = await desktop
    .run("xdotool", ["search", "--onlyvisible", "--name", "^Sign in with Amiqus$"])
    .catch(() => "");
  return found.trim() !== "";
}

// Shows check 17.
journey("second instance hands over without a display", async (harness) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  await minimiseWindow(harness);
  // An instance that started the toolkit would fail without a display.
  assert.equal(await exitOf(launch(harness, { env: { DISPLAY: "" } })), 0);
  await waitFor("the window is shown", () => isVisible(desktop));
  assert.equal(await exitOf(launch(harness, { args: [HOSTILE], env: { DISPLAY: "" } })), 0);
});

journey("many second instances at once all succeed", async (harness) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const count = Number(process.env.SECOND_INSTANCES ?? 60);
  const exits: (number | string | null)[] = [];
  for (let started = 0; started < count; started += 10) {
    const batch = Array.from({ length: 10 }, () => launch(harness, { args: [HOSTILE] }));
    exits.push(...(await Promise.all(batch.map(exitOf))));
  }
  assert.deepEqual(
    exits.filter((exit) => exit !== 0),
    [],
  );
  assert.equal(app.processIds().length, 1);
});

journey("instances that race to be the first leave one", async (harness) => {
  const { app } = harness;
  const instances = Array.from({ length: 4 }, () => launch(harness));
  const others = await waitFor("all but one have exited", () => {
    const exited = instances.filter(hasExited);
    return exited.length === 3 && exited;
  });
  assert.deepEqual(
    others.map((instance) => instance.signalCode ?? instance.exitCode),
    [0, 0, 0],
  );
  await app.attach();
  await app.waitForState("signed-out");
});

// Shows check 17.
journey("link outlives a first instance that hangs and is killed", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  const tab = await harness.consentPage();
  const address = await allowRequest(harness, tab);
  await app.detach();
  const [first = 0] = app.processIds();
  process.kill(first, "SIGSTOP");
  const second = launch(harness, { args: [address] });
  await waitFor("the second instance asks the first", () => app.processIds().length === 2);
  process.kill(first, "SIGKILL");
  await app.attach();
  await app.waitForState("signed-in");
  assert.equal(second.exitCode, null, "it is the first instance now");
});

journey("every start is reported complete to the desktop", async (harness) => {
  const { app, desktop } = harness;
  const watch = await StartupWatch.start(desktop);
  const tray = await Tray.start(desktop);
  const startupId = (id: string) => ({ DESKTOP_STARTUP_ID: id, XDG_ACTIVATION_TOKEN: id });

  launch(harness, { args: ["--in-the-tray"], env: startupId("into-the-tray_TIME1") });
  await tray.waitForItem("You’re not signed in");
  await watch.waitForEnd("into-the-tray_TIME1");

  for (const [id, args] of Object.entries({
    "the-tray-again_TIME2": ["--in-the-tray"],
    "a-hostile-link_TIME3": [HOSTILE],
    nonsense_TIME4: ["nonsense", "more"],
  })) {
    assert.equal(await exitOf(launch(harness, { args, env: startupId(id) })), 0);
    await watch.waitForEnd(id);
    assert.equal(await isVisible(desktop), false, `${id} opened no window`);
  }
  assert.equal(await exitOf(launch(harness, { env: startupId("the-window_TIME5") })), 0);
  await watch.waitForEnd("the-window_TIME5");
  await app.waitForWindows(1);
  assert.equal(await exitOf(launch(harness, { env: startupId("the-window-again_TIME6") })), 0);
  await watch.waitForEnd("the-window-again_TIME6");
});

journey("window class is the desktop entry's name", async ({ app, desktop }) => {
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
  await minimiseWindow(harness);
  assert.equal(await exitOf(launch(harness, { args: [HOSTILE] })), 0);
  await desktop.waitForLog(logLines.linkOfAnotherAttempt);
  assert.equal(await isVisible(desktop), false);
  const address = await allowRequest(harness, tab);
  assert.equal(await exitOf(launch(harness, { args: [address] })), 0);
  await waitFor("an accepted link shows it", () => isVisible(desktop));
  await app.waitForState("signed-in");
});

// Shows check 17.
journey("first instance that hung gets the link when it resumes", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.startSignIn();
  // The first instance opens the browser, so it must not hang before.
  await harness.consentPage();
  const [first = 0] = app.processIds();
  process.kill(first, "SIGSTOP");
  try {
    await harness.consent();
    await waitFor("the second instance waits", () => app.processIds().length === 2);
  } finally {
    process.kill(first, "SIGCONT");
  }
  await app.waitForState("signed-in");
  await waitFor("the second instance exits", () => app.processIds().length === 1);
  assert.deepEqual(app.processIds(), [first]);
});

// Shows check 17.
journey("first instance whose window hangs is reported", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  const [first = 0] = app.processIds();
  // Only the main thread, which draws and handles input: each wait of its event loop takes a minute.
  const delay = ["-e", "trace=poll,ppoll", "-e", "inject=poll,ppoll:delay_enter=60s"];
  const strace = ["strace", "-qq", "-o", "/dev/null", ...delay, "-p", String(first)];
  // Where only a parent may trace its child, root still may.
  const [program = "", ...args] = process.getuid?.() === 0 ? strace : ["sudo", ...strace];
  const tracer = desktop.processes.start(program, args, { env: desktop.env });
  await waitFor("the main thread is traced", () => {
    return /TracerPid:\t[1-9]/.test(readFileSync(`/proc/${String(first)}/status`, "utf8"));
  });
  const second = launch(harness);
  await waitFor("a notification says so", async () => {
    const shown = JSON.stringify(await tray.notifications());
    return shown.includes("isn’t responding");
  });
  assert.equal(second.exitCode, null, "the second instance goes on waiting");
  const exit = exitOf(second);
  tracer.kill("SIGTERM");
  assert.equal(await exit, 0);
  assert.deepEqual(app.processIds(), [first]);
});

// Shows check 17.
journey("squatter of the app's name receives nothing and is reported", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await tray.squat("co.amiqus.signin");
  await app.start();
  await app.waitForState("signed-out");
  await waitFor("a notification says so", async () => {
    const shown = JSON.stringify(await tray.notifications());
    return shown.includes("Another program uses this app’s name");
  });
  assert.ok(desktop.appLog().includes(logLines.nameTaken));
  // The link reaches a second instance, which keeps it until the first one releases the vault.
  await harness.startSignIn();
  const tab = await harness.consentPage();
  const address = await allowRequest(harness, tab);
  await app.detach();
  const [first = 0] = app.processIds();
  const second = launch(harness, { args: [address] });
  await waitFor("the second instance waits", () => app.processIds().length === 2);
  await desktop.waitForLog(logLines.stateLocked);
  process.kill(first, "SIGKILL");
  // No driver can attach: the first instance had the inspector's port when the second one started.
  await desktop.waitForLog(logLines.stateSignedIn);
  assert.equal(await harness.practice.tokenRequests(), 1);
  assert.equal(second.exitCode, null);
  assert.deepEqual(await tray.receivedBySquatter(), []);
});

/** Starts an instance with a link and samples its command line until the link is erased. */
async function assertLinkIsErased(harness: Harness): Promise<void> {
  const { app } = harness;
  const link = "co.amiqus.signin://oauth/callback?code=hush-code&state=hush-state";
  const instance = launch(harness, { args: [link] });
  const folder = `/proc/${String(instance.pid)}`;
  const samples: { threads: number; readable: boolean }[] = [];
  // Long enough for a start, or until it exits.
  for (const end = Date.now() + 5_000; Date.now() < end && instance.exitCode === null;) {
    try {
      const threads = readdirSync(`${folder}/task`).length;
      const line = readFileSync(`${folder}/cmdline`, "utf8");
      // Between fork and exec it still has this test's command line.
      if (line.includes("sign-in-with-amiqus")) {
        samples.push({ threads, readable: line.includes("hush") });
      }
    } catch {
      // It has exited.
    }
    if (samples.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.ok(samples.length > 0);
  assert.deepEqual(
    // One of the toolkit's libraries starts a thread before the app's first instruction.
    samples.filter(({ threads, readable }) => threads > 2 && readable),
    [],
    "no thread was started while the link was readable",
  );
  assert.equal(samples.at(-1)?.readable, false);
  if (instance.exitCode === null) await app.kill();
}

// Shows check 16.
journey("link that starts the app is erased from the command line", assertLinkIsErased);

// Shows check 16.
journey("link that is handed over is erased from the command line", async (harness) => {
  await harness.app.start();
  await harness.app.waitForState("signed-out");
  await harness.app.detach();
  await assertLinkIsErased(harness);
});

journey("app relaunched into the tray stays the first instance", async (harness) => {
  const { app, desktop } = harness;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.waitForState("signed-out");
  await closeAndRelaunch(harness, tray);
  const [first] = app.processIds();
  assert.equal(await exitOf(launch(harness, { env: { XDG_ACTIVATION_TOKEN: "one" } })), 0);
  await app.waitForWindows(2);
  assert.deepEqual(app.processIds(), [first]);
});

journey("app starts without a session bus", async ({ app, desktop }) => {
  desktop.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nonexistent";
  await app.start();
  await app.waitForState("locked");
});
