import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "../run/prepare.mjs";
import { inRust, inScript, SUITES } from "./marks";

const FILE = "src-tauri/core/src/redirect/tests.rs";

function rust(text: string, file = FILE) {
  return inRust(file, text, root);
}

test("a mark above a Rust test is taken, with the path that cargo test tells", () => {
  const text = `
/// Two links.
/// Shows checks 3, 10 and 11.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost() {}
`;
  assert.deepEqual(rust(text), {
    proofs: [
      { kind: "rust", file: FILE, name: "redirect::tests::nothing_is_lost", shows: [3, 10, 11] },
    ],
    faults: [],
  });
  const inner = "mod tests {\n    /// Shows check 7.\n    #[test]\n    fn it_is() {}\n}\n";
  for (const [file, name] of [
    ["src-tauri/core/src/secret.rs", "secret::tests::it_is"],
    ["src-tauri/src/diagnostics/mod.rs", "diagnostics::tests::it_is"],
    ["src-tauri/src/lib.rs", "tests::it_is"],
    ["tests/durability/src/bin/crash_test/trace.rs", "trace::tests::it_is"],
  ] as const) {
    assert.equal(rust(inner, file).proofs[0]?.name, name);
  }
  const plain = "/// Shows check 7.\n#[test]\nfn it_is() {}\n";
  for (const [file, name] of [
    ["src-tauri/core/tests/network.rs", "it_is"],
    ["src-tauri/core/tests/keeper/main.rs", "it_is"],
    ["src-tauri/core/tests/keeper/sign_in.rs", "sign_in::it_is"],
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
  const suites = '[\n  // Shows check 43.\n  ["the dependencies", "npm", "run", "audit"],\n];';
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
    ['// Shows check 3.\n["no suite, for it is elsewhere"];', "no test"],
  ] as const) {
    const { proofs, faults } = inScript("tests/e2e/some.test.ts", text);
    assert.deepEqual(proofs, [], text);
    assert.ok(faults.length === 1 && faults[0]?.includes(fault), `${text}: ${faults.join()}`);
  }
});
