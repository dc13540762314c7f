import { base_url as baseUrl, name as app, scheme } from "brand";
import type { Code, FieldProblem, LockReason, Role, SignInAgainReason } from "../bindings";
import table from "table";

/** A title and a sentence, in which `**` marks emphasised words. */
export type Message = { title: string; sentence: string };

/** What a problem says, and the steps to take where a sentence would be too long. */
export type ProblemMessage = Message & { steps?: string[] };

// Every value that the core can send has its words.
table satisfies {
  fieldReason: Record<FieldProblem["reason"], string>;
  locked: { why: Record<LockReason, Message> };
  problem: Record<Code, ProblemMessage>;
  role: Record<Role, string>;
  signInAgain: Record<SignInAgainReason, Message>;
};

/** The table of words, with the brand's names filled in. */
export const words = withValues(table, { app, scheme, baseUrl });

/** Replaces the `{names}` in a sentence by values. */
export function fill(sentence: string, values: Record<string, string>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The same for a sentence in which `**` marks emphasised words: a value can't add such marks. */
export function fillEmphasised(sentence: string, values: Record<string, string>): string {
  const plainValues = Object.entries(values).map(([name, value]) => [name, plain(value)]);
  return fill(sentence, Object.fromEntries(plainValues) as Record<string, string>);
}

function withValues<T>(part: T, values: Record<string, string>): T {
  if (typeof part === "string") return fill(part, values) as T;
  if (Array.isArray(part)) return part.map((entry) => withValues<unknown>(entry, values)) as T;
  return Object.fromEntries(
    Object.entries(part as object).map(([key, entry]) => [key, withValues<unknown>(entry, values)]),
  ) as T;
}

/** A title and a sentence on one line. */
export function messageText(message: Message): string {
  return plain(fill(words.text.and, message));
}

/** A sentence without the marks of emphasis. */
export function plain(sentence: string): string {
  return sentence.replaceAll("**", "");
}
