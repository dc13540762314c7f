import type {
  Code,
  Screen,
  ThisComputer,
  LockReason,
  SignInAgainReason,
} from "../../ui/src/bindings";
import { words } from "../../ui/src/words";
import {
  awaiting,
  awaitingLong,
  bob,
  handSetup,
  longNamed,
  loopbackSetup,
  lorraine,
  noSetup,
  problem,
  scene,
  usual,
  type Scene,
} from "./scene";

const needsSetup: Screen = { state: "needs-setup" };
const signedOut: Screen = { state: "signed-out", just_now: false };
const signedIn: Screen = { state: "signed-in" };
const provisioningFile = "/etc/sign-in-with-amiqus/provisioning.json";
const vaultFile = "/home/bob/.local/share/co.amiqus.signin/vault.2026-11-23.damaged";

const onSetup: Scene[] = [
  scene("needs-setup", needsSetup, {
    setup: noSetup,
    buttons: ["Open Developer Settings", "Copy", "Check", "Save"],
  }),
  scene("needs-setup-faults", needsSetup, {
    setup: noSetup,
    steps: [
      {
        answer: "save_registration",
        with: {
          fields: [
            { field: "client_id", reason: "has_spaces" },
            { field: "client_secret", reason: "missing" },
            { field: "redirect_url", reason: "loopback_not_literal" },
            { field: "base_url", reason: "not_https" },
          ],
        },
      },
      { type: "9f3c 1b7a", into: "Client ID" },
      { press: "Save" },
    ],
  }),
  scene("needs-setup-change", needsSetup, { setup: handSetup, buttons: ["Save", "Cancel"] }),
  scene("needs-setup-checked", needsSetup, {
    setup: noSetup,
    steps: [{ press: "Check" }],
    buttons: ["Check", "Save"],
  }),
  scene("needs-setup-checked-wrong", needsSetup, {
    setup: noSetup,
    steps: [
      {
        answer: "check_registration",
        with: {
          fields: [
            { field: "client_secret", reason: "not_recognised" },
            { field: "redirect_url", reason: "not_registered" },
          ],
        },
      },
      { press: "Check" },
    ],
  }),
  scene("needs-setup-check-unanswered", needsSetup, {
    setup: noSetup,
    steps: [
      { answer: "check_registration", with: { problem: problem("proxy_needs_password") } },
      { press: "Check" },
    ],
  }),
  scene("needs-setup-cannot-save", needsSetup, {
    setup: noSetup,
    problem: problem("cannot_save"),
  }),
  scene("needs-setup-provisioning", needsSetup, {
    setup: { ...noSetup, managed: true },
    problem: problem("provisioning_invalid", provisioningFile, "client_secret"),
  }),
  scene("needs-setup-provisioning-unmanaged", needsSetup, {
    setup: noSetup,
    problem: problem("provisioning_not_json", provisioningFile),
  }),
];

const signIn = ["Sign in with Amiqus"];
const unfinished = ["Finish signing in", "Forget this sign-in"];

const onSignedOut: Scene[] = [
  scene("signed-out", signedOut, { buttons: signIn }),
  scene(
    "signed-out-just-now",
    { state: "signed-out", just_now: true },
    { buttons: [...signIn, "Open Team apps"] },
  ),
  scene("signed-out-set-up-by-hand", signedOut, {
    setup: handSetup,
    buttons: [...signIn, "Change the set-up"],
  }),
  scene("signed-out-unfinished", signedOut, {
    problem: problem("amiqus_unwell"),
    unfinished: true,
    buttons: [...signIn, ...unfinished],
  }),
  scene("signed-out-set-up-wrong-by-hand", signedOut, {
    setup: handSetup,
    problem: problem("set_up_wrong"),
    buttons: [...signIn, "Change the set-up"],
  }),
];

const codes = Object.keys(words.problem) as Code[];

const files: Partial<Record<Code, string>> = {
  provisioning_unreadable: provisioningFile,
  provisioning_not_utf8: provisioningFile,
  provisioning_not_json: provisioningFile,
  provisioning_invalid: provisioningFile,
  provisioning_not_trusted: provisioningFile,
  vault_damaged: vaultFile,
};

const problemsSignedOut = codes.map((code) =>
  scene(`signed-out-${code.replaceAll("_", "-")}`, signedOut, {
    problem: problem(code, files[code] ?? null),
    buttons: signIn,
    // They differ in their texts alone: a dark one each would show nothing more.
    goldenThemes: ["light"],
  }),
);

const waiting = ["Open the browser again", "Paste the address", "Cancel"];

const callback = "co.amiqus.signin://oauth/callback";
export const pasted: { name: string; text: string; code: Code }[] = [
  { name: "password", text: "correct horse battery", code: "link_not_ours" },
  { name: "e-mail", text: "Dear Bob, please see https://example.com", code: "link_not_ours" },
  { name: "part-of-it", text: `${callback}?code=4f2a9c`, code: "link_incomplete" },
  { name: "an-earlier-one", text: `${callback}?code=4f2a9c&state=91bd`, code: "link_too_late" },
  { name: "nothing", text: " ", code: "internal" },
];

const onTheWay: Scene[] = [
  scene("awaiting-browser", awaiting, { buttons: waiting }),
  scene("awaiting-browser-help", awaitingLong, { buttons: waiting }),
  scene("awaiting-browser-loopback", awaitingLong, { setup: loopbackSetup, buttons: waiting }),
  scene("awaiting-browser-problem", awaiting, {
    problem: problem("browser_did_not_open"),
    buttons: waiting,
  }),
  scene("awaiting-browser-paste", awaiting, {
    steps: [{ press: "Paste the address" }],
    buttons: [...waiting, "Continue"],
  }),
  ...pasted.map(({ name, text, code }) =>
    scene(`awaiting-browser-paste-${name}`, awaiting, {
      steps: [
        { answer: "exchange", with: problem(code) },
        { press: "Paste the address" },
        { type: text, into: "Address" },
        { press: "Continue" },
      ],
      buttons: [...waiting, "Continue"],
    }),
  ),
  scene("exchanging-code", { state: "exchanging-code" }),
  scene(
    "exchanging-code-slow",
    { state: "exchanging-code" },
    { steps: [{ advance: 10_000 }], buttons: ["Cancel"] },
  ),
];

const settled = ["Renew now", "Add another account", "Sign out", "Open Team apps"];

const onSignedIn: Scene[] = [
  scene("signed-in", signedIn, { accounts: [bob], buttons: [...settled, "Open Amiqus"] }),
  scene("signed-in-renewing", signedIn, {
    accounts: [{ ...bob, renewing: true }],
    buttons: settled,
  }),
  scene("signed-in-offline", signedIn, {
    accounts: [{ ...bob, offline: true }],
    problem: problem("offline"),
    buttons: [...settled, "Check now"],
  }),
  scene("signed-in-disabled", signedIn, {
    accounts: [{ ...bob, is_disabled: true }],
    buttons: settled,
  }),
  scene("signed-in-problem", signedIn, {
    accounts: [bob],
    problem: problem("already_here"),
    buttons: settled,
  }),
  scene("signed-in-without-team", signedIn, {
    accounts: [{ ...lorraine, team: null, role: null }],
  }),
  scene("signed-in-without-names", signedIn, {
    accounts: [
      { ...bob, name: "", email: "" },
      { ...lorraine, name: lorraine.email, team: null, role: null },
    ],
    buttons: settled,
  }),
  scene("signed-in-long-names", signedIn, {
    accounts: [longNamed, { ...longNamed, id: "345791-79" }],
  }),
  scene("signed-in-unfinished", signedIn, {
    accounts: [bob],
    unfinished: true,
    buttons: [...settled, ...unfinished],
  }),
  scene("signed-in-two-accounts", signedIn, { accounts: [bob, lorraine], buttons: settled }),
  scene("signed-in-three-accounts", signedIn, {
    accounts: [
      bob,
      { ...lorraine, status: { kind: "sign_in_again", why: "access_removed" } },
      { ...bob, id: "345791-79", name: "Émile Ångström", team: "Clock Tower HR", role: null },
    ],
    buttons: settled,
  }),
];

const reasonsToSignInAgain: SignInAgainReason[] = [
  "access_removed",
  "answer_lost",
  "too_long_away",
  "set_up_changed",
];
const onSignInAgain: Scene[] = [
  ...reasonsToSignInAgain.map((why) =>
    scene(
      `sign-in-again-${why.replaceAll("_", "-")}`,
      { state: "sign-in-again", why },
      {
        accounts: [{ ...bob, status: { kind: "sign_in_again", why } }],
        buttons: [...signIn, "Remove this account"],
      },
    ),
  ),
  scene(
    "sign-in-again-of-two",
    { state: "sign-in-again", why: "access_removed" },
    {
      accounts: [{ ...bob, status: { kind: "sign_in_again", why: "access_removed" } }, lorraine],
      problem: problem("offline"),
      buttons: signIn,
    },
  ),
];

const unfinishedElsewhere = scene(
  "sign-in-again-unfinished",
  { state: "sign-in-again", why: "too_long_away" },
  {
    accounts: [{ ...bob, status: { kind: "sign_in_again", why: "too_long_away" } }],
    unfinished: true,
    buttons: [...signIn, ...unfinished],
  },
);

const lockedActions: Record<LockReason, string[]> = {
  keychain_locked: ["Try again"],
  keychain_absent: ["Use this passphrase", "Try again"],
  keychain_unreachable: ["Try again"],
  passphrase_needed: ["Unlock", "Start again"],
  key_lost: ["Try again", "Start again"],
  in_use_elsewhere: ["Try again"],
  vault_unreachable: ["Try again"],
  disk_full: ["Try again"],
};
const onLocked: Scene[] = [
  ...(Object.keys(lockedActions) as LockReason[]).map((why) =>
    scene(
      `locked-${why.replaceAll("_", "-")}`,
      { state: "locked", why },
      { buttons: lockedActions[why] },
    ),
  ),
  scene(
    "locked-wrong-passphrase",
    { state: "locked", why: "passphrase_needed" },
    { problem: problem("wrong_passphrase") },
  ),
  scene(
    "locked-passphrases-differ",
    { state: "locked", why: "keychain_absent" },
    {
      steps: [
        { type: "seven quiet herons", into: "Passphrase" },
        { type: "seven quiet heron", into: "Passphrase, once more" },
        { press: "Use this passphrase" },
      ],
    },
  ),
  scene(
    "locked-passphrase-too-short",
    { state: "locked", why: "keychain_absent" },
    { problem: problem("passphrase_too_short") },
  ),
];

const managedStart: ThisComputer = { ...usual, at_login: { on: true, managed: true } };
const openHelp = { press: "Help" };
const onThisComputer: Scene[] = [
  scene("help", signedIn, {
    accounts: [bob],
    steps: [openHelp],
    buttons: ["Save a report for support"],
  }),
  scene("help-report-saved", signedOut, {
    steps: [
      { answer: "save_report", with: "/home/bob/Downloads/sign-in-with-amiqus-report.txt" },
      openHelp,
      { press: "Save a report for support" },
    ],
  }),
  scene(
    "help-start-managed",
    { state: "locked", why: "keychain_locked" },
    { computer: managedStart, steps: [openHelp], buttons: ["Save a report for support"] },
  ),
  scene("links-taken", signedOut, {
    computer: { ...usual, links_taken_by: "Another Sign-in App" },
    buttons: [...signIn, "Open links with this app"],
  }),
  scene("links-unclaimed", signedOut, {
    computer: { ...usual, links_unclaimed: true },
    buttons: [...signIn, "Try again"],
  }),
  scene("update-ready", signedIn, {
    accounts: [bob],
    computer: { ...usual, update_ready: true },
    buttons: [...settled, "Update and start again"],
  }),
  scene("update-failed", signedIn, {
    accounts: [bob],
    computer: { ...usual, update_ready: true },
    steps: [
      { answer: "update", with: problem("update_failed") },
      { press: "Update and start again" },
    ],
    buttons: [...settled, "Update and start again"],
  }),
];

/** States that no core sends: their screens throw, and the failure page is drawn instead. */
const noText = null as unknown as string;
const tryAgain = ["Try again", "Save a report for support"];
const onFailing: Scene[] = [
  scene("failing-signed-in", signedIn, {
    accounts: [{ ...bob, name: noText }],
    problem: problem("internal"),
    buttons: [...tryAgain, "Sign out"],
    reloads: "Try again",
  }),
  scene(
    "failing-sign-in-again",
    { state: "sign-in-again", why: "access_removed" },
    {
      accounts: [{ ...bob, name: noText }],
      problem: problem("internal"),
      steps: [
        { answer: "save_report", with: problem("report_not_saved") },
        { press: "Save a report for support" },
      ],
      buttons: [...tryAgain, "Sign in with Amiqus", "Sign out"],
      reloads: "Try again",
    },
  ),
];

const onOpening: Scene[] = [
  scene("opening", signedOut, { coreIsSilent: true, steps: [{ hang: "follow" }] }),
  scene("opening-unreachable", signedOut, {
    coreIsSilent: true,
    steps: [{ answer: "follow", with: problem("internal") }],
    buttons: tryAgain,
    reloads: "Try again",
  }),
];

export const scenes: Scene[] = [
  ...onOpening,
  ...onSetup,
  ...onSignedOut,
  ...problemsSignedOut,
  ...onTheWay,
  ...onSignedIn,
  ...onSignInAgain,
  unfinishedElsewhere,
  ...onLocked,
  ...onThisComputer,
  ...onFailing,
];

export function sceneNamed(name: string): Scene {
  const found = scenes.find((scene) => scene.name === name);
  if (!found) throw new Error(`there is no scene ${name}`);
  return found;
}
