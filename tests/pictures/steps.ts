import { By, until, type WebDriver } from "selenium-webdriver";
import type { Scene, Step } from "./scene";

/** Translates the words by which a step finds its control. */
export type Translation = (words: string) => string;

/** Waits until a loaded page shows a scene's state, then takes the scene's steps. */
export async function play(
  driver: WebDriver,
  scene: Scene,
  translation: Translation = (words) => words,
): Promise<void> {
  const shown = scene.coreIsSilent ? "h1" : `body[data-state="${scene.appState.screen.state}"]`;
  await driver.wait(until.elementLocated(By.css(shown)), 10_000);
  for (const step of scene.steps) await take(driver, step, translation);
}

async function take(driver: WebDriver, step: Step, translation: Translation): Promise<void> {
  if ("press" in step) {
    const name = translation(step.press);
    const control = By.xpath(
      `//*[self::button or self::summary][normalize-space()="${name}" or @aria-label="${name}"]`,
    );
    const controls = await driver.findElements(control);
    // A dialog comes last, and lies over the others.
    await controls.at(-1)?.click();
  } else if ("menu" in step) {
    const menus = await driver.findElements(By.css("[data-menu] > button"));
    await menus[step.menu]?.click();
  } else if ("type" in step) {
    const label = By.xpath(`//label[normalize-space()="${translation(step.into)}"]`);
    const id = await driver.findElement(label).getAttribute("for");
    await driver.findElement(By.id(id)).sendKeys(step.type);
  } else if ("advance" in step) {
    await driver.executeAsyncScript(
      `
      const [milliseconds, done] = arguments;
      window.advanceClock(milliseconds);
      // The window looks at the clock once a second.
      setTimeout(done, 1500);
      `,
      step.advance,
    );
  }
}
