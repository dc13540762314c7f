import type { Desktop } from "./desktop";

/** The names that the app gives its key. */
const ATTRIBUTES = "{'service': 'co.amiqus.signin', 'username': 'vault key'}";

/** How many keys of the app the desktop's keychain has (`SearchItems`, freedesktop's Secret Service). */
export async function keysInKeychain(desktop: Desktop): Promise<number> {
  const found = await desktop.run("gdbus", [
    ...["call", "--session", "--dest", "org.freedesktop.secrets"],
    ...["--object-path", "/org/freedesktop/secrets"],
    ...["--method", "org.freedesktop.Secret.Service.SearchItems"],
    ATTRIBUTES,
  ]);
  return found.split("/org/freedesktop/secrets/collection/").length - 1;
}
