/** Authorization requests that a test answers in place of the browser. */
import type { WebDriver } from "selenium-webdriver";
import type { Harness } from "./harness";

/** The team that each user of the fake server acts for. */
const TEAMS: Record<string, string> = {
  "bob@example.com": "Fusion Industries",
  "lorraine@example.com": "Hill Valley Legal",
};

/** The authorization request that a tab shows, even where the login page comes before it. */
export async function authorizationRequest(tab: WebDriver): Promise<URL> {
  const shown = new URL(await tab.getCurrentUrl());
  const next = shown.searchParams.get("return_to");
  return next === null ? shown : new URL(next, shown);
}

/** Allows the request that a tab shows; returns the redirect that the browser would follow. */
export async function allowRequest(
  { practice }: Harness,
  tab: WebDriver,
  email = "bob@example.com",
): Promise<string> {
  const response = await practice.control("authorize", {
    url: (await authorizationRequest(tab)).href,
    email,
    team: TEAMS[email],
    allow: true,
  });
  return (response as { location: string }).location;
}
