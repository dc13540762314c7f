/** What `npm run audit` finds in lock files that were tampered with. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findings } from "../run/lock-files";
import { ROOT } from "../harness/paths";

const text = (name: string) => readFileSync(join(ROOT, name), "utf8");
const ours = {
  cargoLock: text("Cargo.lock"),
  packageLock: text("package-lock.json"),
  manifest: text("package.json"),
};

void test("own lock files have no findings", () => {
  assert.deepEqual(findings(ours), []);
});

const tampered: {
  change: string;
  lock: keyof typeof ours;
  edit: [RegExp, string];
  finding: RegExp;
}[] = [
  {
    change: "crate from another registry",
    lock: "cargoLock",
    edit: [/registry\+https:\/\/github\.com\/rust-lang\//, "registry+https://example.com/"],
    finding: / comes from registry\+https:\/\/example\.com\/crates\.io-index$/,
  },
  {
    change: "crate from a repository",
    lock: "cargoLock",
    edit: [/registry\+https:.*index/, "git+https://example.com/crate#0a1b"],
    finding: / comes from git\+https:\/\/example\.com\/crate#0a1b$/,
  },
  {
    change: "crate without a checksum",
    lock: "cargoLock",
    edit: [/checksum = .*\n/, ""],
    finding: / has no checksum$/,
  },
  {
    change: "package without a hash",
    lock: "packageLock",
    edit: [/"integrity": "sha512-[^"]+",/, ""],
    finding: / has no hash$/,
  },
  {
    change: "package with a weaker hash",
    lock: "packageLock",
    edit: [/"integrity": "sha512-[^"]+"/, '"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="'],
    finding: / has no hash$/,
  },
  {
    change: "package from a private server",
    lock: "packageLock",
    edit: [/"integrity": "/, '"resolved": "https://example.com/package.tgz", "integrity": "'],
    finding: / comes from https:\/\/example\.com\/package\.tgz$/,
  },
  {
    change: "package for the window under a network copyleft licence",
    lock: "packageLock",
    edit: [/("node_modules\/clsx": \{[^}]*"license": )"MIT"/, '$1"AGPL-3.0-only"'],
    finding: /^clsx \S+ may be in the window under AGPL-3\.0-only$/,
  },
  {
    change: "package without an exact version",
    lock: "manifest",
    edit: [/"svelte": "(\d)/, '"svelte": "^$1'],
    finding: /^svelte is asked for as \^/,
  },
  {
    change: "package that is not in the lock file",
    lock: "manifest",
    edit: [/"dependencies": \{/, '"dependencies": { "left-pad": "1.3.0",'],
    finding: /^left-pad 1\.3\.0 isn't locked$/,
  },
];

for (const { change, lock, edit, finding } of tampered) {
  void test(`${change} is found`, () => {
    const changed = ours[lock].replace(...edit);
    assert.notEqual(changed, ours[lock]);
    const all = findings({ ...ours, [lock]: changed });
    assert.ok(
      all.some((each) => finding.test(each)),
      all.join("\n"),
    );
  });
}
