/** One thing that "secure and dependable" means here, and where it is asked for. */
export type Check = {
  number: number;
  group: string;
  text: string;
  /** RFC section, OWASP ASVS 5.0 requirement, or the public bug of a product that got it wrong. */
  source: string;
  /** What no test on this machine can show, and how a person sees to it. */
  note?: string;
  /** No test can show it at all: why, and how a person does it. */
  byHand?: { why: string; how: string };
};

/** Nobody asks for it but this project. */
const OURS = "*this project*";

type Entry = Omit<Check, "number" | "group">;

const groups: Record<string, Entry[]> = {
  "The authorization request": [
    {
      text: "It opens in the system's browser, never in a webview of the app's own.",
      source: "RFC 8252 §8.12",
    },
    {
      text: "Each attempt has a fresh verifier of 43 to 128 characters; the challenge is S256, never `plain`.",
      source: "RFC 7636 §4",
    },
    {
      text: "The verifier is sent exactly when a challenge was.",
      source: "league/oauth2-server#1326",
    },
    {
      text: "`state` has at least 128 random bits, is compared in constant time, works once, dies after ten minutes and belongs to one attempt.",
      source: "RFC 6749 §10.12, ASVS 10.1.2",
    },
    {
      text: "No secret and nothing personal is in a URL or in `state`.",
      source: "ASVS 14.2.1",
    },
    {
      text: "`redirect_uri` is byte for byte the same when authorizing, exchanging and refreshing.",
      source: "RFC 6749 §4.1.3",
    },
    {
      text: "The redirect URL's scheme is a reversed domain name: `scheme://host/path`.",
      source: "RFC 8252 §7.1",
    },
    {
      text: "The loopback alternative: an IP literal, one answer and closed soon after its last page, GET alone, the right path alone.",
      source: "RFC 8252 §7.3, §8.3",
    },
    { text: "No scope is asked for.", source: "ASVS 10.2.3" },
  ],
  "The redirect is hostile input": [
    {
      text: "Scheme, host and path match exactly; no user, port or fragment; a second `code`, `state` or `error` is refused; unknown parameters are ignored; the length is capped.",
      source: "RFC 6749 §3.1, §4.1.2",
    },
    {
      text: "Without a pending attempt, or with a `state` that is wrong, used or too old, nothing is sent, and an attempt that is pending survives.",
      source: "ASVS 10.1.2",
    },
    {
      text: "Each of the seven authorization errors has plain words; `access_denied` leads to trying again.",
      source: "RFC 6749 §4.1.2.1",
    },
    {
      text: "An error with a wrong `state` is ignored; `code` and `error` together are refused.",
      source: "RFC 6749 §4.1.2.1, §10.12",
    },
    {
      text: "What a server writes is shown as plain text of a capped length, if at all.",
      source: "RFC 6749 §4.1.2.1",
    },
    { text: "`iss`, where there is one, must match.", source: "RFC 9207 §2.4" },
    {
      text: "A link given as an argument is as untrusted as any other.",
      source: "RFC 8252 §8.9",
    },
    {
      text: "A link works when it starts the app, when the app runs, from a second process, and with two links at once.",
      source: "tauri-apps/tauri#13580",
    },
  ],
  "The token endpoint": [
    {
      text: "The client secret is only ever in the body of a POST over https, or over http to this computer itself.",
      source: "RFC 6749 §2.3.1",
    },
    {
      text: "`Accept: application/json`; no redirect is followed; certificates are checked against the operating system's trust store; the system's proxy is used.",
      source: "RFC 6749 §10.9",
      note: "Shown for Linux. The same library asks the stores of Windows and macOS, where nobody has run this yet: sign in there once through a proxy that inspects TLS, with its root certificate installed and then removed.",
    },
    {
      text: "A code is posted at most once, even after a timeout.",
      source: "RFC 6749 §4.1.2",
    },
    {
      text: "Missing, odd or extra fields, HTML, half of a JSON text, a body of 100 MB: a clear error, in bounded memory.",
      source: "RFC 6749 §5.1",
    },
    {
      text: "`invalid_client` means that the set-up is wrong: accounts are kept.",
      source: "RFC 6749 §5.2",
    },
    {
      text: "A dead refresh token is recognised in both shapes in which servers say so.",
      source: "RFC 6749 §5.2, league/oauth2-server 8 and 9",
    },
    {
      text: "No failure of the network, no 5xx, 503 or 429 ever signs anybody out.",
      source: "cline/cline#12255",
    },
    { text: "`Retry-After` is honoured, and capped.", source: "RFC 9110 §10.2.3" },
    {
      text: "A new pair of tokens replaces the old one in one atomic commit.",
      source: "RFC 6749 §6",
    },
    {
      text: "One refresh at a time for each account, across threads and processes.",
      source: "buildkite/cli#852",
    },
    {
      text: "The intent to refresh is on the disk before the refresh is sent; killed at any step, the account works with the old pair, works with the new one, or clearly asks to sign in again.",
      source: "RFC 6749 §6",
    },
    {
      text: "Before an account is called dead the store is read again.",
      source: "Floway#67",
    },
    {
      text: "A `/me` that fails after a refresh doesn't lose the new pair.",
      source: "BerriAI/litellm#35234",
    },
  ],
  "What is kept": [
    {
      text: "No token, code or secret is in any file, log, storage of the webview or core dump, as a search through the bytes finds.",
      source: "ASVS 13.3.1",
    },
    {
      text: "The folder is 0700, its files 0600; file and folder are synced; what a killed write left is swept.",
      source: OURS,
    },
    {
      text: "A keychain that is locked, absent or refuses: a clear message and a safe way on, never plain text.",
      source: "cli/cli#8954",
    },
    {
      text: "A vault that is cut short, damaged or from a newer version is set aside; on a full disk nothing is overwritten; there is no crash.",
      source: OURS,
    },
    {
      text: "Signing out works offline, and says that the access ends on the Team apps page.",
      source: OURS,
    },
    {
      text: "The same user and team again is an update and no second account.",
      source: OURS,
    },
  ],
  "The app": [
    {
      text: "The commands are listed in the app's manifest; no remote origin; capabilities for each window, and no `stronghold:*` for the webview.",
      source: "Tauri, capabilities",
    },
    {
      text: "A strict content security policy: self alone, neither `unsafe-inline` nor `unsafe-eval`.",
      source: "W3C CSP 3",
    },
    {
      text: "No command's answer and no event carries a code, token or secret.",
      source: "RFC 6749 §10.3 to §10.5",
    },
    { text: "Nothing opens but the addresses on a list.", source: "ASVS 13.2.4" },
    {
      text: "A clock that is off by a day, or turned back: no loop of refreshes, nobody taken for expired.",
      source: "AzureAD/microsoft-authentication-library-for-js#3786",
    },
    {
      text: "Logs and the report for support are redacted by type.",
      source: "ASVS 16.2.5",
    },
    {
      text: "The dependencies are audited with each test run: advisories, licences, sources.",
      note: "Where the databases of advisories can't be reached, the audit says “not asked” and goes on. The hosted workflow runs `npm run audit -- --complete`, which then fails; read what it says before a release.",
      source: OURS,
    },
  ],
};

export const checks: readonly Check[] = Object.entries(groups)
  .flatMap(([group, entries]) => entries.map((entry) => ({ group, ...entry })))
  .map((entry, index) => ({ number: index + 1, ...entry }));
