import type { AccountView, AppState } from "./bindings";
import { fill, fillEmphasised, words } from "./words";
import { formatList } from "./words/dates";

/** From this many accounts on, they can be searched. */
export const SEARCH_FROM = 8;

/** The account in use. */
export function currentAccount({ accounts, current }: AppState): AccountView | undefined {
  return accounts.find(({ id }) => id === current);
}

/** An account's name, or a substitute: Amiqus may return neither a name nor an email address. */
export function displayName({ name }: AccountView): string {
  return name === "" ? words.home.unnamed : name;
}

/** What tells an account from the user's others: the team, or else the email address. */
export function distinction({ team, email, name }: AccountView): string {
  return team ?? (email === name ? "" : email);
}

/** An account on one line, for the name of a control. */
export function accountLabel(account: AccountView): string {
  const first = displayName(account);
  const second = distinction(account);
  return second === "" ? first : fill(words.text.list, { first, second });
}

/** What the user's role in the team is called; `null` for one that is not known. */
export function roleName({ role }: AccountView): string | null {
  return role !== null && Object.hasOwn(words.role, role) ? words.role[role] : null;
}

/** The first letters of the first and the last name. */
export function initials(account: AccountView): string {
  const letters = displayName(account)
    .split(/\s+/)
    .flatMap((part) => /\p{Letter}/u.exec(part) ?? []);
  return [letters[0], letters.length > 1 ? letters.at(-1) : ""].join("").toUpperCase();
}

/** How an account is: healthy, in need of its user, or waiting. */
export type Health = "connected" | "offline" | "paused" | "sign-in-again";

export function health(account: AccountView): Health {
  if (account.status.kind === "sign_in_again") return "sign-in-again";
  if (account.is_disabled) return "paused";
  return account.offline ? "offline" : "connected";
}

/** The accounts beside the one in use: first those that need their user, then by name. */
export function otherAccounts(accounts: AccountView[], current: string | null): AccountView[] {
  const collator = new Intl.Collator(words.language.lang);
  const rank = (account: AccountView) => (health(account) === "sign-in-again" ? 0 : 1);
  return accounts
    .filter(({ id }) => id !== current)
    .sort(
      (one, other) =>
        rank(one) - rank(other) || collator.compare(accountLabel(one), accountLabel(other)),
    );
}

/**
 * What a greeting says to a user of several accounts. The browser may have signed in somebody else than
 * was meant: then the others are still to sign in.
 */
export function greetingSentence(others: AccountView[]): { sentence: string; isComplete: boolean } {
  const left = others.filter((other) => health(other) === "sign-in-again");
  if (left.length === 0) return { sentence: words.greeting.sentenceOfAnother, isComplete: true };
  const names = formatList(left.map(displayName));
  return { sentence: fillEmphasised(words.greeting.stillToSignIn, { names }), isComplete: false };
}

/** Whether each word of a search is in the account's name, email address or team. */
export function matches(account: AccountView, search: string): boolean {
  const normal = (text: string) =>
    text
      .normalize("NFKD")
      .replace(/\p{Mark}/gu, "")
      .toLowerCase();
  const text = normal([displayName(account), account.email, account.team ?? ""].join(" "));
  return normal(search)
    .split(/\s+/)
    .every((word) => text.includes(word));
}
