/** A loopback redirect URL, on a port that is reserved for the test file that imports this. */
import type { HarnessOptions } from "./harness";
import { reservePort, waitFor } from "./processes";

/** How long the app may go on listening after a sign-in, in milliseconds. */
const LISTENER_TIMEOUT = 60_000;

export const loopbackPort = await reservePort();
export const loopbackUrl = `http://127.0.0.1:${String(loopbackPort)}/callback`;

/** Registers the loopback redirect URL at the fake server and provisions the app with it. */
export const withLoopbackRedirect: HarnessOptions = {
  practice: () => ["--redirect-url", loopbackUrl],
  provisioning: (practice) => practice.provisioning({ redirect_url: loopbackUrl }),
};

/** The status of a response; `undefined` where nothing listens. */
export async function statusOf(url: string, method = "GET"): Promise<number | undefined> {
  try {
    return (await fetch(url, { method, redirect: "manual" })).status;
  } catch {
    return undefined;
  }
}

/** Waits until the app has stopped listening, which it does a while after its last page. */
export async function waitUntilNotListening(): Promise<void> {
  await waitFor(
    "the app no longer listens",
    async () => (await statusOf(loopbackUrl)) === undefined,
    LISTENER_TIMEOUT,
  );
}
