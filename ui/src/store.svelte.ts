import { Channel } from "@tauri-apps/api/core";
import { announcer } from "./announcer.svelte";
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
import { detailsForIt } from "./details";
import { messageText, words } from "./words";

type SubmissionResult =
  { status: "ok"; data: null } | { status: "error"; error: SaveError | CheckError };
type CommandResult = { status: "ok"; data: null } | { status: "error"; error: Problem };
type Command = () => Promise<CommandResult>;

/** A problem, and when it arose. */
type Dated = { problem: Problem; since: Date };

/** Where a problem that concerns this computer alone is shown: beside the control that led to it. */
export type Place =
  | "at-login"
  | "contact"
  | "details"
  | "licences"
  | "links"
  | "notifications"
  | "report"
  | "setup"
  | "update";

/** What became of a set-up that an administrator entered. */
export type SetupOutcome =
  | { kind: "saved" }
  /** These fields must be corrected. */
  | { kind: "faulty"; fields: FieldProblem[] }
  /** Amiqus could not be asked. */
  | { kind: "unchecked" }
  /** It could not be saved. */
  | { kind: "refused" };

/** The state that the core last sent, and what came of the commands that the window sent. */
class Store {
  #latest = $state.raw(initialState());
  #stateProblemSince = $state.raw(new Date());
  #answer = $state.raw<Dated | null>(null);
  #placed = $state.raw<(Dated & { place: Place }) | null>(null);
  #computer = $state.raw<ThisComputer | null>(null);
  #report = $state.raw<string | null>(null);
  #isChecking = $state.raw(false);
  #isUpdating = $state.raw(false);
  #isSetupSaved = $state.raw(false);
  /** Whether the user may have changed something at Amiqus, on a page that was opened from here. */
  #hasBeenAtAmiqus = false;

  /** The state, with the problem of a command that was refused without a change of state. */
  readonly appState = $derived.by(() => {
    const latest = this.#latest;
    return latest && { ...latest, problem: latest.problem ?? this.#answer?.problem ?? null };
  });

  /** Whether the problem of the state is the answer to a command, and not news from the core. */
  get isAnswered(): boolean {
    return this.#answer !== null && !this.#latest?.problem;
  }

  /** What the shell last reported of this computer. */
  get computer(): ThisComputer | null {
    return this.#computer;
  }

  /** The path of the last saved report. */
  get report(): string | null {
    return this.#report;
  }

  /** Whether the current account is being checked because the user asked for it. */
  get isChecking(): boolean {
    return this.#isChecking;
  }

  /** Whether an update is being installed. */
  get isUpdating(): boolean {
    return this.#isUpdating;
  }

  /** Whether a set-up was saved, and nobody has begun to sign in since. */
  get isSetupSaved(): boolean {
    return this.#isSetupSaved;
  }

  /** When the problem of the state arose. */
  get problemSince(): Date {
    return this.#latest?.problem || !this.#answer ? this.#stateProblemSince : this.#answer.since;
  }

  /** The problem that is shown beside a control, if any. */
  get placedProblem(): Problem | null {
    return this.#placed?.problem ?? null;
  }

  /** The problem that belongs to this place. */
  problemAt(place: Place): Problem | null {
    return this.#placed?.place === place ? this.#placed.problem : null;
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
    this.#answer = null;
    const problem = await problemOf(command);
    this.#answer = problem && dated(problem);
    return problem === null;
  }

  /** Stops showing the problem of the state. */
  async dismissProblem(): Promise<void> {
    this.#answer = null;
    if (this.#latest?.problem) await this.dispatch(commands.dismissProblem);
  }

  /** Forgets what was shown in the settings. */
  leaveSettings(): void {
    this.#placed = null;
    this.#report = null;
  }

  /** Checks a registration with Amiqus, then saves it. */
  async setUp(draft: RegistrationDraft): Promise<SetupOutcome> {
    const checked = await this.#submit(() => commands.checkRegistration(draft));
    if (checked.kind !== "saved")
      return checked.kind === "refused" ? { kind: "unchecked" } : checked;
    return this.saveRegistration(draft);
  }

  /** Saves a registration without checking it with Amiqus. */
  async saveRegistration(draft: RegistrationDraft): Promise<SetupOutcome> {
    const outcome = await this.#submit(() => commands.saveRegistration(draft));
    if (outcome.kind === "saved") {
      this.#isSetupSaved = true;
      void announcer.announce(messageText(words.signedOut.setupSaved));
    }
    return outcome;
  }

  async #submit(submit: () => Promise<SubmissionResult>): Promise<SetupOutcome> {
    let fields: FieldProblem[] = [];
    const accepted = await this.dispatch(async () => {
      const result = await submit();
      if (result.status === "error" && result.error.problem) {
        return { status: "error", error: result.error.problem };
      }
      fields = result.status === "error" ? (result.error.fields ?? []) : [];
      return { status: "ok", data: null };
    });
    if (!accepted) return { kind: "refused" };
    return fields.length > 0 ? { kind: "faulty", fields } : { kind: "saved" };
  }

  /** Asks Amiqus about the current account. */
  async check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    await this.dispatch(commands.me);
    this.#isChecking = false;
  }

  /** Opens the page where users remove this app's access; the account is checked once they are back. */
  async openTeamApps(): Promise<void> {
    this.#hasBeenAtAmiqus = true;
    await this.dispatch(() => commands.openPage("team_apps"));
  }

  /** Asks Amiqus about the current account if the user may have changed something there. */
  async checkAfterAmiqus(): Promise<void> {
    if (!this.#hasBeenAtAmiqus) return;
    this.#hasBeenAtAmiqus = false;
    // Nobody asked for it, so its failure is not shown.
    await problemOf(commands.me);
  }

  /** Renews the current account's tokens. */
  async renew(): Promise<void> {
    void announcer.announce(words.home.renewing);
    if (await this.dispatch(commands.refresh)) void announcer.announce(words.home.renewed);
  }

  /** Makes an account the current one and signs it in again. */
  async signInAgain(account: string): Promise<void> {
    if (await this.dispatch(() => commands.switchAccount(account))) {
      await this.dispatch(commands.authorize);
    }
  }

  /** Copies a text and announces it; returns whether it was copied. */
  async copy(text: string, announcement: string): Promise<boolean> {
    return this.#copyBy(() => commands.copyText(text), announcement);
  }

  /** Copies the address that the browser was opened with. It never reaches this window. */
  async copyAuthorizationUrl(): Promise<boolean> {
    return this.#copyBy(commands.copyAuthorizationUrl, words.awaitingBrowser.addressCopied);
  }

  /** Copies what an IT team needs to know about the problem that is shown, if any. */
  async copyDetails(): Promise<boolean> {
    const state = this.appState;
    if (!state) return false;
    const { problem, since } = this.#placed ?? {
      problem: state.problem,
      since: state.problem ? this.problemSince : new Date(),
    };
    const details = detailsForIt(problem?.code ?? null, since, state.setup, this.#computer);
    return this.copy(details, words.problemDetail.copied);
  }

  /** A copy leaves the problem that is shown as it is: the button that copied may be its own. */
  async #copyBy(command: Command, announcement: string): Promise<boolean> {
    const problem = await problemOf(command);
    if (problem) this.#answer = dated(problem);
    else void announcer.announce(announcement);
    return problem === null;
  }

  /** Asks the shell about this computer. While it can't answer, its last answer holds. */
  async refreshComputer(): Promise<void> {
    try {
      const result = await commands.thisComputer();
      if (result.status === "ok") this.#computer = result.data;
    } catch {
      this.#computer = null;
    }
  }

  /** Sends a command whose failure is shown at this place; returns whether it was accepted. */
  async sendAt(place: Place, command: Command): Promise<boolean> {
    this.#placed = null;
    const problem = await problemOf(command);
    this.#placed = problem && { ...dated(problem), place };
    return problem === null;
  }

  /** Sends a command that changes this computer, then asks the shell about it again. */
  async changeComputer(place: Place, command: Command): Promise<void> {
    await this.sendAt(place, command);
    await this.refreshComputer();
  }

  /** Installs the update. */
  async update(): Promise<void> {
    this.#isUpdating = true;
    await this.sendAt("update", commands.update);
    this.#isUpdating = false;
  }

  /** Saves the report for support. */
  async saveReport(): Promise<void> {
    this.#report = null;
    await this.sendAt("report", async () => {
      const result = await commands.saveReport();
      if (result.status === "error") return result;
      this.#report = result.data;
      return { status: "ok", data: null };
    });
  }

  #accept(next: AppState): void {
    const latest = this.#latest;
    if (latest && next.revision < latest.revision) return;
    if (latest?.screen.state !== next.screen.state) {
      this.#answer = null;
      if (next.screen.state === "awaiting-browser") this.#isSetupSaved = false;
    }
    if (latest?.problem?.code !== next.problem?.code) this.#stateProblemSince = new Date();
    this.#latest = next;
  }
}

export const store = new Store();

function dated(problem: Problem): Dated {
  return { problem, since: new Date() };
}

/** The problem that a command ended with. */
async function problemOf(command: Command): Promise<Problem | null> {
  try {
    const result = await command();
    return result.status === "error" ? result.error : null;
  } catch {
    return { code: "internal", file: null, field: null };
  }
}

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
