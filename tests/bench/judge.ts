import type { Goal, Row } from "./rows";
import type { Figures } from "./sizes";

/** Summary of the measurements of one figure. */
export type Spread = { median: number; least: number; most: number };

/** A row with its figures, judged by its goal. */
export type Judged = {
  id: string;
  what: string;
  unit: Row["unit"];
  floorIs: string;
  ours: Spread;
  /** `undefined` where the floor has no such step. */
  floor: Spread | undefined;
  /** Ratio of our median to the floor's. */
  ratio: number | undefined;
  goal: Goal;
  /** Whether the goal is held; `undefined` where there is none. */
  held: boolean | undefined;
  /** Whether even the least of its figures is far off: another process only ever adds to a figure. */
  alarm: boolean;
  /** Why a missed goal can't be held. */
  limit: string | undefined;
};

/** The alarm threshold, as a multiple of the goal or of the known limit. */
const ALARM_FACTOR = 2;

/** Judges a row's figures by its goal. */
export function judge(row: Row, figures: Figures): Judged {
  const ours = spread(figures.ours);
  const floor =
    row.goal.kind === "shown" && figures.floor.length === 0 ? undefined : spread(figures.floor);
  const holds = (goal: Goal) =>
    floor === undefined || isWithin(goal, ours.median, ours.most, floor.median);
  const known: Goal = row.limit ? { kind: "times", most: row.limit.most } : row.goal;
  return {
    id: row.id,
    what: row.what,
    unit: row.unit,
    floorIs: row.floor,
    ours,
    floor,
    ratio: floor && ours.median / floor.median,
    goal: row.goal,
    held: row.goal.kind === "shown" ? undefined : holds(row.goal),
    alarm:
      floor !== undefined && !isWithin(known, ours.least, ours.most, floor.least, ALARM_FACTOR),
    limit: row.limit?.why,
  };
}

function isWithin(goal: Goal, ours: number, most: number, floor: number, factor = 1): boolean {
  switch (goal.kind) {
    case "never above":
      return most <= goal.most;
    case "times":
      return ours <= goal.most * factor * floor;
    case "above":
      return ours - floor <= goal.most * factor;
    case "most":
      return ours <= goal.most * factor;
    case "shown":
      return true;
  }
}

/** Summarises measurements; throws where there are none. */
export function spread(figures: number[]): Spread {
  const sorted = [...figures].sort((one, other) => one - other);
  const at = (index: number) => {
    const figure = sorted[index];
    if (figure === undefined) throw new Error("nothing was measured");
    return figure;
  };
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
  return { median, least: at(0), most: at(sorted.length - 1) };
}
