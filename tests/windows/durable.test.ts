/**
 * A save that survives a power cut: what is renamed was flushed to the disk before, and the folder's entry after it.
 * No test can cut the power, and a kill loses nothing that was written; so this looks at what Wine asks the kernel
 * for. Wine passes `FlushFileBuffers` of a file or a folder on as `fsync`.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, test } from "node:test";
import { ROOT } from "../harness/paths";
import { testPrograms } from "./rust-tests";
import { prepareToolchain } from "./toolchain";
import { Wine } from "./wine";

/** Follows the flushes and renames of a program and its children. */
const STRACE = [
  ...["strace", "--follow-forks", "--decode-fds=path", "--quiet=all", "--signal=none"],
  "--trace=fsync,fdatasync,rename",
];

const SAVE = "maintenance::saved_records_are_read_after_reopening";

const toolchain = prepareToolchain(console.log);
const folder = mkdtempSync(join(tmpdir(), "amiqus-wine-"));
const wine = Wine.create(toolchain, folder);
after(() => {
  wine.remove();
});

type Call = { name: "fsync"; file: string } | { name: "rename"; from: string; to: string };

/** Reads the calls that succeeded from what strace wrote. */
function callsIn(trace: string): Call[] {
  return trace.split("\n").flatMap((line): Call[] => {
    const [, file] = /\bf(?:data)?sync\(\d+<(.+)>\) += 0$/.exec(line) ?? [];
    if (file !== undefined) return [{ name: "fsync", file }];
    const [, from, to] = /\brename\("(.+)", "(.+)"\) += 0$/.exec(line) ?? [];
    return from !== undefined && to !== undefined ? [{ name: "rename", from, to }] : [];
  });
}

/** The same file, whichever of its two paths Wine uses. */
const within = (path: string) =>
  path.replace("/dosdevices/c:/", "/drive_c/").split("/drive_c/").at(-1) ?? path;

test("each file of a saved vault is flushed before it is renamed, and its folder after", () => {
  const vault = testPrograms(toolchain).find(({ name }) => name.startsWith("vault "));
  assert.ok(vault);
  // Its server must be a child of the program that follows it.
  wine.end();
  const trace = join(folder, "trace");
  const ended = wine.run(vault.file, ["--exact", SAVE], {
    cwd: join(ROOT, "src-tauri"),
    under: [...STRACE, "--output", trace],
  });
  assert.match(ended.stdout, /test result: ok\. 1 passed/, `${ended.stdout}${ended.stderr}`);

  const calls = callsIn(readFileSync(trace, "utf8"));
  const renamed = new Set<string>();
  for (const [index, call] of calls.entries()) {
    if (call.name !== "rename" || !call.to.includes("/vault/")) continue;
    const name = basename(call.to);
    renamed.add(name);
    const isFlush = (file: string) => (other: Call) =>
      other.name === "fsync" && within(other.file) === within(file);
    const next = calls.findIndex((other, at) => at > index && other.name === "rename");
    assert.ok(calls.slice(0, index).some(isFlush(call.from)), `${name} isn't flushed before`);
    assert.ok(
      calls.slice(index + 1, next === -1 ? undefined : next).some(isFlush(dirname(call.to))),
      `the folder isn't flushed after ${name}`,
    );
  }
  assert.deepEqual([...renamed].sort(), ["key.json", "vault.stronghold"]);
});
