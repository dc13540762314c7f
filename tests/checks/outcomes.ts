/** What the suites of this run left about how each test ended. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OUTCOMES } from "../run/suites.mjs";
import type { Proof } from "./marks";

export type Outcome =
  "passed" | "failed" | "skipped" | "did not run" | "there are two of that name";

/** A line of `reporter.mjs`, or of the suites'. */
type Told = { kind: Proof["kind"]; name: string; outcome: Outcome };

export class Outcomes {
  readonly #told = new Map<string, Outcome>();

  /** Of this run: the run itself begins with an empty folder. */
  static ofThisRun(): Outcomes {
    const outcomes = new Outcomes();
    if (!existsSync(OUTCOMES)) return outcomes;
    for (const name of readdirSync(OUTCOMES)) {
      const text = readFileSync(join(OUTCOMES, name), "utf8");
      if (name.endsWith(".cargo-test.txt")) outcomes.#readCargo(text);
      else if (name.endsWith(".jsonl")) outcomes.#readLines(text);
    }
    return outcomes;
  }

  /** By its name alone: no test runner tells where a test stands, so no two may have the same. */
  of({ kind, name }: Proof): Outcome {
    return this.#told.get(key(kind, name)) ?? "did not run";
  }

  /** `cargo test` says a test's path among the modules of its target, and not which target that is. */
  #readCargo(text: string): void {
    for (const line of text.split("\n")) {
      const [, name, word] =
        /^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)/.exec(line) ?? [];
      if (!name || !word) continue;
      const outcome = word === "ok" ? "passed" : word === "ignored" ? "skipped" : "failed";
      this.#tell(key("rust", name), outcome);
    }
  }

  #readLines(text: string): void {
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const { kind, name, outcome } = JSON.parse(line) as Told;
      this.#tell(key(kind, name), outcome);
    }
  }

  #tell(test: string, outcome: Outcome): void {
    this.#told.set(test, this.#told.has(test) ? "there are two of that name" : outcome);
  }
}

function key(kind: Proof["kind"], name: string): string {
  return JSON.stringify([kind, name]);
}
