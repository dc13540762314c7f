import type { Message } from "./message";

export const unfinished: Message = {
  title: "A sign-in isn’t finished",
  sentence:
    "Amiqus hasn’t confirmed yet who signed in. If it was you, finish signing in. Otherwise forget this sign-in.",
};
