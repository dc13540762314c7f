import type { PictureWindow } from "./window";

/**
 * Operates a screen by keyboard alone: Tab reaches each control in order and shows the focus ring,
 * the last control can be left, and each button does something when pressed. The reload button is
 * left out: it would replace the page.
 */
export async function keyboardFindings(
  pictureWindow: PictureWindow,
  reloads?: string,
): Promise<string[]> {
  const count = await pictureWindow.inPage(() => {
    window.fingerprint = () =>
      [
        window.invokedCommands.length,
        document.body.innerHTML,
        document.querySelectorAll("[open]").length,
        document.activeElement?.id,
      ].join();
    // What lies below a dialog can't be reached.
    const reachable = document.querySelector("dialog[open]") ?? document;
    const focusable = reachable.querySelectorAll<HTMLElement>("button, input, summary, a[href]");
    window.tabStops = [...focusable].filter(
      (stop) =>
        stop.checkVisibility({ visibilityProperty: true }) && !stop.matches(":disabled, [inert] *"),
    );
    // From the start of the page, or of the dialog.
    const start = document.querySelector("dialog[open] h2") ?? document.querySelector("body > *");
    start?.setAttribute("tabindex", "-1");
    if (start instanceof HTMLElement) start.focus();
    return window.tabStops.length;
  });
  const findings: string[] = [];
  for (let index = 0; index < count; index += 1) {
    await pictureWindow.pressKey("Tab");
    const finding = await pictureWindow.inPage(missingFocus, index);
    if (finding !== null) findings.push(finding);
  }
  if (count > 1) {
    await pictureWindow.pressKey("Tab", { shift: true });
    const finding = await pictureWindow.inPage(missingFocus, count - 2);
    if (finding !== null) findings.push(`backwards: ${finding}`);
    await pictureWindow.pressKey("Tab");
  }
  await pictureWindow.pressKey("Tab");
  const canBeLeft = await pictureWindow.inPage(
    () => window.tabStops.length < 2 || document.activeElement !== window.tabStops.at(-1),
  );
  if (!canBeLeft) findings.push("the last control can't be left");

  for (let index = 0; index < count; index += 1) {
    // The settings have covered the screen.
    if (await pictureWindow.inPage(isCovered, index)) await pictureWindow.pressKey("Escape");
    if (!(await pictureWindow.inPage(focusButton, index, reloads))) continue;
    await pictureWindow.pressKey(index % 2 === 0 ? "Enter" : "Space");
    const idle = await pictureWindow.inPageLater(unchangedAfterPress, index);
    if (idle !== null) findings.push(`“${idle}” does nothing by keyboard`);
  }
  return findings;
}

/**
 * Operates the open menu by keyboard alone: arrows reach each item and show the focus ring, and each
 * item does something when pressed. Closing the menu alone doesn't count.
 */
export async function menuFindings(pictureWindow: PictureWindow): Promise<string[]> {
  const count = await pictureWindow.inPage(() => {
    const menu = document.querySelector<HTMLElement>("[data-menu]:has([role=toolbar])");
    window.menuId = menu?.dataset.menu ?? "";
    window.fingerprint = () =>
      [window.invokedCommands.length, document.querySelectorAll("[open]").length].join();
    return menu?.querySelectorAll("[role=toolbar] button").length ?? 0;
  });
  const findings = count === 0 ? ["no menu is open"] : [];
  for (let index = 0; index < count; index += 1) {
    await pictureWindow.inPage(reopenMenu);
    await pictureWindow.pressKey("Enter");
    for (let step = 0; step < index; step += 1) await pictureWindow.pressKey("ArrowDown");
    const finding = await pictureWindow.inPage(missingFocus, index);
    if (finding !== null) findings.push(finding);
    const isInactive = await pictureWindow.inPage(
      () => document.activeElement?.getAttribute("aria-disabled") === "true",
    );
    if (isInactive) continue;
    await pictureWindow.inPage(() => (window.lastFingerprint = window.fingerprint()));
    await pictureWindow.pressKey(index % 2 === 0 ? "Enter" : "Space");
    const idle = await pictureWindow.inPageLater(unchangedAfterPress, index);
    if (idle !== null) findings.push(`“${idle}” does nothing by keyboard`);
    await pictureWindow.pressKey("Escape");
  }
  await pictureWindow.inPage(reopenMenu);
  await pictureWindow.pressKey("Enter");
  return findings;
}

/** Closes the menu if it is open, puts the focus on its button, and expects its items when it opens. */
function reopenMenu(): void {
  const trigger = document.getElementById(window.menuId);
  if (trigger?.getAttribute("aria-expanded") === "true") trigger.click();
  trigger?.focus();
  Object.defineProperty(window, "tabStops", {
    configurable: true,
    get: () => [...document.querySelectorAll("[role=toolbar] button")],
  });
}

function missingFocus(index: number): string | null {
  const [wanted, found] = [window.tabStops[index], document.activeElement];
  if (wanted === undefined || found === null) return "the screen has changed";
  const name = wanted.textContent.trim() || wanted.id;
  if (wanted !== found) return `the focus is on “${found.textContent.trim()}”, not on “${name}”`;
  const { outlineStyle, outlineWidth } = getComputedStyle(found);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2
    ? null
    : `“${name}” doesn't show that it has the focus`;
}

function isCovered(index: number): boolean {
  const stop = window.tabStops[index];
  return stop?.isConnected === true && !stop.checkVisibility();
}

/** Focuses a control that can be pressed; false where it can't. */
function focusButton(index: number, reloads?: string): boolean {
  const stop = window.tabStops[index];
  if (stop?.textContent.trim() === reloads) return false;
  if (!stop?.isConnected || !stop.matches("button:not([aria-disabled=true]), summary")) {
    return false;
  }
  stop.focus();
  window.lastFingerprint = window.fingerprint();
  return true;
}

/** The name of the pressed control if nothing changed within half a second. */
async function unchangedAfterPress(index: number): Promise<string | null> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (window.fingerprint() !== window.lastFingerprint) return null;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return window.tabStops[index]?.textContent.trim() ?? "";
}
