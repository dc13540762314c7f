/** The list of what a run changes on the machine, held against the tests themselves. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { machineTests, withoutMachineJourneys } from "./machine.mjs";
import { root } from "./prepare.mjs";

const listed = [...machineTests.rust, ...machineTests.journeys];
const read = (file: string) => readFileSync(join(root, file), "utf8");

void test("each listed test stands in its file", () => {
  for (const { file, names } of listed) {
    const text = read(file);
    for (const name of names) {
      const last = name.split("::").filter(Boolean).at(-1) ?? "";
      const isThere = file.endsWith(`/${last}.rs`) || text.includes(last);
      assert.ok(isThere, `${file} has no ${name}`);
    }
  }
});

void test("each test file that asks for root is listed", () => {
  const files = ["src-tauri", "tests/durability/tests", "tests/e2e"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(rs|ts)$/.test(name))
      .map((name) => `${folder}/${name}`),
  );
  const asking = files.filter((file) =>
    /"sudo"|\bas_?root\(&?\[|whileNetworkComes\(/i.test(read(file)),
  );
  const known = new Set(listed.map(({ file }) => file));
  // What the tests of that folder ask with.
  known.add("tests/durability/tests/suite/root.rs");
  assert.deepEqual(
    asking.filter((file) => !known.has(file)),
    [],
  );
});

void test("the pattern leaves out what is listed and nothing else", () => {
  const pattern = new RegExp(withoutMachineJourneys);
  for (const { names } of machineTests.journeys) {
    for (const name of names) assert.doesNotMatch(name, pattern);
  }
  assert.match("report never replaces a file or follows a link", pattern);
});
