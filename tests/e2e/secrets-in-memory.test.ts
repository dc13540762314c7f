import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { closeAndRelaunch } from "../harness/close-to-tray";
import { journey } from "../harness/journey";
import { readMemory } from "../harness/memory";
import type { Secret } from "../harness/practice";
import { end, waitFor } from "../harness/processes";
import { secretsIn } from "../harness/secrets";
import type { Harness } from "../harness/harness";
import { Tray } from "../harness/tray";

/** What is in the memory of the app, and of the window's processes, which are WebKit's. */
type Memories = { app: Buffer; window: Buffer };

/** Reads it all while the processes stand still. */
function memories({ app, desktop }: Harness): Memories {
  const read = (ids: number[]) =>
    Buffer.concat(ids.flatMap((id) => readMemory(id)).map(({ bytes }) => bytes));
  const ofWindow = /WebKit(Web|Network)Process$/;
  return {
    app: read(app.processIds()),
    window: read(desktop.processIds((command) => ofWindow.test(command))),
  };
}

async function renew({ app, practice }: Harness): Promise<void> {
  const before = await practice.tokenRequests();
  await app.press("Renew now");
  await practice.waitForTokenRequests(before + 1);
  await app.waitForText("Connected.");
}

/**
 * Looks into the app at rest. The one secret that the service was not sent yet, the refresh token in
 * use, is learnt by using it afterwards.
 */
async function lookInto(
  harness: Harness,
): Promise<{ found: Memories; used: Secret[]; held: Secret[] }> {
  const { practice } = harness;
  const known = await practice.secretsByKind();
  const inUse = known.findLast(({ kind }) => kind === "access_token");
  const over = known.filter((secret) => secret.kind !== "client_secret" && secret !== inUse);
  let found = memories(harness);
  // The last answer's buffers are given back a moment after it was shown.
  await waitFor(
    "the app is at rest",
    () => {
      found = memories(harness);
      return kindsIn(found.app, over).length === 0 || undefined;
    },
    5_000,
  ).catch(() => undefined);
  await renew(harness);
  const secrets = await practice.secretsByKind();
  // Of those used to renew, the last one was in use while the app was looked into; so was the access
  // token before the one that came of it.
  const last = (kind: Secret["kind"], before: number) =>
    secrets.filter((secret) => secret.kind === kind).at(-1 - before);
  const held = [last("client_secret", 0), last("refresh_token", 0), last("access_token", 1)].filter(
    (secret) => secret !== undefined,
  );
  const arrivedLater = last("access_token", 0);
  const used = secrets.filter((secret) => !held.includes(secret) && secret !== arrivedLater);
  assert.deepEqual(
    held.map(({ kind }) => kind),
    HELD,
  );
  return { found, used, held };
}

/** What a running app holds: it renews by itself, and nobody is asked for anything meanwhile. */
const HELD = ["client_secret", "refresh_token", "access_token"];

function kindsIn(bytes: Buffer, secrets: readonly Secret[]): string[] {
  return secrets.filter(({ text }) => secretsIn(bytes, [text]).length > 0).map(({ kind }) => kind);
}

/** Two renewals later: what was used up is nowhere, what is in use is in the app alone. */
async function nothingUsedIsLeft(harness: Harness): Promise<Memories> {
  await renew(harness);
  await renew(harness);
  const { found, used, held } = await lookInto(harness);
  // The code, its verifier and `state`; two refresh tokens and two access tokens that were replaced.
  for (const kind of ["code", "code_verifier", "state", "refresh_token", "access_token"]) {
    assert.ok(
      used.some((secret) => secret.kind === kind),
      kind,
    );
  }
  assert.deepEqual(kindsIn(found.app, used), [], "used up, and still in the app's memory");
  // The search finds what is there. SECURITY.md names these as held.
  assert.deepEqual(kindsIn(found.app, held), HELD);
  return found;
}

// Shows check 31.
journey(
  "what a sign-in used up is wiped from the running app, and the window's processes never had any",
  async (harness) => {
    await harness.app.start();
    await harness.signIn();
    const { window } = await nothingUsedIsLeft(harness);
    const secrets = await harness.practice.secretsByKind();
    assert.ok(window.length > 10_000_000, "the window's processes were looked into");
    assert.ok(window.includes("Sign in with Amiqus"));
    assert.deepEqual(kindsIn(window, secrets), []);
  },
);

// Shows check 16.
journey(
  "a link that starts the app is taken out of the command line, which everybody can read",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signInWhileClosed();
    const [id] = app.processIds();
    const line = readFileSync(`/proc/${String(id)}/cmdline`, "utf8");
    assert.match(line, /\0co\.amiqus\.signin:\0+$/, "a link started it");
    // Nor has a library of the desktop's a copy: they start after it was taken out.
    await nothingUsedIsLeft(harness);
  },
);

// Shows check 31.
journey("in the tray the app has no copy left of the link that started it", async (harness) => {
  const { app, desktop, practice } = harness;
  await app.start();
  await harness.signInWhileClosed();
  const tray = await Tray.start(desktop);
  await tray.waitForItem("You are signed in");
  const secrets = await practice.secretsByKind();
  const link = secrets.filter(({ kind }) => kind === "code" || kind === "state");
  assert.equal(link.length, 2);
  await closeAndRelaunch(harness, tray);
  const { app: anew } = memories(harness);
  const held = secrets.filter(({ kind }) => kind === "access_token");
  assert.deepEqual(kindsIn(anew, held), ["access_token"], "the search finds what is there");
  assert.deepEqual(kindsIn(anew, link), []);
});

/** Where this system leaves a dump: beside the program that crashed, or somewhere else. */
const dumpsBeside = !/[/|]/.test(readFileSync("/proc/sys/kernel/core_pattern", "utf8"));

// Shows check 31.
journey("a crash of the app leaves no dump of its memory", async (harness) => {
  const { app, desktop } = harness;
  /** Lets a program crash in a folder of its own, with any size of dump allowed; answers what it left. */
  const leftBy = async (program: string, args: string[], isUp: () => Promise<void>) => {
    const folder = join(desktop.folder, "dumps", String(args.length));
    mkdirSync(folder, { recursive: true });
    const crashing = desktop.processes.start(
      "sh",
      ["-c", 'ulimit -S -c unlimited && exec "$0" "$@"', program, ...args],
      { env: desktop.env, cwd: folder },
    );
    await isUp();
    const limits = readFileSync(`/proc/${String(crashing.pid)}/limits`, "utf8");
    await end(crashing, "SIGABRT");
    assert.equal(crashing.signalCode, "SIGABRT");
    return { dumps: readdirSync(folder), limits };
  };

  const other = await leftBy("sleep", ["60"], () => new Promise((go) => setTimeout(go, 300)));
  assert.equal(other.dumps.length, dumpsBeside ? 1 : 0, "another program's crash leaves one here");

  const ours = await leftBy(app.program, [], async () => {
    await app.attach();
    await harness.signIn();
    await app.detach();
  });
  assert.deepEqual(ours.dumps, []);
  // One byte, and not none: none would say nothing where dumps are piped to a program.
  assert.match(ours.limits, /^Max core file size +1 +1 +bytes/m);
});
