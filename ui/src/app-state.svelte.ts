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

type Submitted = { status: "ok"; data: null } | { status: "error"; error: SaveError | CheckError };
type Answer = { status: "ok"; data: null } | { status: "error"; error: Problem };

/** The state as the core last told it. Nothing here is worked out by the window. */
class Told {
  #latest = $state.raw(brought());
  #refusal = $state.raw<Problem | null>(null);
  #computer = $state.raw<ThisComputer | null>(null);
  #report = $state.raw<string | null>(null);

  /** A refused intention may come without a change of state; its problem is shown all the same. */
  readonly appState = $derived.by(() => {
    const latest = this.#latest;
    return latest && { ...latest, problem: latest.problem ?? this.#refusal };
  });

  /** What the shell told of this computer last. */
  get computer(): ThisComputer | null {
    return this.#computer;
  }

  /** Where the last report was saved. */
  get report(): string | null {
    return this.#report;
  }

  async listen(): Promise<void> {
    const answer = await commands.follow(
      new Channel((next) => {
        this.#take(next);
      }),
    );
    if (answer.status === "error") throw new Error(answer.error.code);
  }

  /** Sends an intention to the core; answers whether it was accepted. */
  async intend(intention: () => Promise<Answer>): Promise<boolean> {
    this.#refusal = null;
    try {
      const answer = await intention();
      if (answer.status === "error") this.#refusal = answer.error;
      return answer.status === "ok";
    } catch {
      this.#refusal = { code: "internal", file: null, field: null };
      return false;
    }
  }

  /** Sends a registration; answers the fields to correct, or nothing when it wasn't kept. */
  save(draft: RegistrationDraft): Promise<FieldProblem[] | undefined> {
    return this.#submit(() => commands.saveRegistration(draft));
  }

  /** Has a registration checked; answers the fields to correct, or nothing when it can't be told. */
  check(draft: RegistrationDraft): Promise<FieldProblem[] | undefined> {
    return this.#submit(() => commands.checkRegistration(draft));
  }

  async #submit(submission: () => Promise<Submitted>): Promise<FieldProblem[] | undefined> {
    let faults: FieldProblem[] | undefined;
    await this.intend(async () => {
      const answer = await submission();
      if (answer.status === "error" && answer.error.problem) {
        return { status: "error", error: answer.error.problem };
      }
      faults = answer.status === "error" ? answer.error.fields : [];
      return { status: "ok", data: null };
    });
    return faults;
  }

  /** Asks how this computer stands; what can't be told isn't shown. */
  async lookAtComputer(): Promise<void> {
    try {
      const answer = await commands.thisComputer();
      if (answer.status === "ok") this.#computer = answer.data;
    } catch {
      this.#computer = null;
    }
  }

  /** Sends an intention about this computer, and looks what came of it. */
  async change(intention: () => Promise<Answer>): Promise<void> {
    await this.intend(intention);
    await this.lookAtComputer();
  }

  async saveReport(): Promise<void> {
    this.#report = null;
    await this.intend(async () => {
      const answer = await commands.saveReport();
      if (answer.status === "error") return answer;
      this.#report = answer.data;
      return { status: "ok", data: null };
    });
  }

  #take(next: AppState): void {
    const latest = this.#latest;
    if (latest && next.revision < latest.revision) return;
    if (latest?.screen.state !== next.screen.state) this.#refusal = null;
    this.#latest = next;
  }
}

export const told = new Told();

/** The state that the page brought with it, where it was known by then: it is drawn at once. */
function brought(): AppState | null {
  const data = document.getElementById("state");
  // It would outlive the state that it tells of.
  data?.remove();
  try {
    return data ? (JSON.parse(data.textContent) as AppState) : null;
  } catch {
    // The core tells it again.
    return null;
  }
}

/** For buttons that need nothing but the intention sent. */
export function intend(intention: () => Promise<Answer>): () => void {
  return () => void told.intend(intention);
}
