/** What happened in a line, then in a sentence. `**` marks words that stand out. */
export type Message = { title: string; sentence: string };
