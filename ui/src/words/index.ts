import type { AccountView, AppState, Problem } from "../bindings";
import type { Message } from "./message";
import * as words from "./table";

export { words };
export type { Message };

const language = "en-GB";

/** Replaces the `{names}` in a sentence by values. */
export function fill(sentence: string, values: Record<string, string>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** An account's name, or a substitute: Amiqus may return neither a name nor an e-mail address. */
export function displayName(account: AccountView): string {
  return account.name === "" ? words.signedIn.unnamed : account.name;
}

/** The lines below an account's name, without empty and repeated ones. */
export function detailLines(account: AccountView, ...more: (string | null)[]): string[] {
  const lines = [account.email, ...more].filter((line) => line !== null && line !== "");
  return [...new Set(lines as string[])].filter((line) => line !== account.name);
}

/** The text for a problem, with the redirect URL filled in. */
export function problemMessage(problem: Problem, redirectUrl: string): Message {
  const { code } = problem;
  const { title, sentence } = words.problem[Object.hasOwn(words.problem, code) ? code : "internal"];
  return { title, sentence: fill(sentence, { redirect: redirectUrl }) };
}

/** The text for a problem on one line, for places without a title. */
export function problemText(problem: Problem, redirectUrl: string): string {
  return messageText(problemMessage(problem, redirectUrl));
}

/** A title and a sentence on one line. */
export function messageText({ title, sentence }: Message): string {
  return `${title.replace(/\.$/, "")}. ${sentence}`;
}

const longDate = new Intl.DateTimeFormat(language, {
  day: "numeric",
  month: "long",
  year: "numeric",
});
const timeOfDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const nearDay = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/** “3 March 2026”. */
export function formatDate(date: string): string {
  const day = new Date(date);
  // The formatter throws for an invalid date.
  return Number.isNaN(day.getTime()) ? date : longDate.format(day);
}

/** “today, 09:14”, “yesterday, 17:02”, “3 March 2026, 08:30”. */
export function formatMoment(moment: string): string {
  const then = new Date(moment);
  if (Number.isNaN(then.getTime())) return moment;
  const days = Math.round((startOfDay(then) - startOfDay(new Date())) / 86_400_000);
  const day = days === 0 || days === -1 ? nearDay.format(days, "day") : longDate.format(then);
  return `${day}, ${timeOfDay.format(then)}`;
}

function startOfDay(moment: Date): number {
  return new Date(moment).setHours(0, 0, 0, 0);
}

/** “9:12”, for the time until a deadline. */
export function formatRemaining(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** What a screen reader announces when the window changes. */
export function announcement({ screen, problem, accounts, current, setup }: AppState): string {
  if (problem) return problemText(problem, setup.redirect_url);
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
      return account ? `${words.signedIn.title}: ${displayName(account)}` : words.signedIn.title;
    }
    case "sign-in-again":
      return words.signInAgain.why[screen.why].title;
    case "locked":
      return words.locked.why[screen.why].title;
  }
}
