import type { LockReason } from "../bindings";
import type { Message } from "./message";

export const why = {
  keychain_locked: {
    title: "Your keychain is locked",
    sentence:
      "Your sign-in is stored in this computer’s keychain. Unlock the keychain, and this window will continue automatically.",
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
    sentence:
      "Your sign-in is stored in this computer’s keychain. This window will continue automatically when the keychain answers. If that doesn’t happen, restart your computer.",
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
      "Your sign-in is kept there, and it can’t be read or written to. The disk may be disconnected, or the folder may belong to another user. Nothing was changed.",
  },
  disk_full: {
    title: "The disk is full",
    sentence:
      "Your sign-in can’t be opened on a full disk. Free some space, then try again. Nothing was changed.",
  },
} satisfies Record<LockReason, Message>;
export const passphrase = "Passphrase";
export const passphraseAgain = "Passphrase, once more";
export const passphraseHint = "At least 12 characters. A few words in a row are easy to remember.";
export const passphrasesDiffer = "The two are not the same. Please type it once more.";
