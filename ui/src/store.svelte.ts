import { Channel } from "@tauri-apps/api/core";
import {
  commands,
  type AppState,
  type CheckError,
  type FieldProblem,
  type Problem,
  type RegistrationDraft,
  type SaveError,
  type ThisComputer,
} from "./bindings";

type SubmissionResult =
  { status: "ok"; data: null } | { status: "error"; error: SaveError | CheckError };
type CommandResult = { status: "ok"; data: null } | { status: "error"; error: Problem };
type Command = () => Promise<CommandResult>;

/** The state that the core last sent. The window derives none of it. */
class Store {
  #latest = $state.raw(initialState());
  #commandProblem = $state.raw<Problem | null>(null);
  #computer = $state.raw<ThisComputer | null>(null);
  #report = $state.raw<string | null>(null);

  /** The state, with the problem of a command that was refused without a change of state. */
  readonly appState = $derived.by(() => {
    const latest = this.#latest;
    return latest && { ...latest, problem: latest.problem ?? this.#commandProblem };
  });

  /** What the shell last reported of this computer. */
  get computer(): ThisComputer | null {
    return this.#computer;
  }

  /** The path of the last saved report. */
  get report(): string | null {
    return this.#report;
  }

  /** Subscribes to the core's state. */
  async follow(): Promise<void> {
    const result = await commands.follow(
      new Channel((next) => {
        this.#accept(next);
      }),
    );
    if (result.status === "error") throw new Error(result.error.code);
  }

  /** Sends a command to the core; returns whether it was accepted. */
  async dispatch(command: Command): Promise<boolean> {
    this.#commandProblem = null;
    try {
      const result = await command();
      if (result.status === "error") this.#commandProblem = result.error;
      return result.status === "ok";
    } catch {
      this.#commandProblem = { code: "internal", file: null, field: null };
      return false;
    }
  }

  /** Saves a registration; returns the fields to correct, or `undefined` when it wasn't saved. */
  saveRegistration(draft: RegistrationDraft): Promise<FieldProblem[] | undefined> {
    return this.#submit(() => commands.saveRegistration(draft));
  }

  /** Checks a registration; returns the fields to correct, or `undefined` when the check failed. */
  checkRegistration(draft: RegistrationDraft): Promise<FieldProblem[] | undefined> {
    return this.#submit(() => commands.checkRegistration(draft));
  }

  async #submit(submit: () => Promise<SubmissionResult>): Promise<FieldProblem[] | undefined> {
    let fieldProblems: FieldProblem[] | undefined;
    await this.dispatch(async () => {
      const result = await submit();
      if (result.status === "error" && result.error.problem) {
        return { status: "error", error: result.error.problem };
      }
      fieldProblems = result.status === "error" ? result.error.fields : [];
      return { status: "ok", data: null };
    });
    return fieldProblems;
  }

  /** Asks the shell about this computer; what is unknown isn't shown. */
  async refreshComputer(): Promise<void> {
    try {
      const result = await commands.thisComputer();
      if (result.status === "ok") this.#computer = result.data;
    } catch {
      this.#computer = null;
    }
  }

  /** Sends a command that changes this computer, then asks the shell about it again. */
  async changeComputer(command: Command): Promise<void> {
    await this.dispatch(command);
    await this.refreshComputer();
  }

  async saveReport(): Promise<void> {
    this.#report = null;
    await this.dispatch(async () => {
      const result = await commands.saveReport();
      if (result.status === "error") return result;
      this.#report = result.data;
      return { status: "ok", data: null };
    });
  }

  #accept(next: AppState): void {
    const latest = this.#latest;
    if (latest && next.revision < latest.revision) return;
    if (latest?.screen.state !== next.screen.state) this.#commandProblem = null;
    this.#latest = next;
  }
}

export const store = new Store();

/** The state that came with the page, if it was known by then: it is drawn without waiting. */
function initialState(): AppState | null {
  const data = document.getElementById("state");
  // A reload of the same document would find it outdated.
  data?.remove();
  try {
    return data ? (JSON.parse(data.textContent) as AppState) : null;
  } catch {
    // The core sends it again.
    return null;
  }
}

/** An event handler that sends a command and ignores the result. */
export function dispatcher(command: Command): () => void {
  return () => void store.dispatch(command);
}
