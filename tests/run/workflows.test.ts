/** Rules of the hosted workflows, which can't be run here. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { root } from "./prepare.mjs";

type Step = { uses?: string; run?: string; env?: Record<string, string> };
type Job = {
  steps: Step[];
  environment?: string;
  env?: Record<string, string>;
  permissions?: Record<string, string>;
};

const folder = join(root, ".github", "workflows");
const jobs = readdirSync(folder).flatMap((file) => {
  const { jobs } = parse(readFileSync(join(folder, file), "utf8")) as { jobs: Record<string, Job> };
  return Object.entries(jobs).map(([name, job]) => ({ name: `${file}: ${name}`, job }));
});

const secretsOf = (part: unknown) => JSON.stringify(part).match(/secrets\.\w+/g) ?? [];

/** What runs code that dependencies bring: build scripts, install scripts, tests. */
const runsScripts = (step: Step) =>
  /\bcargo (build|test|run|clippy|bench)\b|\bnpm (ci|install)\b(?!.*--ignore-scripts)|\bnpm (test|start|run)\b|\.ci\/run/.test(
    step.run ?? "",
  );

void test("every action is pinned to a commit", () => {
  const used = jobs.flatMap(({ job }) => job.steps.flatMap(({ uses }) => uses ?? []));
  assert.ok(used.length > 0);
  for (const action of used) assert.match(action, /@[0-9a-f]{40}$/);
});

void test("no job that has a secret runs a script of a dependency", () => {
  const withSecrets = jobs.filter(({ job }) => secretsOf(job).length > 0);
  assert.ok(withSecrets.length > 0);
  for (const { name, job } of withSecrets) {
    assert.deepEqual(job.steps.filter(runsScripts), [], name);
    assert.equal(job.environment, "release", `${name} has a protected environment`);
  }
});

void test("beside a secret nothing runs but Tauri's own program and the system's", () => {
  const steps = jobs.flatMap(({ job }) => job.steps).filter((step) => secretsOf(step).length > 0);
  assert.equal(steps.length, 2);
  for (const { run = "" } of steps) assert.doesNotMatch(run, /\b(node|npm|npx|tsx|cargo)\b(?!_)/);
});

void test("secrets are given to single steps", () => {
  for (const { name, job } of jobs) assert.deepEqual(secretsOf(job.env ?? {}), [], name);
});

void test("only the job that publishes may write, and it runs nothing of the project's", () => {
  const writing = jobs.filter(({ job }) => Object.values(job.permissions ?? {}).includes("write"));
  assert.deepEqual(
    writing.map(({ name }) => name),
    ["release.yml: publish"],
  );
  for (const { name, job } of writing) {
    assert.deepEqual(secretsOf(job), [], name);
    const commands = job.steps.map(({ run }) => run ?? "").join("\n");
    assert.doesNotMatch(commands, /\b(node|npm|npx|cargo)\b/, name);
  }
});
