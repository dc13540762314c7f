import type { Desktop } from "./desktop";

/** The attributes of the item in which the app keeps the vault's key. */
const ATTRIBUTES = "{'service': 'co.amiqus.signin', 'username': 'vault key'}";

/** Counts the app's keys in the desktop's keychain (`SearchItems` of the Secret Service API). */
export async function keysInKeychain(desktop: Desktop): Promise<number> {
  const found = await desktop.run("gdbus", [
    ...["call", "--session", "--dest", "org.freedesktop.secrets"],
    ...["--object-path", "/org/freedesktop/secrets"],
    ...["--method", "org.freedesktop.Secret.Service.SearchItems"],
    ATTRIBUTES,
  ]);
  return found.split("/org/freedesktop/secrets/collection/").length - 1;
}
