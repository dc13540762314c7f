import type { AccountView, AppState, Problem } from "../bindings";
import type { Message } from "./message";
import * as words from "./table";

export { words };
export type { Message };

const language = "en-GB";

/** Puts values in place of the `{names}` in a sentence. */
export function fill(sentence: string, values: Record<string, string>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** An account's name as it is shown. Amiqus may tell neither a name nor an e-mail address. */
export function nameOf(account: AccountView): string {
  return account.name === "" ? words.signedIn.unnamed : account.name;
}

/** What stands below an account's name: nothing twice, and nothing empty. */
export function linesOf(account: AccountView, ...more: (string | null)[]): string[] {
  const lines = [account.email, ...more].filter((line) => line !== null && line !== "");
  return [...new Set(lines as string[])].filter((line) => line !== account.name);
}

/** The words for a problem, complete with what they need from the set-up. */
export function problemMessage(problem: Problem, redirectUrl: string): Message {
  const { code } = problem;
  const { title, sentence } = words.problem[Object.hasOwn(words.problem, code) ? code : "internal"];
  return { title, sentence: fill(sentence, { redirect: redirectUrl }) };
}

/** The same as one text, where there is no place for a title. */
export function problemInOne(problem: Problem, redirectUrl: string): string {
  return inOne(problemMessage(problem, redirectUrl));
}

/** A title and a sentence as one text. */
export function inOne({ title, sentence }: Message): string {
  return `${title.replace(/\.$/, "")}. ${sentence}`;
}

const longDate = new Intl.DateTimeFormat(language, {
  day: "numeric",
  month: "long",
  year: "numeric",
});
const timeOfDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const nearDay = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

export function dateInWords(date: string): string {
  const day = new Date(date);
  // The formatter throws where there is no such day.
  return Number.isNaN(day.getTime()) ? date : longDate.format(day);
}

/** “today, 09:14”, “yesterday, 17:02”, “3 March 2026, 08:30”. */
export function momentInWords(moment: string): string {
  const then = new Date(moment);
  if (Number.isNaN(then.getTime())) return moment;
  const days = Math.round((startOfDay(then) - startOfDay(new Date())) / 86_400_000);
  const day = days === 0 || days === -1 ? nearDay.format(days, "day") : longDate.format(then);
  return `${day}, ${timeOfDay.format(then)}`;
}

function startOfDay(moment: Date): number {
  return new Date(moment).setHours(0, 0, 0, 0);
}

/** “9:12” for what is left until a deadline. */
export function timeLeftInWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** What a screen reader says when the window changes. */
export function announcement({ screen, problem, accounts, current, setup }: AppState): string {
  if (problem) return problemInOne(problem, setup.redirect_url);
  switch (screen.state) {
    case "needs-setup":
      return setup.managed ? words.needsSetup.managedTitle : words.needsSetup.title;
    case "signed-out":
      return words.signedOut.welcome.title;
    case "awaiting-browser":
      return words.awaitingBrowser.title;
    case "exchanging-code":
      return words.exchangingCode.title;
    case "signed-in": {
      const account = accounts.find(({ id }) => id === current);
      return account ? `${words.signedIn.title}: ${nameOf(account)}` : words.signedIn.title;
    }
    case "sign-in-again":
      return words.signInAgain.why[screen.why].title;
    case "locked":
      return words.locked.why[screen.why].title;
  }
}
