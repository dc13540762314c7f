// @ts-check
/** The tools of `tools.txt`, installed into `target/tools` at their first use. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./prepare.mjs";

const list = join("tests", "run", "tools.txt");
const digest = createHash("sha256")
  .update(readFileSync(join(root, list)))
  .digest("hex");
// A changed list gets a folder of its own, so that no tool of another version is taken.
const folder = join(root, "target", "tools", digest.slice(0, 16));

/**
 * The path of a tool.
 * @param {"cargo-deny" | "cargo-nextest" | "cargo-shear" | "typos" | "zizmor"} name
 */
export function tool(name) {
  const program = join(folder, "bin", process.platform === "win32" ? `${name}.exe` : name);
  if (!existsSync(program)) install();
  return program;
}

/** The environment in which cargo finds its subcommands among the tools. */
export function withTools() {
  tool("cargo-nextest");
  return { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH ?? ""}` };
}

function install() {
  const beside = `${folder}.partial`;
  rmSync(beside, { recursive: true, force: true });
  const quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action", "ignore"];
  const checked = ["--require-hashes", "--only-binary", ":all:", "--no-deps"];
  const ended = spawnSync(
    process.platform === "win32" ? "python" : "python3",
    ["-m", "pip", "install", ...quiet, ...checked, "--target", beside, "--requirement", list],
    { cwd: root, encoding: "utf8" },
  );
  if (ended.status !== 0) {
    const why = ended.error?.message ?? ended.stderr;
    throw new Error(`pip can't install the tools of ${list} (Debian: python3-pip): ${why}`);
  }
  // In one move, so that a broken-off installation isn't taken for a whole one.
  rmSync(folder, { recursive: true, force: true });
  renameSync(beside, folder);
}
