import type { Goal, Row } from "./rows";
import type { Figures } from "./sizes";

export type Spread = { median: number; least: number; most: number };

export type Judged = {
  id: string;
  what: string;
  unit: Row["unit"];
  floorIs: string;
  ours: Spread;
  /** Nothing where the floor has no such step. */
  floor: Spread | undefined;
  /** Ours in floors, by their medians. */
  ratio: number | undefined;
  goal: Goal;
  /** Whether it holds its goal; nothing where it has none. */
  held: boolean | undefined;
  /** Whether even the least of its figures is far off: another process only ever adds to a figure. */
  alarm: boolean;
  /** Why a goal that is missed can't be held. */
  limit: string | undefined;
};

/** How many times its goal, or what its limit leads to, a figure may be before an alarm is raised. */
const GENEROUS = 2;

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
    alarm: floor !== undefined && !isWithin(known, ours.least, ours.most, floor.least, GENEROUS),
    limit: row.limit?.why,
  };
}

function isWithin(goal: Goal, ours: number, most: number, floor: number, generosity = 1): boolean {
  switch (goal.kind) {
    case "never above":
      return most <= goal.most;
    case "times":
      return ours <= goal.most * generosity * floor;
    case "above":
      return ours - floor <= goal.most * generosity;
    case "most":
      return ours <= goal.most * generosity;
    case "shown":
      return true;
  }
}

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
