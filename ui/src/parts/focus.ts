/** Puts the focus where a selector finds its first element; where it finds none, the focus stays. */
export function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
