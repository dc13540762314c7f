import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TextedPicture } from "./distinct";
import { allText, clippedText, contrastAndSizeFindings, motionFindings } from "./findings";
import type { Goldens } from "./goldens";
import { keyboardFindings, menuFindings } from "./keyboard";
import { pseudo, untranslated } from "./pseudo";
import { themes, type Scene, type Theme } from "./scene";
import { scenes } from "./scenes";
import { isChanged, type Sensitivity } from "./sensitivity";
import type { PictureWindow } from "./window";

/** Where the checks take their pages from, and what they report to. */
export type Run = {
  address: string;
  pseudoAddress: string;
  folder: string;
  goldens: Goldens;
  sensitivity: Sensitivity;
  /** All pictures so far, golden or not. */
  pictures: Record<Theme, TextedPicture[]>;
  report: (place: string, findings: string[]) => void;
  reportAxe: (place: string, violations: string[]) => void;
};

/** Takes a scene's pictures and runs all checks of a single screen. */
export async function checkScene(
  run: Run,
  scene: Scene,
  pictureWindow: PictureWindow,
): Promise<void> {
  for (const theme of themes) {
    await checkPicture(run, scene, theme, pictureWindow);
    await checkScreen(run, scene, theme, pictureWindow);
  }
  await checkInPseudo(run, scene, pictureWindow);
}

async function checkPicture(
  { address, folder, goldens, sensitivity, pictures, report }: Run,
  scene: Scene,
  theme: Theme,
  pictureWindow: PictureWindow,
): Promise<void> {
  const name = `${scene.name}-${theme}`;
  await pictureWindow.show(scene, theme, address);
  const file = join(folder, `${name}.png`);
  const picture = scene.goldenThemes.includes(theme)
    ? await goldens.check(name, (isExpected) => pictureWindow.picture(isExpected))
    : await pictureWindow.picture();
  writeFileSync(file, picture);
  const text = await pictureWindow.inPage(() => document.body.innerText);
  pictures[theme].push({ name, file, text });
  const index = scenes.indexOf(scene);
  if (isChanged(index, theme)) {
    report(name, await sensitivity.findings(pictureWindow, picture, index));
  }
}

async function checkScreen(
  { folder, report, reportAxe }: Run,
  scene: Scene,
  theme: Theme,
  pictureWindow: PictureWindow,
): Promise<void> {
  const name = `${scene.name}-${theme}`;
  const violations = await pictureWindow.axeFindings();
  reportAxe(
    name,
    violations.map(({ rule, element, help }) => `${rule} at ${element}: ${help}`),
  );
  const buttons = await pictureWindow.buttonNames();
  report(name, [
    ...scene.buttons
      .filter((button) => !buttons.includes(button))
      .map((button) => `no button “${button}” among ${buttons.join(", ")}`),
    ...(await pictureWindow.cspViolations()).map(
      (violation) => `refused by the content security policy: ${violation}`,
    ),
    ...(await pictureWindow.inPage(motionFindings)),
  ]);
  // After a key press the focus shows its ring wherever it moves.
  const hasOpenMenu = scene.steps.some((step) => "menu" in step) && scene.steps.length === 1;
  if (theme === "light") {
    report(
      name,
      hasOpenMenu
        ? await menuFindings(pictureWindow)
        : await keyboardFindings(pictureWindow, scene.reloads),
    );
  } else await pictureWindow.pressKey(hasOpenMenu ? "ArrowDown" : "Tab");
  report(name, await pictureWindow.inPage(contrastAndSizeFindings));
  if (theme === "light") report(name, await pictureWindow.atEachSize(clippedText));

  await pictureWindow.prefer(theme, true);
  report(`${name} in forced colours`, await pictureWindow.inPage(contrastAndSizeFindings));
  if (theme === "dark") {
    const file = join(folder, `${scene.name}-forced-colours.png`);
    writeFileSync(file, await pictureWindow.snapshot());
  }
}

async function checkInPseudo(
  { pseudoAddress, report }: Run,
  scene: Scene,
  pictureWindow: PictureWindow,
): Promise<void> {
  const place = `${scene.name} in a longer language`;
  await pictureWindow.show(scene, "light", pseudoAddress, pseudo);
  const texts = await pictureWindow.inPage(allText);
  report(
    place,
    untranslated(texts, scene).map((text) => `“${text}” is not from the table of words`),
  );
  report(place, await pictureWindow.atEachSize(clippedText));
}
