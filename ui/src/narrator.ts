import { accountLabel, currentAccount } from "./accounts";
import { announcer } from "./announcer.svelte";
import type { AppState } from "./bindings";
import { isShownByAccount, problemText } from "./problems";
import { fill, words } from "./words";

/** Announces what a state changes on the screen; a new screen speaks through its heading. */
export class Narrator {
  #key: string | null = null;
  #code: string | undefined;
  #current: string | null = null;

  /** Takes the next state, and the key of its screen. */
  follow(appState: AppState, key: string): void {
    const text = this.#newText(appState, key);
    this.#key = key;
    this.#code = appState.problem?.code;
    this.#current = appState.current;
    if (text !== undefined) void announcer.announce(text);
  }

  #newText(appState: AppState, key: string): string | undefined {
    const { problem, setup, current, screen } = appState;
    if (problem && key === this.#key && problem.code !== this.#code) {
      return isShownByAccount(problem, currentAccount(appState))
        ? undefined
        : problemText(problem, setup);
    }
    const isSwitch =
      screen.state === "signed-in" &&
      !screen.just_now &&
      this.#current !== null &&
      this.#current !== current;
    const account = isSwitch ? currentAccount(appState) : undefined;
    return account && fill(words.home.nowUsing, { account: accountLabel(account) });
  }
}
