import { test } from "node:test";
import { onStage, type Stage, type StageChoices } from "./stage";

/** How long a journey may take, its stage's setting and striking included, in milliseconds. */
const PATIENCE = 90_000;

/** A journey: one test, on a stage of its own that is struck however it ends. */
export function journey(
  name: string,
  play: (stage: Stage) => Promise<void>,
  choices: StageChoices = {},
): void {
  test(name, { timeout: PATIENCE }, () => onStage(name, play, choices));
}
