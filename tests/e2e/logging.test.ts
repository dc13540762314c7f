/** The log and the report on full disks, blocked outputs and odd files. */
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
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines, reportLines } from "../harness/log-lines";
import { waitFor } from "../harness/processes";

function logFolder(desktop: Desktop): string {
  const folder = join(String(desktop.env.XDG_DATA_HOME), "co.amiqus.signin", "logs");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

/**
 * Mounts a small disk on the log's folder while `run` runs. On it are the logs of eight days, none of
 * which can be removed.
 */
async function withSmallLogDisk(
  desktop: Desktop,
  run: (disk: { fill: () => void; free: () => void }) => Promise<void>,
): Promise<void> {
  const folder = logFolder(desktop);
  await desktop.runAsRoot(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "none", folder]);
  const ballast = join(folder, "ballast");
  try {
    for (let day = 1; day <= 8; day += 1) {
      const oldLog = join(folder, `sign-in-with-amiqus.2026-01-0${String(day)}.log`);
      writeFileSync(oldLog, "");
      await desktop.runAsRoot(["mount", "--bind", oldLog, oldLog]);
    }
    await run({
      fill: () => {
        assert.throws(() => {
          for (;;) appendFileSync(ballast, Buffer.alloc(512));
        }, /ENOSPC/);
      },
      free: () => {
        rmSync(ballast);
      },
    });
  } finally {
    await desktop.runAsRoot(["umount", "--lazy", "--recursive", folder]);
  }
}

/** Scripts that start a program with a standard error that takes no output. */
const BLOCKED_OUTPUTS = {
  "a closed standard error": `
    mkfifo "$1"
    exec 8<>"$1" 9>"$1" 8<&-
    exec "$0" 2>&9 9>&-`,
  "a full standard error": `
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

for (const [condition, script] of Object.entries(BLOCKED_OUTPUTS)) {
  journey(`full log disk with ${condition} doesn't block the app`, async (harness) => {
    const { app, desktop } = harness;
    await withSmallLogDisk(desktop, async ({ fill, free }) => {
      fill();
      await start(harness, script);
      await app.waitForState("signed-out");
      await harness.signIn();
      free();
      await harness.startSignIn("Add another account");
      await app.press("Cancel");
      await app.waitForState("signed-in");
      await waitFor("the log reports the lost lines", () =>
        desktop.appLogFiles().some((file) => {
          const lines = readFileSync(file, "utf8").split("\n");
          return lines.some(
            (line) => line.includes(logLines.linesLost) && line.includes("No space left"),
          );
        }),
      );
      await app.close();
    });
  });
}

journey("pipe in place of the log doesn't block the app", async (harness) => {
  const { app, desktop } = harness;
  const today = new Date().toISOString().slice(0, 10);
  const log = join(logFolder(desktop), `sign-in-with-amiqus.${today}.log`);
  await desktop.run("mkfifo", [log]);
  await app.start();
  await app.waitForState("signed-out");
  const printed = await desktop.run(app.program, ["--diagnose"]);
  assert.ok(printed.includes(reportLines.logNotAFile), printed);
  rmSync(log);
  await harness.signIn();
  await waitFor("the log is written again", () =>
    readFileSync(log, "utf8").includes(logLines.linesLost),
  );
  await app.close();
});

// Shows check 32.
journey("log of any version is readable by its user alone", async (harness) => {
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

/** Sums the bytes that a traced program read from files whose path contains this. */
async function bytesRead(trace: string, pathPart: string): Promise<number> {
  let sum = 0;
  let text = "";
  for await (const chunk of createReadStream(trace, "utf8")) text += String(chunk);
  for (const [, path = "", count] of text.matchAll(/(?:read|pread64)\(\d+<([^>]*)>.*= (\d+)$/gm)) {
    if (path.includes(pathPart)) sum += Number(count);
  }
  return sum;
}

journey("report reads only the end of a log of two gibibytes", async (harness) => {
  const { app, desktop } = harness;
  const log = join(logFolder(desktop), "sign-in-with-amiqus.2026-01-02.log");
  writeFileSync(log, "");
  truncateSync(log, 2 * 1024 ** 3);
  appendFileSync(log, "\nthe very last line\n");
  const trace = join(desktop.folder, "trace");
  const printed = await desktop.run("sh", [
    "-c",
    // In KiB: not even a quarter of the log fits into memory.
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

journey("report whose output isn't read ends all the same", async (harness) => {
  const { app, desktop } = harness;
  const run = (script: string) => desktop.run("sh", ["-c", script, app.program]);
  const closed = await run('{ "$0" --diagnose; echo "ended with $?" >&2; } 2>&1 >&- | cat');
  assert.match(closed, /ended with [01]\n/);
  const full = await run('"$0" --diagnose 2>&1 >/dev/full; echo "ended with $?"');
  assert.equal(full, "ended with 1\n");
  const unread = await run('{ { "$0" --diagnose; echo "ended with $?" >&2; } | :; } 2>&1');
  assert.match(unread, /^ended with [01]\n$/);
});

journey("failed start exits even where its error output blocks", async (harness) => {
  const { app, desktop } = harness;
  for (const [condition, script] of Object.entries(BLOCKED_OUTPUTS)) {
    const pipe = join(desktop.folder, condition.replaceAll(" ", "-"));
    const start = desktop.run("env", ["-u", "DISPLAY", "sh", "-c", script, app.program, pipe]);
    // It has no display to draw on.
    await assert.rejects(start, /ended with (1|101)\b/);
    assert.deepEqual(app.processIds(), [], condition);
  }
});
