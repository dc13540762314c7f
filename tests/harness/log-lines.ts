/**
 * The lines of the app's log and of its support report that tests wait for or look for, each as the
 * part that never varies. When the app words one of them differently, this is the only edit.
 */

/** Lines of the app's log. */
export const logLines = {
  processStarted: " started version=",
  windowFollowsState: "window: page follows the state",
  pageBringsState: "window: state embedded in the page",
  pageFailed: "window: page failed fault=",
  pageLost: "window: page lost ",
  trayGone: "tray: host changed is_present=false",
  browserFailed: "browser: open failed",
  handlerRegistered: "links: handler registered",
  nameTaken: "single instance: another program owns this app's name on the bus",
  linkWithoutAttempt: "no attempt is pending",
  linkIsNotAnAnswer: "redirect: ignored, the link is no answer",
  linkOfAnotherAttempt: "redirect: ignored, it answers another attempt",
  stateLocked: "the state is now locked",
  stateSignedIn: "the state is now signed-in",
  stateSignedInWithTwoAccounts: "signed-in accounts=2",
  signInClaimed: "identify: claimed",
  certificatesReplaced: "names certificates in place of the system's",
  linesLost: "log: lines lost count=",
} as const;

/** The fields of `logLines.pageLost`. */
export const pageLosses = {
  reloaded: "why=Ended remedy=Reload",
  rebuilt: "why=Ended remedy=Rebuild",
  closed: "why=Ended remedy=Close",
  hungAndRebuilt: "why=Unresponsive remedy=Rebuild",
} as const;

/** Lines of the report that `--diagnose` prints and the window saves. */
export const reportLines = {
  version: "app: 0.1.0",
  keychainOpen: "vault key: in the keychain, which is open",
  keychainAbsent: "vault key: there is no keychain",
  keychainHangs: "vault key: the keychain didn't answer within 5 s",
  linksOpenedByThisApp: "opened by: this app",
  reachable: "reachable: yes, 401",
  unreachable: "reachable: no: error sending request: client error (Connect): ",
  noProxy: "proxy: none",
  certificatesOfSystem: "certificates: the system's",
  missingSafeguard: "missing safeguard: ",
  lockedWithoutAccounts: "locked accounts=0",
  awaitingBrowserWithOneAccount: "awaiting-browser accounts=1",
  logNotAFile: "can't be read: not a regular file",
  redacted: "[redacted]",
  redactedEmail: "…@example.com",
} as const;
