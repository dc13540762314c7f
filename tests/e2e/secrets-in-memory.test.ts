/** Secrets in the memory of the app and of its WebKit processes. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { closeAndRelaunch } from "../harness/close-to-tray";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { readMemory } from "../harness/memory";
import type { Secret } from "../harness/practice";
import { terminate, waitFor } from "../harness/processes";
import { secretsIn } from "../harness/secrets";
import { Tray } from "../harness/tray";

/** The memory of the app, and of the window's WebKit processes. */
type Memory = { app: Buffer; window: Buffer };

/** Reads the memory of each process while that process is stopped. */
function readAll({ app, desktop }: Harness): Memory {
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
  await app.renew();
  assert.equal(await practice.tokenRequests(), before + 1);
}

/**
 * Reads the memory of the idle app. The server has not received the current refresh token by then, so
 * it is learnt from a refresh afterwards.
 */
async function inspect(
  harness: Harness,
): Promise<{ found: Memory; used: Secret[]; held: Secret[] }> {
  const { practice } = harness;
  const known = await practice.secretsByKind();
  const inUse = known.findLast(({ kind }) => kind === "access_token");
  const obsolete = known.filter((secret) => secret.kind !== "client_secret" && secret !== inUse);
  let found = readAll(harness);
  // The buffers of the last response are freed a moment after it was shown.
  await waitFor(
    "the app is idle",
    () => {
      found = readAll(harness);
      return kindsIn(found.app, obsolete).length === 0;
    },
    5_000,
  ).catch(() => undefined);
  await renew(harness);
  const secrets = await practice.secretsByKind();
  // The last refresh token that was sent was in the app's memory while it was read, and so was the
  // last but one access token: the refresh returned the last one.
  const last = (kind: Secret["kind"], before: number) =>
    secrets.filter((secret) => secret.kind === kind).at(-1 - before);
  const held = [last("client_secret", 0), last("refresh_token", 0), last("access_token", 1)].filter(
    (secret) => secret !== undefined,
  );
  const issuedLater = last("access_token", 0);
  const used = secrets.filter((secret) => !held.includes(secret) && secret !== issuedLater);
  assert.deepEqual(
    held.map(({ kind }) => kind),
    HELD,
  );
  return { found, used, held };
}

/** What a running app has to hold to renew by itself. */
const HELD = ["client_secret", "refresh_token", "access_token"];

function kindsIn(bytes: Buffer, secrets: readonly Secret[]): string[] {
  return secrets.filter(({ text }) => secretsIn(bytes, [text]).length > 0).map(({ kind }) => kind);
}

/** Asserts that after two renewals the app holds the current secrets and no used one. */
async function assertUsedSecretsAreWiped(harness: Harness): Promise<Memory> {
  await renew(harness);
  await renew(harness);
  const { found, used, held } = await inspect(harness);
  // The code, its verifier and `state`; two refresh tokens and two access tokens that were replaced.
  for (const kind of ["code", "code_verifier", "state", "refresh_token", "access_token"]) {
    assert.ok(
      used.some((secret) => secret.kind === kind),
      kind,
    );
  }
  assert.deepEqual(kindsIn(found.app, used), [], "used, and still in the app's memory");
  // The search finds what is there. SECURITY.md lists these as held.
  assert.deepEqual(kindsIn(found.app, held), HELD);
  return found;
}

// Shows check 31.
journey("used secrets are wiped and never reach the window's processes", async (harness) => {
  await harness.app.start();
  await harness.signIn();
  const { window } = await assertUsedSecretsAreWiped(harness);
  const secrets = await harness.practice.secretsByKind();
  assert.ok(window.length > 10_000_000, "the window's processes were read");
  assert.ok(window.includes("Sign in with Amiqus"));
  assert.deepEqual(kindsIn(window, secrets), []);
});

// Shows check 16.
journey("link that starts a closed app leaves no trace in its memory", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signInWhileClosed();
  const [id] = app.processIds();
  const line = readFileSync(`/proc/${String(id)}/cmdline`, "utf8");
  assert.match(line, /\0co\.amiqus\.signin:\0+$/, "a link started it");
  // The desktop's libraries have no copy either: they start after the link was erased.
  await assertUsedSecretsAreWiped(harness);
});

// Shows check 31.
journey("relaunch into the tray wipes the link that started the app", async (harness) => {
  const { app, desktop, practice } = harness;
  await app.start();
  await harness.signInWhileClosed();
  const tray = await Tray.start(desktop);
  await tray.waitForItem("Connected");
  const secrets = await practice.secretsByKind();
  const link = secrets.filter(({ kind }) => kind === "code" || kind === "state");
  assert.equal(link.length, 2);
  await closeAndRelaunch(harness, tray);
  const { app: relaunched } = readAll(harness);
  const held = secrets.filter(({ kind }) => kind === "access_token");
  assert.deepEqual(kindsIn(relaunched, held), ["access_token"], "the search finds what is there");
  assert.deepEqual(kindsIn(relaunched, link), []);
});

/** Whether this system writes a core dump into the working directory of the program that crashed. */
const dumpsIntoFolder = !/[/|]/.test(readFileSync("/proc/sys/kernel/core_pattern", "utf8"));

// Shows check 31.
journey("crash leaves no core dump", async (harness) => {
  const { app, desktop } = harness;
  /** Crashes a program in its own folder, with dumps of any size allowed; returns what it left. */
  const crash = async (
    program: string,
    args: string[],
    ready: (crashing: ChildProcess) => Promise<unknown>,
  ) => {
    const folder = join(desktop.folder, "dumps", String(args.length));
    mkdirSync(folder, { recursive: true });
    const crashing = desktop.processes.start(
      "sh",
      ["-c", 'ulimit -S -c unlimited && exec "$0" "$@"', program, ...args],
      { env: desktop.env, cwd: folder },
    );
    await ready(crashing);
    const limits = readFileSync(`/proc/${String(crashing.pid)}/limits`, "utf8");
    await terminate(crashing, "SIGABRT");
    assert.equal(crashing.signalCode, "SIGABRT");
    return { dumps: readdirSync(folder), limits };
  };

  const other = await crash("sleep", ["60"], ({ pid }) =>
    waitFor("the shell has become sleep", () => {
      return readFileSync(`/proc/${String(pid)}/comm`, "utf8") === "sleep\n";
    }),
  );
  assert.equal(
    other.dumps.length,
    dumpsIntoFolder ? 1 : 0,
    "another program's crash leaves a dump here",
  );

  const ours = await crash(app.program, [], async () => {
    await app.attach();
    await harness.signIn();
    await app.detach();
  });
  assert.deepEqual(ours.dumps, []);
  // One byte rather than none: a limit of none is ignored where dumps are piped to a program.
  assert.match(ours.limits, /^Max core file size +1 +1 +bytes/m);
});
