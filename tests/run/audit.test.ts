/** What `npm run audit` does with advisories: a copy of the database with one that concerns us makes it fail. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./prepare.mjs";

const advisory = `\`\`\`toml
[advisory]
id = "RUSTSEC-2026-9999"
package = "url"
date = "2026-01-01"
url = "https://example.com"

[versions]
patched = []
\`\`\`

# Made up for this test
`;

void test("audit_with_an_advisory_for_a_locked_crate_fails_and_names_it", (context) => {
  const copy = mkdtempSync(join(tmpdir(), "advisories-"));
  context.after(() => {
    rmSync(copy, { recursive: true, force: true });
  });
  const audit = () =>
    spawnSync("node", ["--import", "tsx", "tests/run/audit.ts", "--advisory-db", copy], {
      cwd: root,
      encoding: "utf8",
    });
  assert.match(audit().stderr, /is no copy of the advisory database/);

  mkdirSync(join(copy, "crates", "url"), { recursive: true });
  writeFileSync(join(copy, "crates", "url", "RUSTSEC-2026-9999.md"), advisory);
  const ended = audit();
  assert.equal(ended.status, 1);
  assert.match(ended.stdout, /FAILED .*crates: advisories/);
  assert.match(ended.stdout, /RUSTSEC-2026-9999/);
  // Each advisory of .deny.toml that concerns nobody any more is named as well.
  assert.match(ended.stdout, /advisory was not encountered/);
});
