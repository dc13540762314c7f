/** What `npm run audit` finds in lock files that somebody has tampered with. */
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

void test("our own lock files are in order", () => {
  assert.deepEqual(findings(ours), []);
});

const tampered: {
  what: string;
  lock: keyof typeof ours;
  change: [RegExp, string];
  found: RegExp;
}[] = [
  {
    what: "a crate from another registry",
    lock: "cargoLock",
    change: [/registry\+https:\/\/github\.com\/rust-lang\//, "registry+https://example.com/"],
    found: / comes from registry\+https:\/\/example\.com\/crates\.io-index$/,
  },
  {
    what: "a crate from a repository",
    lock: "cargoLock",
    change: [/registry\+https:.*index/, "git+https://example.com/crate#0a1b"],
    found: / comes from git\+https:\/\/example\.com\/crate#0a1b$/,
  },
  {
    what: "a crate without its checksum",
    lock: "cargoLock",
    change: [/checksum = .*\n/, ""],
    found: / has no checksum$/,
  },
  {
    what: "a package without its hash",
    lock: "packageLock",
    change: [/"integrity": "sha512-[^"]+",/, ""],
    found: / has no hash$/,
  },
  {
    what: "a package with a weaker hash",
    lock: "packageLock",
    change: [/"integrity": "sha512-[^"]+"/, '"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="'],
    found: / has no hash$/,
  },
  {
    what: "a package from somebody's own server",
    lock: "packageLock",
    change: [/"integrity": "/, '"resolved": "https://example.com/package.tgz", "integrity": "'],
    found: / comes from https:\/\/example\.com\/package\.tgz$/,
  },
  {
    what: "a package for the window that asks for its users' source",
    lock: "packageLock",
    change: [/("node_modules\/clsx": \{[^}]*"license": )"MIT"/, '$1"AGPL-3.0-only"'],
    found: /^clsx \S+ may be in the window under AGPL-3\.0-only$/,
  },
  {
    what: "a package that is asked for in whichever version",
    lock: "manifest",
    change: [/"svelte": "(\d)/, '"svelte": "^$1'],
    found: /^svelte is asked for as \^/,
  },
  {
    what: "a package that the lock file doesn't know",
    lock: "manifest",
    change: [/"dependencies": \{/, '"dependencies": { "left-pad": "1.3.0",'],
    found: /^left-pad 1\.3\.0 isn't locked$/,
  },
];

for (const { what, lock, change, found } of tampered) {
  void test(`${what} is found`, () => {
    const changed = ours[lock].replace(...change);
    assert.notEqual(changed, ours[lock]);
    const all = findings({ ...ours, [lock]: changed });
    assert.ok(
      all.some((each) => found.test(each)),
      all.join("\n"),
    );
  });
}
