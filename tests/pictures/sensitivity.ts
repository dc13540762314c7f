// Checks that the comparison is sharp enough: small changes made in the real page must be noticed.
import { comparePictures } from "./comparison";
import type { Theme } from "./scene";
import type { PictureWindow } from "./window";

/** Fewer states than this would prove little. */
const MIN_STATES = 20;

/** Every fourth state is changed, alternately in both themes. */
export function isChanged(index: number, theme: Theme): boolean {
  return index % 4 === 0 && (index % 8 === 0) === (theme === "light");
}

type Change = {
  what: string;
  /** Runs in the page; says what was changed, or null where there is nothing to change. */
  make: (seed: number) => string | null;
  /** Runs in the page. */
  undo: () => void;
};

const changes: Change[] = [
  { what: "wiped text", make: wipeShortestLine, undo: restoreLine },
  { what: "button moved by 4 pixels", make: moveSmallestButton, undo: moveButtonBack },
  { what: "swapped colour token", make: swapColourToken, undo: restoreColourToken },
];

/** Makes each change in turn, and compares a new picture with the one before. */
export class Sensitivity {
  #states = 0;
  #changes = 0;

  async findings(pictureWindow: PictureWindow, before: Buffer, seed: number): Promise<string[]> {
    const findings: string[] = [];
    let made = 0;
    for (const { what, make, undo } of changes) {
      const changed = await pictureWindow.inPage(make, seed);
      if (changed === null) continue;
      made += 1;
      const after = await pictureWindow.picture((picture) => differs(picture, before));
      if (!differs(after, before)) findings.push(`not noticed: ${what} (${changed})`);
      await pictureWindow.inPage(undo);
    }
    const restored = await pictureWindow.picture((picture) => !differs(picture, before));
    if (differs(restored, before)) findings.push("the changes were not undone");
    this.#changes += made;
    if (made === changes.length) this.#states += 1;
    return findings;
  }

  /** What was checked, once all states were. */
  conclusion(): { summary: string; findings: string[] } {
    return {
      summary: `${this.#changes} small changes compared, all kinds of them in ${this.#states} states`,
      findings:
        this.#states < MIN_STATES
          ? [`only ${this.#states} states allowed all kinds of change, not ${MIN_STATES}`]
          : [],
    };
  }
}

function differs(one: Buffer, other: Buffer): boolean {
  return comparePictures(one, other).differs;
}

/** The shortest line is the hardest to miss. */
function wipeShortestLine(): string | null {
  let shortest: { width: number; start: number; end: number; node: Text } | undefined;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode as Text;
    const parent = node.parentElement;
    if (
      !parent?.checkVisibility({ visibilityProperty: true }) ||
      parent.closest(".visually-hidden")
    )
      continue;
    const lines = new Map<number, { width: number; start: number; end: number; node: Text }>();
    for (let index = 0; index < node.length; index += 1) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      const box = range.getClientRects()[0];
      if (!box || box.width === 0 || box.bottom < 0) continue;
      const line = lines.get(box.bottom) ?? { width: 0, start: index, end: index, node };
      line.width += box.width;
      line.end = index + 1;
      lines.set(box.bottom, line);
    }
    for (const line of lines.values()) {
      const isText = /[\p{L}\d]/u.test(node.data.slice(line.start, line.end));
      if (isText && (!shortest || line.width < shortest.width)) shortest = line;
    }
  }
  if (!shortest) return null;
  const range = document.createRange();
  range.setStart(shortest.node, shortest.start);
  range.setEnd(shortest.node, shortest.end);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("::highlight(wiped) { color: transparent }");
  document.adoptedStyleSheets = [sheet];
  CSS.highlights.set("wiped", new Highlight(range));
  return range.toString();
}

function restoreLine(): void {
  CSS.highlights.delete("wiped");
  document.adoptedStyleSheets = [];
}

function moveSmallestButton(): string | null {
  const width = (button: HTMLElement) => button.getBoundingClientRect().width;
  const [smallest] = [...document.querySelectorAll("button")]
    .filter((button) => button.checkVisibility({ visibilityProperty: true }))
    .sort((one, other) => width(one) - width(other));
  if (!smallest) return null;
  smallest.style.translate = "4px 0";
  return smallest.textContent.trim();
}

function moveButtonBack(): void {
  for (const button of document.querySelectorAll("button")) button.style.translate = "";
}

/** Gives a token that the screen uses the colour of the next one: often one that is close. */
function swapColourToken(seed: number): string | null {
  const root = document.documentElement;
  const names = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .flatMap((rule) =>
      rule instanceof CSSStyleRule && rule.selectorText === ":root" ? [...rule.style] : [],
    );
  const tokens = names
    .map((name) => ({ name, colour: getComputedStyle(root).getPropertyValue(name).trim() }))
    .filter(({ colour }) => colour.startsWith("#"));
  const visibleColours = () =>
    [...document.body.querySelectorAll("*"), document.body]
      .filter(
        (element) =>
          element.checkVisibility({ visibilityProperty: true }) &&
          !element.closest(".visually-hidden"),
      )
      .map((element) => {
        const style = getComputedStyle(element);
        const hasText = [...element.childNodes].some(
          (node) => node instanceof Text && node.data.trim() !== "",
        );
        const isDrawing = element instanceof SVGElement;
        return [
          hasText ? style.color : "",
          style.backgroundColor,
          style.borderTopStyle === "none" ? "" : style.borderTopColor,
          isDrawing && style.stroke !== "none" ? style.stroke : "",
          isDrawing && style.fill !== "none" ? style.fill : "",
        ].join();
      })
      .join("\n");
  const before = visibleColours();
  for (let offset = 0; offset < tokens.length; offset += 1) {
    const position = (seed + offset) % tokens.length;
    const token = tokens[position];
    const other = [...tokens.slice(position), ...tokens].find(
      ({ colour }) => colour !== token?.colour,
    );
    if (!token || !other) return null;
    root.style.setProperty(token.name, other.colour);
    if (visibleColours() !== before) return `${token.name}: ${token.colour} → ${other.colour}`;
    root.style.removeProperty(token.name);
  }
  return null;
}

function restoreColourToken(): void {
  const { style } = document.documentElement;
  for (const name of [...style]) if (name.startsWith("--")) style.removeProperty(name);
}
