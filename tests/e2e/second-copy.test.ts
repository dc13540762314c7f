/** A copy of the app that finds another one running, and what it tells the desktop that started it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import type { WebDriver } from "selenium-webdriver";
import { closeAndBeginAnew } from "../stage/closing";
import { journey } from "../stage/journey";
import { until } from "../stage/processes";
import { StartupWatch } from "../stage/startup";
import type { Stage } from "../stage/stage";
import { Tray } from "../stage/tray";

const HOSTILE = "co.amiqus.signin://oauth/callback?code=made-up&state=made-up";

type Copy = { args?: readonly string[]; env?: NodeJS.ProcessEnv };

function launch({ app, desktop }: Stage, { args = [], env = {} }: Copy = {}): ChildProcess {
  return desktop.processes.start(app.program, args, { env: { ...desktop.env, ...env } });
}

/** How a copy ended: its code, or the signal that ended it. */
async function ending(copy: ChildProcess): Promise<number | string | null> {
  const [code, signal] = (await once(copy, "exit")) as [number | null, string | null];
  return signal ?? code;
}

/** The window is there and another one has the focus. */
async function coverWindow({ desktop }: Stage): Promise<void> {
  desktop.processes.start(
    "xdotool",
    ["search", "--name", "^Sign in with Amiqus$", "windowminimize"],
    {
      env: desktop.env,
    },
  );
  await until("the window is out of sight", async () => !(await isVisible(desktop)) || undefined);
}

/** Allows the request that a tab shows as the browser would; answers the address that it would open. */
async function consentByHand({ practice }: Stage, tab: WebDriver): Promise<string> {
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

async function isVisible(desktop: Stage["desktop"]): Promise<boolean> {
  const found = await desktop
    .run("xdotool", ["search", "--onlyvisible", "--name", "^Sign in with Amiqus$"])
    .catch(() => "");
  return found.trim() !== "";
}

// Shows check 17.
journey("second copy hands over without a display", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await app.state("signed-out");
  await coverWindow(stage);
  // A copy that started the toolkit would find no display, and fail.
  assert.equal(await ending(launch(stage, { env: { DISPLAY: "" } })), 0);
  await until("the window is shown", async () => (await isVisible(desktop)) || undefined);
  assert.equal(await ending(launch(stage, { args: [HOSTILE], env: { DISPLAY: "" } })), 0);
});

journey("many second copies at once all end well", async (stage) => {
  const { app } = stage;
  await app.start();
  await app.state("signed-out");
  const copies = Number(process.env.SECOND_COPIES ?? 60);
  const endings: (number | string | null)[] = [];
  for (let started = 0; started < copies; started += 10) {
    const some = Array.from({ length: 10 }, () => launch(stage, { args: [HOSTILE] }));
    endings.push(...(await Promise.all(some.map(ending))));
  }
  assert.deepEqual(
    endings.filter((end) => end !== 0),
    [],
  );
  assert.equal(app.processIds().length, 1);
});

journey("two copies that race to be the first leave one", async (stage) => {
  const { app } = stage;
  const copies = Array.from({ length: 4 }, () => launch(stage));
  const others = await until("all but one have ended", () => {
    const ended = copies.filter((copy) => copy.exitCode !== null || copy.signalCode !== null);
    return ended.length === 3 ? ended : undefined;
  });
  assert.deepEqual(
    others.map((copy) => copy.signalCode ?? copy.exitCode),
    [0, 0, 0],
  );
  await app.attach();
  await app.state("signed-out");
});

// Shows check 17.
journey("link outlives a first copy that hangs and is ended", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.beginSignIn();
  const tab = await stage.consentPage();
  const address = await consentByHand(stage, tab);
  await app.detach();
  const [first = 0] = app.processIds();
  process.kill(first, "SIGSTOP");
  const second = launch(stage, { args: [address] });
  await until("the second copy asks the first", () => app.processIds().length === 2 || undefined);
  process.kill(first, "SIGKILL");
  await app.attach();
  await app.state("signed-in");
  assert.equal(second.exitCode, null, "it is the first now");
});

journey("every start ends for the desktop, whatever it was for", async (stage) => {
  const { app, desktop } = stage;
  const watch = await StartupWatch.start(desktop);
  const tray = await Tray.start(desktop);
  const started = (id: string) => ({ DESKTOP_STARTUP_ID: id, XDG_ACTIVATION_TOKEN: id });

  launch(stage, { args: ["--in-the-tray"], env: started("into-the-tray_TIME1") });
  await tray.shows("You are not signed in");
  await watch.ended("into-the-tray_TIME1");

  for (const [id, args] of Object.entries({
    "the-tray-again_TIME2": ["--in-the-tray"],
    "a-hostile-link_TIME3": [HOSTILE],
    nonsense_TIME4: ["nonsense", "more"],
  })) {
    assert.equal(await ending(launch(stage, { args, env: started(id) })), 0);
    await watch.ended(id);
    assert.equal(await isVisible(desktop), false, `${id} opened no window`);
  }
  assert.equal(await ending(launch(stage, { env: started("the-window_TIME5") })), 0);
  await watch.ended("the-window_TIME5");
  await app.opened(1);
  assert.equal(await ending(launch(stage, { env: started("the-window-again_TIME6") })), 0);
  await watch.ended("the-window-again_TIME6");
});

journey("window's class is the desktop entry's name", async ({ app, desktop }) => {
  await app.start();
  await app.state("signed-out");
  const windows = await desktop.run("wmctrl", ["-lx"]);
  assert.match(windows, / co\.amiqus\.signin\.Co\.amiqus\.signin .*Sign in with Amiqus/);
});

// Shows check 11.
journey("link that the core refuses doesn't raise the window", async (stage) => {
  const { app, desktop } = stage;
  await app.start();
  await stage.beginSignIn();
  const tab = await stage.consentPage();
  await coverWindow(stage);
  assert.equal(await ending(launch(stage, { args: [HOSTILE] })), 0);
  await until(
    "it was judged",
    () => desktop.appLog().includes("an address answers another attempt") || undefined,
  );
  assert.equal(await isVisible(desktop), false);
  const address = await consentByHand(stage, tab);
  assert.equal(await ending(launch(stage, { args: [address] })), 0);
  await until("an accepted link shows it", async () => (await isVisible(desktop)) || undefined);
  await app.state("signed-in");
});

// Shows check 17.
journey("first copy that hung gets the link when it goes on", async (stage) => {
  const { app } = stage;
  await app.start();
  await stage.beginSignIn();
  // It is this copy that opens the browser.
  await stage.consentPage();
  const [first = 0] = app.processIds();
  process.kill(first, "SIGSTOP");
  try {
    await stage.consent();
    await until("the second copy waits", () => app.processIds().length === 2 || undefined);
  } finally {
    process.kill(first, "SIGCONT");
  }
  await app.state("signed-in");
  await until("the second copy ends", () => app.processIds().length === 1 || undefined);
  assert.deepEqual(app.processIds(), [first]);
});

// Shows check 17.
journey("person is told of a first copy whose window hangs", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.state("signed-out");
  const [first = 0] = app.processIds();
  // The main thread alone, which draws and takes clicks: each wait of its loop takes a minute.
  const hold = ["-e", "trace=poll,ppoll", "-e", "inject=poll,ppoll:delay_enter=60s"];
  const strace = ["strace", "-qq", "-o", "/dev/null", ...hold, "-p", String(first)];
  // Where the system lets only a parent trace its child, root may.
  const [program = "", ...args] = process.getuid?.() === 0 ? strace : ["sudo", ...strace];
  const holding = desktop.processes.start(program, args, { env: desktop.env });
  await until("the main thread is held", () => {
    return (
      /TracerPid:\t[1-9]/.test(readFileSync(`/proc/${String(first)}/status`, "utf8")) || undefined
    );
  });
  const second = launch(stage);
  await until("the person is told", async () => {
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
journey("program that has the app's name is handed nothing, and that is said", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await tray.squat("co.amiqus.signin");
  await app.start();
  await app.state("signed-out");
  await until("the person is told", async () => {
    const told = JSON.stringify(await tray.notifications());
    return told.includes("Another program uses this app’s name") || undefined;
  });
  assert.match(desktop.appLog(), /another program has this app's name/);
  // The answer comes to a second copy, which keeps it until the first one's vault is free.
  await stage.beginSignIn();
  const tab = await stage.consentPage();
  const address = await consentByHand(stage, tab);
  await app.detach();
  const [first = 0] = app.processIds();
  const second = launch(stage, { args: [address] });
  await until("the second copy waits", () => app.processIds().length === 2 || undefined);
  await until("it has looked for the vault", () => {
    return desktop.appLog().includes("the state is now locked") || undefined;
  });
  process.kill(first, "SIGKILL");
  // The driver's port was the first one's when the second began: the log has to do.
  await until("it has signed in", () => {
    return desktop.appLog().includes("the state is now signed-in") || undefined;
  });
  assert.equal(await stage.practice.tokenRequests(), 1);
  assert.equal(second.exitCode, null);
  assert.deepEqual(await tray.handedOver(), []);
});

/** Starts a copy with a link, and looks at its command line all the while. */
async function linkLeavesTheCommandLine(stage: Stage): Promise<void> {
  const { app } = stage;
  const link = "co.amiqus.signin://oauth/callback?code=hush-code&state=hush-state";
  const copy = launch(stage, { args: [link] });
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
journey("link that is handed over leaves the command line at once", async (stage) => {
  await stage.app.start();
  await stage.app.state("signed-out");
  await stage.app.detach();
  await linkLeavesTheCommandLine(stage);
});

journey("relaunched copy in the tray is the first copy still", async (stage) => {
  const { app, desktop } = stage;
  const tray = await Tray.start(desktop);
  await app.start();
  await app.state("signed-out");
  await closeAndBeginAnew(stage, tray);
  const [first] = app.processIds();
  assert.equal(await ending(launch(stage, { env: { XDG_ACTIVATION_TOKEN: "one" } })), 0);
  await app.opened(2);
  assert.deepEqual(app.processIds(), [first]);
});

journey("app starts without a session bus", async ({ app, desktop }) => {
  desktop.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nonexistent";
  await app.start();
  await app.state("locked");
});
