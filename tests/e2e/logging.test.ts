import assert from "node:assert/strict";
import {
  appendFileSync,
  createReadStream,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Desktop } from "../harness/desktop";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import type { Harness } from "../harness/harness";

function logFolder(desktop: Desktop): string {
  const folder = join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin", "logs");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

/**
 * Puts a small disk of its own under the log for as long as `use` takes. On it are the logs of eight
 * days, none of which can be removed.
 */
async function onSmallDisk(
  desktop: Desktop,
  use: (disk: { fill: () => void; makeRoom: () => void }) => Promise<void>,
): Promise<void> {
  const folder = logFolder(desktop);
  await desktop.runAsRoot(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "none", folder]);
  const ballast = join(folder, "ballast");
  try {
    for (let day = 1; day <= 8; day += 1) {
      const busy = join(folder, `sign-in-with-amiqus.2026-01-0${String(day)}.log`);
      writeFileSync(busy, "");
      await desktop.runAsRoot(["mount", "--bind", busy, busy]);
    }
    await use({
      fill: () => {
        assert.throws(() => {
          for (;;) appendFileSync(ballast, Buffer.alloc(512));
        }, /ENOSPC/);
      },
      makeRoom: () => {
        rmSync(ballast);
      },
    });
  } finally {
    await desktop.runAsRoot(["umount", "--lazy", "--recursive", folder]);
  }
}

/** How a program is started whose error output takes nothing. */
const errorOutputs = {
  "that nobody holds any more": `
    mkfifo "$1"
    exec 8<>"$1" 9>"$1" 8<&-
    exec "$0" 2>&9 9>&-`,
  "that is full": `
    mkfifo "$1"
    exec 9<>"$1"
    dd if=/dev/zero of=/proc/self/fd/9 bs=4096 oflag=nonblock 2>/dev/null
    exec "$0" 2>&9 9>&-`,
};

async function start({ app, desktop }: Harness, script: string): Promise<void> {
  const pipe = join(desktop.folder, "error-output");
  desktop.processes.start("sh", ["-c", script, app.program, pipe], { env: desktop.env });
  await app.attach();
}

for (const [kind, script] of Object.entries(errorOutputs)) {
  journey(`a full log disk and an error output ${kind} hold up nobody`, async (harness) => {
    const { app, desktop } = harness;
    await onSmallDisk(desktop, async ({ fill, makeRoom }) => {
      fill();
      await start(harness, script);
      await app.waitForState("signed-out");
      await harness.signIn();
      makeRoom();
      await harness.startSignIn("Add another account");
      await app.press("Cancel");
      await app.waitForState("signed-in");
      await waitFor(
        "the log says what is missing",
        () =>
          desktop.appLogFiles().some((file) => {
            return /log: lines lost count=\d+ cause="No space left/.test(
              readFileSync(file, "utf8"),
            );
          }) || undefined,
      );
      await app.close();
    });
  });
}

journey("what stands in the log's place holds up nobody", async (harness) => {
  const { app, desktop } = harness;
  const today = new Date().toISOString().slice(0, 10);
  const log = join(logFolder(desktop), `sign-in-with-amiqus.${today}.log`);
  await desktop.run("mkfifo", [log]);
  await app.start();
  await app.waitForState("signed-out");
  const printed = await desktop.run(app.program, ["--diagnose"]);
  assert.match(printed, /can't be read: not a regular file/);
  rmSync(log);
  await harness.signIn();
  await waitFor("the log is written again", () =>
    readFileSync(log, "utf8").includes("lines lost count=") ? true : undefined,
  );
  await app.close();
});

// Shows check 32.
journey("the log is its user's alone, one of an earlier version too", async (harness) => {
  const { app, desktop } = harness;
  const folder = logFolder(desktop);
  const earlier = join(folder, "sign-in-with-amiqus.2026-01-02.log");
  writeFileSync(earlier, "an earlier version wrote this\n", { mode: 0o644 });
  await app.start();
  await app.waitForState("signed-out");
  await app.close();
  assert.ok(desktop.appLogFiles().length > 1);
  for (const file of desktop.appLogFiles()) assert.equal(lstatSync(file).mode & 0o777, 0o600, file);
  assert.equal(lstatSync(folder).mode & 0o777, 0o700);
});

/** How many bytes a traced program read out of files whose path has this in it. */
async function bytesRead(trace: string, from: string): Promise<number> {
  let sum = 0;
  let text = "";
  for await (const part of createReadStream(trace, "utf8")) text += String(part);
  for (const [, path = "", count] of text.matchAll(/(?:read|pread64)\(\d+<([^>]*)>.*= (\d+)$/gm)) {
    if (path.includes(from)) sum += Number(count);
  }
  return sum;
}

journey("of two gibibytes of log the report reads only the end", async (harness) => {
  const { app, desktop } = harness;
  const log = join(logFolder(desktop), "sign-in-with-amiqus.2026-01-02.log");
  writeFileSync(log, "");
  truncateSync(log, 2 * 1024 ** 3);
  appendFileSync(log, "\nthe very last line\n");
  const trace = join(desktop.folder, "trace");
  const printed = await desktop.run("sh", [
    "-c",
    // In KiB: a quarter of the log wouldn't fit.
    'ulimit -d 524288; exec strace -f -y -qq -e trace=read,pread64 -e signal=none -o "$0" "$@"',
    trace,
    app.program,
    "--diagnose",
  ]);
  assert.ok(printed.includes("the very last line"), printed);
  assert.ok(Buffer.byteLength(printed) < 100_000);
  const read = await bytesRead(trace, "/logs/");
  assert.ok(read > 0 && read < 256 * 1024, `${String(read)} bytes of the log were read`);
});

journey("a report that nobody reads ends all the same", async (harness) => {
  const { app, desktop } = harness;
  const run = (script: string) => desktop.run("sh", ["-c", script, app.program]);
  const gone = await run('{ "$0" --diagnose; echo "ended with $?" >&2; } 2>&1 >&- | cat');
  assert.match(gone, /ended with [01]\n/);
  const full = await run('"$0" --diagnose 2>&1 >/dev/full; echo "ended with $?"');
  assert.equal(full, "ended with 1\n");
  const unread = await run('{ { "$0" --diagnose; echo "ended with $?" >&2; } | :; } 2>&1');
  assert.match(unread, /^ended with [01]\n$/);
});

journey("a program that can't start ends, whatever its error output is", async (harness) => {
  const { app, desktop } = harness;
  for (const [kind, script] of Object.entries(errorOutputs)) {
    const pipe = join(desktop.folder, kind.replaceAll(" ", "-"));
    const tried = desktop.run("env", ["-u", "DISPLAY", "sh", "-c", script, app.program, pipe]);
    // It has no display to draw on.
    await assert.rejects(tried, /ended with (1|101)\b/);
    assert.deepEqual(app.processIds(), [], kind);
  }
});
