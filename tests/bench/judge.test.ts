/** Which figures raise an alarm in a short run of the benchmark. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./judge";
import type { Goal, Row } from "./rows";

const row = (goal: Goal): Row => ({ id: "row", what: "", floor: "", unit: "ms", goal });
const alarm = (goal: Goal, ours: number[], floor: number[]) =>
  judge(row(goal), { row: "row", ours, floor }).alarm;

void test("alarm_is_not_raised_by_a_process_that_slows_most_rounds", () => {
  const goal: Goal = { kind: "times", most: 1.1 };
  assert.equal(alarm(goal, [900, 1_000, 110], [100, 400, 300]), false);
  assert.equal(judge(row(goal), { row: "row", ours: [900, 1_000, 110], floor: [100] }).held, false);
});

void test("alarm_is_raised_where_even_the_best_round_is_twice_the_goal", () => {
  assert.equal(alarm({ kind: "times", most: 1.1 }, [300, 230, 250], [100, 101, 120]), true);
  assert.equal(alarm({ kind: "above", most: 60 }, [250, 240], [100, 110]), true);
  assert.equal(alarm({ kind: "most", most: 1 }, [2.1, 9], [0.001]), true);
});

void test("alarm_is_raised_by_a_single_count_above_its_limit", () => {
  assert.equal(alarm({ kind: "never above", most: 1 }, [1, 2, 1], [1]), true);
});
