import { By, until, type WebDriver, type WebElement } from "selenium-webdriver";
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
    const named = `normalize-space()="${name}" or @aria-label="${name}"`;
    const xpath = `//*[self::button or self::summary or self::label][${named}]`;
    // A dialog comes last, and lies over the others.
    await (await shown(driver, xpath, (controls) => controls.at(-1))).click();
  } else if ("menu" in step) {
    await (await shown(driver, "//*[@data-menu]/button", (menus) => menus[step.menu])).click();
  } else if ("type" in step) {
    const xpath = `//label[normalize-space()="${translation(step.into)}"]`;
    const label = await shown(driver, xpath, ([only]) => only);
    await driver.findElement(By.id(await label.getAttribute("for"))).sendKeys(step.type);
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

/** One of the elements that the user sees: the settings cover a screen that has controls of the same names. */
async function shown(
  driver: WebDriver,
  xpath: string,
  choose: (elements: WebElement[]) => WebElement | undefined,
): Promise<WebElement> {
  const find = async () => {
    const found = await driver.findElements(By.xpath(xpath));
    const areShown = await Promise.all(found.map((element) => element.isDisplayed()));
    return choose(found.filter((_, index) => areShown[index]));
  };
  const element = await driver.wait(find, 5_000, `${xpath} is not to be seen`);
  if (element === undefined) throw new Error("unreachable: the wait has failed before");
  return element;
}
