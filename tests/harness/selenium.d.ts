import "selenium-webdriver";

// The library has this method; its type definitions lack it.
declare module "selenium-webdriver" {
  interface WebElement {
    getAccessibleName(): Promise<string>;
  }
}
