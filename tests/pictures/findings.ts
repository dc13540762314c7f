// These run in the page: a function can use nothing from outside itself.

/** Text that is cut off at this width and size of text. */
export function clippedText(): string[] {
  const { clientWidth: width, scrollWidth } = document.documentElement;
  const clipped = scrollWidth > width ? ["the page is wider than the window"] : [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const holder = text.parentElement;
    const content = text.nodeValue?.trim() ?? "";
    if (content === "" || !holder?.checkVisibility() || holder.closest(".visually-hidden"))
      continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const lines = [...range.getClientRects()];
    const { display } = getComputedStyle(holder);
    let cut =
      lines.some(({ left, right }) => left < -1 || right > width + 1) ||
      (display !== "inline" && holder.scrollWidth > holder.clientWidth + 1);
    for (let around: Element | null = holder; around; around = around.parentElement) {
      const { overflow, overflowY } = getComputedStyle(around);
      if (around === document.body || overflow === "visible") continue;
      const room = around.getBoundingClientRect();
      const canBeScrolled = overflowY === "auto" || overflowY === "scroll";
      cut ||= lines.some(
        ({ left, right, top, bottom }) =>
          left < room.left - 1 ||
          right > room.right + 1 ||
          (!canBeScrolled && (top < room.top - 1 || bottom > room.bottom + 1)),
      );
    }
    if (cut) clipped.push(`“${content}” is cut off`);
  }
  return clipped;
}

/** All text, seen or only announced. */
export function allText(): string[] {
  const found: string[] = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (texts.currentNode.parentElement?.matches("script, style")) continue;
    found.push(texts.currentNode.nodeValue ?? "");
  }
  for (const element of document.querySelectorAll("*")) {
    for (const attribute of ["aria-label", "placeholder", "title", "alt", "aria-description"]) {
      found.push(element.getAttribute(attribute) ?? "");
    }
  }
  return found.map((text) => text.trim()).filter((text) => text !== "");
}

/** Too little contrast and too small targets, where axe doesn't look. */
export function contrastAndSizeFindings(): string[] {
  const parts = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) =>
    parts(colour)
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, index) => sum + part * ([0.2126, 0.7152, 0.0722][index] ?? 0), 0);
  const contrast = (one: string, other: string) => {
    const [light = 1, dark = 1] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  /** The colour below an element's text, with the tints that lie over it. */
  const ground = (element: Element | null): string => {
    if (element === null) return "rgb(255, 255, 255)";
    const [red = 0, green = 0, blue = 0, opacity = 1] = parts(
      getComputedStyle(element).backgroundColor,
    );
    if (opacity === 1) return `rgb(${red}, ${green}, ${blue})`;
    const below = parts(ground(element.parentElement));
    const mixed = [red, green, blue].map(
      (part, index) => part * opacity + (below[index] ?? 0) * (1 - opacity),
    );
    return `rgb(${mixed.join(", ")})`;
  };
  const forced = matchMedia("(forced-colors: active)").matches;
  const found: string[] = [];
  const expect = (what: string, one: string, other: string, least: number) => {
    const ratio = contrast(one, other);
    if (ratio < least) found.push(`${what} has a contrast of ${ratio.toFixed(2)}, not ${least}`);
  };

  // What lies below a dialog can't have the focus, and an open menu closes when it loses it.
  const reachable =
    document.querySelector("dialog[open]") ?? document.querySelector("[role=toolbar]") ?? document;
  for (const control of reachable.querySelectorAll<HTMLElement>("button, input, summary")) {
    if (!control.checkVisibility({ visibilityProperty: true })) continue;
    const name = control.textContent.trim() || control.id || control.tagName;
    const { width, height } = control.getBoundingClientRect();
    if (width < 24 || height < 24) found.push(`${name} is only ${width} × ${height}`);

    const style = getComputedStyle(control);
    const around = ground(control.parentElement);
    // Axe skips disabled controls; they must be legible all the same.
    expect(name, style.color, ground(control), 4.5);
    if (Number(style.opacity) < 1) found.push(`${name} is faded`);
    if (control.matches("input") || (forced && control.matches("button"))) {
      if (style.borderTopStyle === "none" || parseFloat(style.borderTopWidth) < 1)
        found.push(`${name} has no edge`);
      expect(`the edge of ${name}`, style.borderTopColor, around, 3);
    }
    if (control.matches("input[placeholder]")) {
      expect(
        `the placeholder of ${name}`,
        getComputedStyle(control, "::placeholder").color,
        ground(control),
        4.5,
      );
    }

    if (control.matches(":disabled")) continue;
    const before = document.activeElement;
    control.focus();
    const ring = getComputedStyle(control);
    if (ring.outlineStyle === "none" || parseFloat(ring.outlineWidth) < 2)
      found.push(`${name} shows no focus`);
    expect(`the focus ring of ${name}`, ring.outlineColor, around, 3);
    if (before instanceof HTMLElement) before.focus();
  }
  for (const drawn of document.querySelectorAll("svg path, svg circle")) {
    const { stroke, fill } = getComputedStyle(drawn);
    // The mark and a tick have their own ground; the unused part of a ring carries no meaning.
    if (fill !== "none" || drawn.matches(".track, .check, svg:has(rect) *")) continue;
    expect("a drawing", stroke, ground(drawn.closest("svg")), 3);
  }
  return found;
}

/** Motion, although reduced motion is preferred. */
export function motionFindings(): string[] {
  const found = document.getAnimations().map(() => "something moves");
  for (const element of document.querySelectorAll("*")) {
    for (const part of [undefined, "::before", "::after"]) {
      const { animationName, transitionDuration } = getComputedStyle(element, part);
      if (animationName !== "none" || parseFloat(transitionDuration) > 0)
        found.push(`${element.tagName}${part ?? ""} could move`);
    }
  }
  return found;
}
