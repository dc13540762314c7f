/** Focuses the first element that matches a selector, if there is one. */
export function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

/** Remembers what has the focus; returns how to give it back if that is still shown. */
export function rememberFocus(): () => void {
  const focused = document.activeElement;
  return () => {
    if (focused instanceof HTMLElement && focused.checkVisibility()) focused.focus();
  };
}

/**
 * From now on, moves the focus to the screen's heading when the control that has it goes; returns how to
 * stop. Without it, the next Tab would begin at the top, and a screen reader would say nothing.
 */
export function recoverLostFocus(): () => void {
  let focused = document.activeElement;
  const remember = () => (focused = document.activeElement);
  const recover = () => {
    if (document.activeElement !== document.body || focused?.checkVisibility()) return;
    if (document.querySelector("dialog[open]")) return;
    const headings = [...document.querySelectorAll<HTMLElement>("h1")];
    headings.find((heading) => heading.checkVisibility())?.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(recover);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ["hidden"] });
  document.addEventListener("focusin", remember);
  return () => {
    observer.disconnect();
    document.removeEventListener("focusin", remember);
  };
}
