import type { AccountView, Code, Problem, SetupView, ThisComputer } from "./bindings";
import type { IconName } from "./components/icons";
import { fillEmphasised, messageText, words, type ProblemMessage } from "./words";

/** What a colour stands for. Each comes with a picture and a word. */
export type Tone = "brand" | "success" | "warning" | "danger" | "info" | "quiet";

/** What leads on from a problem. */
export type Remedy = "sign-in" | "change-setup" | "open-amiqus" | "copy-details";

/** The text for a problem, with the redirect URL filled in. */
export function problemMessage({ code }: Problem, setup: SetupView): ProblemMessage {
  const message: ProblemMessage =
    words.problem[Object.hasOwn(words.problem, code) ? code : "internal"];
  const redirect = setup.redirect_url;
  return { ...message, sentence: fillEmphasised(message.sentence, { redirect }) };
}

/** The text for a problem on one line, for places without a title. */
export function problemText(problem: Problem, setup: SetupView): string {
  return messageText(problemMessage(problem, setup));
}

const pictures: Partial<Record<Code, { icon: IconName; tone: Tone }>> = {
  offline: { icon: "offline", tone: "quiet" },
  access_denied: { icon: "declined", tone: "quiet" },
  denied_without_state: { icon: "declined", tone: "quiet" },
  attempt_expired: { icon: "clock", tone: "quiet" },
  certificate_not_trusted: { icon: "shield", tone: "danger" },
  already_here: { icon: "info", tone: "info" },
};

/** The picture of a problem, in the colour of its meaning. */
export function problemPicture(code: Code): { icon: IconName; tone: Tone } {
  // A newer core may send a code that this window does not know.
  return (
    (Object.hasOwn(pictures, code) ? pictures[code] : undefined) ?? {
      icon: "warning",
      tone: "warning",
    }
  );
}

const ofTheSetup: readonly Code[] = [
  "set_up_wrong",
  "request_not_accepted",
  "registration_invalid",
  "port_taken",
];

/** What to offer for a problem while nobody is signed in: the first is the right thing to do. */
export function remedies(code: Code, setup: SetupView): Remedy[] {
  if (ofTheSetup.includes(code) || code.startsWith("provisioning_")) {
    return setup.managed
      ? ["copy-details", "sign-in"]
      : ["copy-details", "sign-in", "change-setup"];
  }
  if (code === "not_permitted") return ["open-amiqus", "sign-in", "copy-details"];
  return ["sign-in", "copy-details"];
}

/** Whether a problem ended a sign-in that another one can put right. */
export function isOfAnAttempt(code: Code): boolean {
  return ["access_denied", "attempt_expired", "code_not_accepted", "already_here"].includes(code);
}

/** Whether a problem is the user's own choice, so that an IT team has nothing to do. */
export function isOwnChoice(code: Code): boolean {
  return ["access_denied", "already_here"].includes(code);
}

/** Whether the account's status says already what a problem says. */
export function isShownByAccount({ code }: Problem, account: AccountView | undefined): boolean {
  return code === "offline" && account?.offline === true;
}

/** Whether no program opens this app's links, so that the browser can't come back by one. */
export function isWithoutLinks(setup: SetupView, computer: ThisComputer | null): boolean {
  return setup.redirect === "scheme" && (computer?.links_unclaimed ?? false);
}

/** Whether a problem is about the text that was pasted. */
export function isAboutPastedText({ code }: Problem): boolean {
  return code.startsWith("link_");
}
