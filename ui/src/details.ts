import type { Code, SetupView, ThisComputer } from "./bindings";
import { fill, words } from "./words";

/** What an IT team needs to know about a problem. It has no names in it. */
export function detailsForIt(
  code: Code | null,
  since: Date,
  setup: SetupView,
  computer: ThisComputer | null,
): string {
  const values = {
    ...systemOf(computer),
    service: hostOf(setup.base_url),
    time: since.toISOString(),
    code: code ?? words.problemDetail.none,
  };
  return words.problemDetail.details.map((line) => fill(line, values)).join("\n");
}

/** How an IT team sets up this computer. */
export function instructionsForIt(setup: SetupView, computer: ThisComputer | null): string {
  const values = {
    ...systemOf(computer),
    redirect: setup.redirect_url,
    file: computer?.provisioning_file ?? "",
  };
  return words.needsSetup.instructions.map((line) => fill(line, values)).join("\n");
}

function systemOf(computer: ThisComputer | null): { version: string; system: string } {
  return { version: computer?.version ?? "", system: computer?.system ?? "" };
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
