import { name as app } from "brand";
import type { WhyLocked } from "../bindings";
import type { Message } from "./message";

export const why = {
  keychain_locked: {
    title: "Your keychain is locked",
    sentence:
      "Your sign-in is kept safe by this computer’s keychain. Please unlock the keychain, then try again.",
  },
  keychain_absent: {
    title: "Choose a passphrase",
    sentence:
      "This computer has no keychain that we can use to keep your sign-in safe. A passphrase does it as well; you will be asked for it each time the app starts.",
  },
  passphrase_needed: {
    title: "Welcome back",
    sentence: "Please enter your passphrase to unlock your sign-in.",
  },
  keychain_unreachable: {
    title: "The keychain isn’t answering",
    sentence: `Your sign-in is safe, and this computer’s keychain holds its key. Try again, or close ${app} and open it again once the keychain is there.`,
  },
  key_lost: {
    title: "The key is missing",
    sentence:
      "Your saved sign-in is here, but its key is no longer in this computer’s keychain. If you can bring the keychain back, try again. Otherwise start again: the old file is set aside, not deleted.",
  },
  in_use_elsewhere: {
    title: "Already in use",
    sentence:
      "Another copy of this app has your saved sign-in open, perhaps for another person on this computer. Close it there, and this one goes on by itself.",
  },
  vault_unreachable: {
    title: "This app’s folder can’t be reached",
    sentence:
      "Your sign-in is kept there, and it can’t be read or written to. The disk may be full, or not connected. Nothing was changed.",
  },
} satisfies Record<WhyLocked, Message>;
export const passphrase = "Passphrase";
export const passphraseAgain = "Passphrase, once more";
export const passphraseHint = "At least 12 characters. A few words in a row are easy to remember.";
export const passphrasesDiffer = "The two are not the same. Please type it once more.";
