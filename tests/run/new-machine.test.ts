/**
 * The first steps of `npm test` on a machine that has the toolchain and the system's packages, and has never
 * downloaded anything else: a step that depends on a cache fails here.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root } from "./prepare.mjs";

await test("new_machine_audits_and_builds_with_empty_caches", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "new-machine-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const checkout = join(folder, "checkout");
  copySources(checkout);
  const cache = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const crates = cache("cargo");
  const env = {
    ...process.env,
    CARGO_HOME: crates,
    PIP_CACHE_DIR: cache("pip"),
    XDG_CACHE_HOME: cache("cache"),
    npm_config_cache: cache("npm"),
  };
  const run = (program: string, ...args: string[]) => {
    const ended = spawnSync(program, args, { cwd: checkout, env, encoding: "utf8" });
    assert.equal(ended.status, 0, `${program} ${args.join(" ")}:\n${ended.stdout}${ended.stderr}`);
  };

  run("npm", "test", "--", "dependency audit", "window build");
  assert.ok(readdirSync(crates).includes("registry"), "no crate came into the empty cache");
  // All that a build needs is there by now. The core stands for the rest: to compile everything takes
  // minutes, and CI compiles everything with empty caches anyway.
  run("cargo", "fetch", "--offline", "--locked");
  run("cargo", "build", "--offline", "--locked", "--quiet", "--package", "amiqus-core");
});

/** The files that git would take, as they are now. */
function copySources(to: string): void {
  const listed = spawnSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
    { cwd: root, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 },
  );
  assert.equal(listed.status, 0, listed.stderr);
  const deleted = spawnSync("git", ["ls-files", "-z", "--deleted"], {
    cwd: root,
    encoding: "utf8",
  });
  const gone = new Set(deleted.stdout.split("\0"));
  for (const file of listed.stdout.split("\0")) {
    if (file === "" || gone.has(file)) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(root, file), join(to, file), { verbatimSymlinks: true });
  }
}
