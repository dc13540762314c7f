/** A key, or a key with Ctrl (⌘ on a Mac). */
export type Shortcut = "Enter" | "Escape" | "F1" | `Mod+${"," | "n" | "r" | "f" | "w" | "q"}`;

type Handlers = Partial<Record<Shortcut, () => void>>;

/** A listener for key presses that runs what belongs to a shortcut. A dialog's keys are its own. */
export function shortcuts(handlers: Handlers): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    const handler = handlers[nameOf(event) as Shortcut];
    if (!handler) return;
    event.preventDefault();
    handler();
  };
}

function nameOf({ key, ctrlKey, metaKey }: KeyboardEvent): string {
  return ctrlKey || metaKey ? `Mod+${key.toLowerCase()}` : key;
}

/** Presses the screen's filled button, while the focus is on the heading of a screen that has just appeared. */
export function pressFilledButton(): void {
  document.querySelector<HTMLButtonElement>("main button[data-variant='primary']")?.click();
}
