import type { Judged, Spread } from "./judge";
import type { Goal } from "./rows";

/** Formats the results as a Markdown table with aligned columns. */
export function table(rows: Judged[], machine: string): string {
  const lines = rows.map((row) => [
    row.what,
    figure(row.ours, row.unit),
    row.floor ? `${figure(row.floor, row.unit)}: ${row.floorIs}` : "has no such step",
    row.ratio === undefined ? "" : `${ratio(row.ratio)} ×`,
    goal(row.goal, row.unit),
    row.held === undefined ? "" : row.held ? "yes" : "**no**",
  ]);
  const head = ["what", "ours: median (least to most)", "floor", "ratio", "goal", "held?"];
  const cells = [head, head.map(() => ""), ...lines];
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((line) => (line[column] ?? "").length)),
  );
  const text = cells.map((line, number) => {
    const padded = line.map((cell, column) =>
      number === 1 ? "-".repeat(widths[column] ?? 3) : cell.padEnd(widths[column] ?? 3),
    );
    return `| ${padded.join(" | ")} |`;
  });
  const limits = rows
    .filter((row) => row.held === false && row.limit !== undefined)
    .map((row) => `- _${row.what}_: ${row.limit ?? ""}`);
  return [`Measured on ${machine}.`, "", ...text, "", ...limits].join("\n").trimEnd();
}

function figure({ median, least, most }: Spread, unit: string): string {
  const middle = `${number(median)}${unit && ` ${unit}`}`;
  return least === most ? middle : `${middle} (${number(least)} to ${number(most)})`;
}

function number(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString("en-GB");
  if (value >= 100) return value.toFixed(0);
  if (value >= 1) return value.toFixed(1);
  return value.toPrecision(2);
}

function ratio(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-GB") : value.toPrecision(3);
}

function goal(goal: Goal, unit: string): string {
  switch (goal.kind) {
    case "times":
      return `≤ ${String(goal.most)} ×`;
    case "above":
      return `≤ ${String(goal.most)} ${unit} above`;
    case "never above":
    case "most":
      return `≤ ${String(goal.most)} ${unit}`;
    case "shown":
      return "shown";
  }
}
