import "selenium-webdriver";

// What the library has and its types don't, yet.
declare module "selenium-webdriver" {
  interface WebElement {
    getAccessibleName(): Promise<string>;
  }
}
