import { navigation } from "./navigation.svelte";

/** A key, or a key with Ctrl (⌘ on a Mac). */
export type Shortcut = "Enter" | "Escape" | "F1" | `Mod+${"," | "n" | "r" | "f" | "w" | "q"}`;

type Handlers = Partial<Record<Shortcut, () => void>>;

const isMac = navigator.userAgent.includes("Mac OS X");

/** A listener for key presses that runs what belongs to a shortcut. A dialog's keys are its own. */
export function shortcuts(handlers: Handlers): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat) return;
    if (document.querySelector("dialog[open]")) return;
    const handler = handlers[nameOf(event) as Shortcut];
    if (!handler) return;
    event.preventDefault();
    handler();
  };
}

/** The same for a screen, which the settings may cover. */
export function screenShortcuts(handlers: Handlers): (event: KeyboardEvent) => void {
  const listener = shortcuts(handlers);
  return (event) => {
    if (!navigation.settings) listener(event);
  };
}

function nameOf({ key, ctrlKey, metaKey }: KeyboardEvent): string {
  return (isMac ? metaKey : ctrlKey) ? `Mod+${key.toLowerCase()}` : key;
}

/** Presses the screen's filled button if the focus is still on the heading that the screen came with. */
export function pressFilledButton(): void {
  if (!document.activeElement?.matches("h1")) return;
  const buttons = document.querySelectorAll<HTMLElement>("main button[data-variant='primary']");
  [...buttons].find((button) => button.checkVisibility())?.click();
}
