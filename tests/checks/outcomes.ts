/** What the suites of this run left about how each test ended. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
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
      if (name.endsWith(".junit.xml"))
        for (const { name, outcome } of readJUnit(text)) outcomes.#tell(key("rust", name), outcome);
      else if (name.endsWith(".jsonl")) outcomes.#readLines(text);
    }
    return outcomes;
  }

  /** Of a Rust test by its binary and path, of any other by its name: no two of those may have the same. */
  of({ kind, name }: Proof): Outcome {
    return this.#told.get(key(kind, name)) ?? "did not run";
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

/** Each test of nextest's report, which has a suite for each test binary. */
export function readJUnit(text: string): { name: string; outcome: Outcome }[] {
  const report = new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, "text/xml");
  return [...report.getElementsByTagName("testsuite")].flatMap((suite) =>
    [...suite.getElementsByTagName("testcase")].map((test) => {
      const has = (tag: string) => test.getElementsByTagName(tag).length > 0;
      const failed = has("failure") || has("error");
      return {
        name: `${suite.getAttribute("name") ?? ""} ${test.getAttribute("name") ?? ""}`,
        outcome: failed ? "failed" : has("skipped") ? "skipped" : "passed",
      };
    }),
  );
}
