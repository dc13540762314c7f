// @ts-check
/** Node's test runner tells this how each test ended; each becomes a line of JSON for the check table. */
/** @param {AsyncIterable<import("node:test/reporters").TestEvent>} events */
export default async function* lines(events) {
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.nesting > 0) continue;
    const wasSkipped = data.skip !== undefined || data.todo !== undefined;
    const outcome = wasSkipped ? "skipped" : type === "test:pass" ? "passed" : "failed";
    yield `${JSON.stringify({ kind: "typescript", name: data.name, outcome })}\n`;
  }
}
