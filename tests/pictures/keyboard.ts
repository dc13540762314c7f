import type { PictureWindow } from "./window";

/**
 * Goes through a screen by keyboard alone: each control once and in order, its ring seen, the last
 * one left again, and each button pressed but the one that loads the page again: that page would be
 * another.
 */
export async function keyboardFaults(
  pictureWindow: PictureWindow,
  reloads?: string,
): Promise<string[]> {
  const count = await pictureWindow.inPage(() => {
    window.witness = () =>
      [
        window.asked.length,
        document.body.innerHTML,
        document.querySelectorAll("[open]").length,
        document.activeElement?.id,
      ].join();
    window.stops = [...document.querySelectorAll<HTMLElement>("button, input, summary, a[href]")];
    window.stops = window.stops.filter(
      (stop) => stop.checkVisibility() && !stop.matches(":disabled"),
    );
    document.querySelector("h1")?.focus();
    return window.stops.length;
  });
  const faults: string[] = [];
  for (let index = 0; index < count; index += 1) {
    await pictureWindow.strike("Tab");
    const fault = await pictureWindow.inPage(missingFocus, index);
    if (fault !== null) faults.push(fault);
  }
  if (count > 1) {
    await pictureWindow.strike("Tab", { shift: true });
    const fault = await pictureWindow.inPage(missingFocus, count - 2);
    if (fault !== null) faults.push(`backwards: ${fault}`);
    await pictureWindow.strike("Tab");
  }
  await pictureWindow.strike("Tab");
  const leaves = await pictureWindow.inPage(
    () => window.stops.length < 2 || document.activeElement !== window.stops.at(-1),
  );
  if (!leaves) faults.push("the last control can't be left");

  for (let index = 0; index < count; index += 1) {
    if (!(await pictureWindow.inPage(readyToPress, index, reloads))) continue;
    await pictureWindow.strike(index % 2 === 0 ? "Enter" : "Space");
    const idle = await pictureWindow.inPageLater(nothingCameOfIt, index);
    if (idle !== null) faults.push(`“${idle}” does nothing by keyboard`);
  }
  return faults;
}

function missingFocus(index: number): string | null {
  const [wanted, found] = [window.stops[index], document.activeElement];
  if (wanted === undefined || found === null) return "the screen has changed";
  const name = wanted.textContent.trim() || wanted.id;
  if (wanted !== found) return `the focus is on “${found.textContent.trim()}”, not on “${name}”`;
  const { outlineStyle, outlineWidth } = getComputedStyle(found);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2
    ? null
    : `“${name}” doesn't show that it has the focus`;
}

/** Focuses what can be pressed; answers whether it can be. */
function readyToPress(index: number, reloads?: string): boolean {
  const stop = window.stops[index];
  if (stop?.textContent.trim() === reloads) return false;
  if (!stop?.isConnected || !stop.matches("button:not([aria-disabled=true]), summary")) {
    return false;
  }
  stop.focus();
  window.before = window.witness();
  return true;
}

async function nothingCameOfIt(index: number): Promise<string | null> {
  for (let waited = 0; waited < 20; waited += 1) {
    if (window.witness() !== window.before) return null;
    await new Promise((later) => setTimeout(later, 25));
  }
  return window.stops[index]?.textContent.trim() ?? "";
}
