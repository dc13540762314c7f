import type { SignInAgainReason } from "../bindings";
import type { Message } from "./message";

export const title = "Please sign in again";
export const otherAccounts = "Your other accounts";
export const why = {
  access_removed: {
    title: "Amiqus no longer accepts this computer’s sign-in",
    sentence:
      "Someone may have removed the app on the Team apps page. It also happens when this computer was restored from a backup, or when a copy of its data is used on another computer. Sign in again to carry on.",
  },
  answer_lost: {
    title: "An answer from Amiqus was lost.",
    sentence:
      "Your sign-in was being renewed, and Amiqus’s answer never reached this computer, as when the power or the network goes at that very moment. The earlier sign-in is no longer accepted, so sign in again. Nothing else is affected.",
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
} satisfies Record<SignInAgainReason, Message>;
