import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../run/prepare.mjs";
import { inRust, inScript, readMarks, SUITES } from "./marks";
import { readJUnit } from "./outcomes";
import { table } from "./table";

const FILE = "src-tauri/core/src/redirect/tests.rs";

function rust(text: string, file = FILE) {
  return inRust(file, text, root);
}

test("a mark above a Rust test is taken, with its binary and path as nextest names them", () => {
  const text = `
/// Two links.
/// Shows checks 3, 10 and 11.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost() {}
`;
  assert.deepEqual(rust(text), {
    proofs: [
      {
        kind: "rust",
        file: FILE,
        name: "amiqus-core redirect::tests::nothing_is_lost",
        shows: [3, 10, 11],
      },
    ],
    faults: [],
  });
  const inner = "mod tests {\n    /// Shows check 7.\n    #[test]\n    fn it_is() {}\n}\n";
  for (const [file, name] of [
    ["src-tauri/core/src/secret.rs", "amiqus-core secret::tests::it_is"],
    ["src-tauri/src/diagnostics/mod.rs", "sign-in-with-amiqus diagnostics::tests::it_is"],
    ["src-tauri/src/lib.rs", "sign-in-with-amiqus tests::it_is"],
    [
      "tests/durability/src/bin/crash_test/trace.rs",
      "durability::bin/crash-test trace::tests::it_is",
    ],
  ] as const) {
    assert.equal(rust(inner, file).proofs[0]?.name, name);
  }
  const plain = "/// Shows check 7.\n#[test]\nfn it_is() {}\n";
  for (const [file, name] of [
    ["src-tauri/core/tests/network.rs", "amiqus-core::network it_is"],
    ["src-tauri/core/tests/runtime/main.rs", "amiqus-core::runtime it_is"],
    ["src-tauri/core/tests/runtime/sign_in.rs", "amiqus-core::runtime sign_in::it_is"],
  ] as const) {
    assert.equal(rust(plain, file).proofs[0]?.name, name);
  }
});

test("a mark that shows nothing is a fault in Rust", () => {
  for (const [text, fault] of [
    ["/// Shows check 3.\nfn no_test() {}", "no test"],
    ["/// Shows check 3.\n\n#[test]\nfn far_away() {}", "no test"],
    ["/// Shows check 3.\n#[derive(Debug)]\nstruct NoTest;", "no test"],
    ['/// Shows check 3.\n#[test]\n#[ignore = "slow"]\nfn ignored() {}', "ignored"],
    ["/// Shows check three.\n#[test]\nfn unclear() {}", "not how a mark is written"],
    ["/// Shows checks 3.\n#[test]\nfn of_many() {}", "not how a mark is written"],
    ["// Shows check 3.\n#[test]\nfn no_doc() {}", "not how a mark is written"],
    ["/// It shows check 3.\n#[test]\nfn in_passing() {}", "not how a mark is written"],
  ] as const) {
    const { proofs, faults } = rust(text);
    assert.deepEqual(proofs, []);
    assert.ok(faults.length === 1 && faults[0]?.includes(fault), `${text}: ${faults.join()}`);
  }
});

test("a mark above a journey, a test or a suite is taken", () => {
  const text = `
const long = "its name stands above";
// Shows check 1.
journey("it is so", play);
for (const one of several) {
  // What it is for.
  // Shows checks 2 and 3.
  test(long, play);
}
`;
  const { proofs, faults } = inScript("tests/e2e/some.test.ts", text);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    proofs.map(({ name, shows }) => [name, shows]),
    [
      ["it is so", [1]],
      ["its name stands above", [2, 3]],
    ],
  );
  const suites = '[\n  // Shows check 43.\n  { name: "the dependencies", command: ["npm"] },\n];';
  assert.equal(inScript(SUITES, suites).proofs[0]?.name, "the dependencies");
});

test("a mark that shows nothing is a fault in a script", () => {
  for (const [text, fault] of [
    ["// Shows check 3.\nprepare();", "no test"],
    ["// Shows check 3.\n\ntest('far away', play);", "no test"],
    ["// Shows check 3.\n// and more.\ntest('not the last line', play);", "no test"],
    ["// Shows check 3.\ntest.skip('skipped', play);", "no test"],
    ["// Shows check 3.\ntest(`of ${one}`, play);", "not plain text"],
    ["// Shows 3, as check.\n// shows check 3\ntest('unclear', play);", "not how a mark"],
    ["/// Shows check 3.\ntest('as in Rust', play);", "not how a mark"],
    ['// Shows check 3.\n[{ name: "no suite, for it is elsewhere" }];', "no test"],
  ] as const) {
    const { proofs, faults } = inScript("tests/e2e/some.test.ts", text);
    assert.deepEqual(proofs, [], text);
    assert.ok(faults.length === 1 && faults[0]?.includes(fault), `${text}: ${faults.join()}`);
  }
});

test("nextest's report is read, a failed and a skipped test among the others", () => {
  const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="4">
  <testsuite name="amiqus-core">
    <testcase name="a::passes" classname="amiqus-core" time="0.1"/>
    <testcase name="a::fails" classname="amiqus-core" time="0.1">
      <failure type="test failure">text &amp; more</failure>
    </testcase>
  </testsuite>
  <testsuite name="amiqus-core::network">
    <testcase name="a::passes" classname="amiqus-core::network"><skipped/></testcase>
  </testsuite>
</testsuites>`;
  assert.deepEqual(readJUnit(report), [
    { name: "amiqus-core a::passes", outcome: "passed" },
    { name: "amiqus-core a::fails", outcome: "failed" },
    { name: "amiqus-core::network a::passes", outcome: "skipped" },
  ]);
  assert.throws(() => readJUnit(report.slice(0, -30)));
});

test("the table is the one that the marks make", () => {
  const { proofs, faults } = readMarks(root);
  assert.deepEqual(faults, []);
  const written = readFileSync(join(root, "tests", "checks", "README.md"), "utf8");
  assert.ok(written === table(proofs), "README.md is stale: npm run checks -- --write");
});
