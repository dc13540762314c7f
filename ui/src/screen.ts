import type { AppState } from "./bindings";

/** Identifies a screen: another one is drawn afresh, and its heading takes the focus. */
export function screenKey(
  { screen, current, problem }: AppState,
  isAdministrator: boolean,
): string {
  switch (screen.state) {
    case "signed-in":
      return `${screen.state} ${screen.just_now} ${current ?? ""}`;
    case "sign-in-again":
      return `${screen.state} ${screen.why} ${current ?? ""}`;
    case "locked":
      return `${screen.state} ${screen.why}`;
    case "signed-out":
      return `${screen.state} ${problem?.code ?? ""}`;
    case "needs-setup":
      return `${screen.state} ${isAdministrator}`;
    case "awaiting-browser":
    case "exchanging-code":
      return screen.state;
  }
}
