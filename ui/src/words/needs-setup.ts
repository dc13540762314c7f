import { scheme } from "brand";

export const title = "Connect your organisation";
export const intro = "Done once, by an administrator.";
export const managedTitle = "Almost ready";
export const managedIntro =
  "Your organisation sets this app up for you, and that isn’t finished yet. Please show this to your administrator, then close the app and open it again.";
export const openSettings =
  "In Amiqus, open the user menu, **Developer Settings**, **API clients**.";
export const createClient = "Choose **Create an API client**, and name it.";
export const copyBack = "Open it, and copy its ID and secret to here.";
export const redirectToEnter = "Redirect URL, to enter there";
export const clientId = "Client ID";
export const clientSecret = "Client secret";
export const clientSecretKept =
  "The saved secret isn’t shown. Leave this empty to keep it. Another client ID, service or redirect URL needs it again.";
export const advanced = "Advanced";
export const redirectUrl = "Redirect URL";
export const redirectUrlHint = `Change it only if another one is registered at Amiqus. It begins with ${scheme}:// or is like http://127.0.0.1:8123/callback`;
export const baseUrl = "Service address";
export const copied = "The redirect URL is copied.";
export const copyYourself = "It is marked for you: press Ctrl+C (⌘C on a Mac) to copy it.";
export const outcome = {
  notSaved: "Not saved yet. Please look at the marked fields.",
  checking: "Asking Amiqus…",
  right: "Amiqus knows this app. Save it, and that’s all.",
  wrong: "Not right yet. Please look at the marked fields.",
};
