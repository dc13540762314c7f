/** A title and a sentence, in which `**` marks emphasised words. */
export type Message = { title: string; sentence: string };
