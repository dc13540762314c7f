import type { WhySignInAgain } from "../bindings";
import type { Message } from "./message";

export const title = "Please sign in again";
export const otherAccounts = "Your other accounts";
export const why = {
  access_removed: {
    title: "Amiqus no longer lets this app in.",
    sentence:
      "Someone removed it on the Team apps page. Nothing on this computer was lost. If that was a mistake, just sign in again.",
  },
  answer_lost: {
    title: "An answer from Amiqus was lost.",
    sentence:
      "Amiqus had renewed your sign-in, but its answer never reached this computer, as when the power or the network goes at that very moment. Each answer works only once, so please sign in again. Nothing else was affected.",
  },
  set_up_changed: {
    title: "Your organisation changed its connection to Amiqus.",
    sentence:
      "What was agreed with the earlier connection ends with it. Nothing else was affected; just sign in again.",
  },
  too_long_away: {
    title: "It has been a long time.",
    sentence:
      "A sign-in that isn’t used lasts about a year, and this one has ended. Nothing else was affected; just sign in again.",
  },
} satisfies Record<WhySignInAgain, Message>;
