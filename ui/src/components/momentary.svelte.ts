/** How long a control says that it has done something, in milliseconds. */
const DURATION = 3000;

/** What a control says for a moment once it has done something. To be used by one component. */
export class Momentary {
  #isOn = $state.raw(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    $effect(() => () => {
      clearTimeout(this.#timer);
    });
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Begins the moment, also where one is under way; ends it when nothing was done. */
  set(isDone: boolean): void {
    clearTimeout(this.#timer);
    this.#isOn = isDone;
    if (isDone) this.#timer = setTimeout(() => (this.#isOn = false), DURATION);
  }
}
