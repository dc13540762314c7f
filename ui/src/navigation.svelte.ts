import { Channel } from "@tauri-apps/api/core";
import { commands, type AppState, type Screen, type WindowRequest } from "./bindings";
import { store } from "./store.svelte";

/** What is asked before something is destroyed. */
export type Confirmation =
  { kind: "sign-out"; account: string } | { kind: "forget" } | { kind: "start-over" };

/** Where the user is in the window, as far as the core's state leaves it open. */
class Navigation {
  #settings = $state.raw(false);
  #confirmation = $state.raw<Confirmation | null>(null);
  #isAdministrator = $state.raw(false);
  #state: Screen["state"] | null = null;

  /** Whether the settings lie over the screen. */
  get settings(): boolean {
    return this.#settings;
  }

  /** The question that waits for an answer. */
  get confirmation(): Confirmation | null {
    return this.#confirmation;
  }

  /** Whether the user said that they set this computer up. */
  get isAdministrator(): boolean {
    return this.#isAdministrator;
  }

  openSettings(): void {
    this.#settings = true;
  }

  closeSettings(): void {
    this.#settings = false;
    store.leaveSettings();
  }

  ask(confirmation: Confirmation): void {
    this.#confirmation = confirmation;
  }

  closeConfirmation(): void {
    this.#confirmation = null;
  }

  setAdministrator(isAdministrator: boolean): void {
    this.#isAdministrator = isAdministrator;
  }

  /** Leaves what a new state has made pointless. */
  follow(appState: AppState): void {
    if (this.#confirmation && !isStillAsked(this.#confirmation, appState)) {
      this.closeConfirmation();
    }
    const { state } = appState.screen;
    if (state !== "needs-setup") this.#isAdministrator = false;
    // The settings make way for a screen that its user waits for, and not for news about it.
    const isAwaited = state === "exchanging-code" || state === "locked";
    if (isAwaited && state !== this.#state) this.closeSettings();
    this.#state = state;
  }

  /** Follows what the tray asks of the window. */
  async followRequests(): Promise<void> {
    await commands.followRequests(
      new Channel((request) => {
        this.#onRequest(request);
      }),
    );
  }

  #onRequest(request: WindowRequest): void {
    switch (request.kind) {
      case "sign_out":
        this.ask({ kind: "sign-out", account: request.account });
        break;
      case "settings":
        this.openSettings();
        break;
      case "update":
        void store.update();
        break;
    }
  }
}

export const navigation = new Navigation();

/** Whether there still is what a question is about. */
function isStillAsked(
  confirmation: Confirmation,
  { accounts, screen, unfinished }: AppState,
): boolean {
  switch (confirmation.kind) {
    case "sign-out":
      return accounts.some(({ id }) => id === confirmation.account);
    case "forget":
      return unfinished;
    case "start-over":
      return screen.state === "locked";
  }
}
