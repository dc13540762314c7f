import { tick } from "svelte";

/** What a screen reader announces of changes on a screen; a new screen speaks through its heading. */
class Announcer {
  #text = $state.raw("");

  get text(): string {
    return this.#text;
  }

  /** Announces a text, also when it is the same as the last one. */
  async announce(text: string): Promise<void> {
    this.#text = "";
    await tick();
    this.#text = text;
  }
}

export const announcer = new Announcer();
