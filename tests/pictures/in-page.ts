import type { WebDriver } from "selenium-webdriver";

/** Runs a function in the page. It is sent as text: it can use nothing from outside itself. */
export async function inPage<Given extends unknown[], Result>(
  driver: WebDriver,
  work: (...given: Given) => Result,
  ...given: Given
): Promise<Result> {
  return driver.executeScript<Result>(
    `${compilerHelper}; return (${String(work)})(...arguments)`,
    ...given,
  );
}

/** Runs an asynchronous function in the page. */
export async function inPageLater<Given extends unknown[], Result>(
  driver: WebDriver,
  work: (...given: Given) => Promise<Result>,
  ...given: Given
): Promise<Result> {
  return driver.executeAsyncScript<Result>(
    `${compilerHelper}; const done = [].pop.call(arguments);
     (${String(work)})(...arguments).then(done)`,
    ...given,
  );
}

/** The compiler of these files wraps inner functions in calls of it. */
const compilerHelper = "const __name = (named) => named";
