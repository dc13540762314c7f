import type {
  AccountStatusView,
  AccountView,
  Code,
  Screen,
  ThisComputer,
  LockReason,
  SignInAgainReason,
} from "../../ui/src/bindings";
import { words } from "../../ui/src/words";
import {
  awaiting,
  awaitingLast,
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
const signedIn: Screen = { state: "signed-in", just_now: false };
const provisioningFile = "/etc/sign-in-with-amiqus/provisioning.json";
const vaultFile = "/home/bob/.local/share/co.amiqus.signin/vault.2026-11-23.damaged";

const administrate = { press: "I’m the administrator" };
const onSetup: Scene[] = [
  scene("needs-setup", needsSetup, {
    setup: noSetup,
    buttons: ["Copy instructions for IT", "I’m the administrator"],
  }),
  scene("needs-setup-copied", needsSetup, {
    setup: noSetup,
    steps: [{ press: "Copy instructions for IT" }],
    buttons: ["Copied"],
  }),
  scene("needs-setup-administrator", needsSetup, {
    setup: noSetup,
    steps: [administrate],
    buttons: ["Open Developer Settings", "Copy redirect URL", "Check and save"],
  }),
  scene("needs-setup-faults", needsSetup, {
    setup: noSetup,
    steps: [
      {
        answer: "check_registration",
        with: {
          fields: [
            { field: "client_id", reason: "has_spaces" },
            { field: "client_secret", reason: "missing" },
            { field: "redirect_url", reason: "loopback_not_literal" },
            { field: "base_url", reason: "not_https" },
          ],
        },
      },
      administrate,
      { type: "9f3c 1b7a", into: "Client ID" },
      { press: "Check and save" },
    ],
  }),
  scene("needs-setup-change", needsSetup, {
    setup: handSetup,
    buttons: ["Check and save", "Cancel", "Back to the start"],
  }),
  scene("needs-setup-checking", needsSetup, {
    setup: noSetup,
    steps: [{ hang: "check_registration" }, administrate, { press: "Check and save" }],
  }),
  scene("needs-setup-not-recognised", needsSetup, {
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
      administrate,
      { press: "Check and save" },
    ],
  }),
  scene("needs-setup-not-checked", needsSetup, {
    setup: noSetup,
    steps: [
      { answer: "check_registration", with: { problem: problem("proxy_needs_password") } },
      administrate,
      { press: "Check and save" },
    ],
    buttons: ["Save anyway"],
  }),
  scene("needs-setup-cannot-save", needsSetup, {
    setup: noSetup,
    problem: problem("cannot_save"),
  }),
  scene("needs-setup-provisioning", needsSetup, {
    setup: { ...noSetup, managed: true },
    problem: problem("provisioning_invalid", provisioningFile, "client_secret"),
    buttons: ["Copy details for IT", "Try again"],
  }),
];

const signIn = ["Sign in with Amiqus"];
const unfinished = ["Finish signing in", "Forget this sign-in…"];

const onSignedOut: Scene[] = [
  scene("signed-out", signedOut, { buttons: signIn }),
  scene(
    "signed-out-just-now",
    { state: "signed-out", just_now: true },
    { buttons: [...signIn, "Open Team apps"] },
  ),
  scene("signed-out-unfinished", signedOut, {
    problem: problem("amiqus_unwell"),
    unfinished: true,
    buttons: [...signIn, ...unfinished],
  }),
  scene("signed-out-forget-question", signedOut, {
    unfinished: true,
    steps: [{ press: "Forget this sign-in…" }],
    buttons: ["Cancel", "Forget"],
  }),
  scene("signed-out-set-up-wrong-by-hand", signedOut, {
    setup: handSetup,
    problem: problem("set_up_wrong"),
    buttons: [...signIn, "Copy details for IT", "Change setup"],
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
    buttons: [...signIn, "Copy details for IT", "Back to the start"],
    // They differ in their texts alone: a dark one each would show nothing more.
    goldenThemes: ["light"],
  }),
);

const waiting = ["Open the browser again", "Paste the address", "Cancel", "Copy the address"];
const pasting = ["Finish signing in", "Cancel", "Back to the steps"];

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
  scene("awaiting-browser-another", awaiting, { accounts: [bob], buttons: waiting }),
  scene("awaiting-browser-again", awaiting, {
    accounts: [{ ...lorraine, status: { kind: "sign_in_again", why: "too_long_away" } }],
    buttons: waiting,
  }),
  scene("awaiting-browser-last-minute", awaitingLast, { buttons: waiting }),
  scene("awaiting-browser-loopback", awaiting, { setup: loopbackSetup, buttons: waiting }),
  scene("awaiting-browser-loopback-help", awaitingLong, { setup: loopbackSetup, buttons: waiting }),
  scene("awaiting-browser-problem", awaiting, {
    problem: problem("browser_did_not_open"),
    buttons: waiting,
  }),
  scene("awaiting-browser-paste", awaiting, {
    steps: [{ press: "Paste the address" }],
    buttons: pasting,
  }),
  ...pasted.map(({ name, text, code }) =>
    scene(`awaiting-browser-paste-${name}`, awaiting, {
      steps: [
        { answer: "exchange", with: problem(code) },
        { press: "Paste the address" },
        { type: text, into: "Address from your browser" },
        { press: "Finish signing in" },
      ],
      buttons: pasting,
    }),
  ),
  scene("exchanging-code", { state: "exchanging-code" }),
  scene(
    "exchanging-code-slow",
    { state: "exchanging-code" },
    { steps: [{ advance: 10_000 }], buttons: ["Cancel"] },
  ),
];

const ofBob = "More for Bob Gale, Fusion Industries";
const home = ["Settings and help", ofBob, "Add another account"];
const openMenu = { menu: 0 };
const disconnected: AccountStatusView = { kind: "sign_in_again", why: "access_removed" };
const emmett: AccountView = {
  ...lorraine,
  id: "345792-80",
  name: "Emmett Brown",
  email: "emmett@example.com",
  team: "Twin Pines Law",
  is_disabled: true,
};
const marty: AccountView = {
  ...lorraine,
  id: "345793-81",
  name: "Marty McFly",
  email: "marty@example.com",
  status: disconnected,
  renews_by: null,
};
const twenty = Array.from({ length: 20 }, (_, index) => ({
  ...[bob, lorraine, emmett, marty][index % 4],
  ...bob,
  id: `400000-${index}`,
  name: `Person ${String(index + 1).padStart(2, "0")}`,
  email: `person-${index + 1}@example.com`,
  team: `Office ${Math.floor(index / 3) + 1}`,
  ...(index === 7 ? { status: disconnected, renews_by: null } : {}),
  ...(index === 11 ? { offline: true } : {}),
}));
const unusual: AccountView[] = [
  { ...bob, name: "زهرا احمدی", email: "zahra@example.com", team: "دفتر حقوقی تهران" },
  { ...bob, id: "2", name: "සමන්ති පෙරේරා", email: "samanthi@example.com", team: "නීති කාර්යාලය" },
  { ...bob, id: "3", name: "محمد الأحمد", email: "m@example.com", team: "مكتب المحاماة" },
  { ...bob, id: "4", name: "Zoë 🦊 Müller", email: "zoe@example.com", team: "zoe@example.com" },
  { ...longNamed, id: "5" },
];

const onSignedIn: Scene[] = [
  scene("signed-in", signedIn, { accounts: [bob], buttons: [...home, "Open Amiqus"] }),
  scene(
    "signed-in-just-now",
    { state: "signed-in", just_now: true },
    {
      accounts: [bob],
      buttons: [...home, "Close this window"],
    },
  ),
  scene(
    "signed-in-just-now-another",
    { state: "signed-in", just_now: true },
    { accounts: [lorraine, bob], buttons: ["Close this window", "Add another account"] },
  ),
  scene(
    "signed-in-just-now-one-left",
    { state: "signed-in", just_now: true },
    { accounts: [bob, marty], buttons: ["Sign in again: Marty McFly, Hill Valley Legal"] },
  ),
  scene("signed-in-menu", signedIn, {
    accounts: [bob],
    steps: [openMenu],
    buttons: [...home, "Renew now", "Copy email address", "Open Team apps", "Sign out"],
  }),
  scene("signed-in-sign-out-question", signedIn, {
    accounts: [bob, lorraine],
    steps: [openMenu, { press: "Sign out" }],
    buttons: ["Cancel", "Sign out"],
  }),
  scene("signed-in-renewing", signedIn, {
    accounts: [{ ...bob, renewing: true }],
    buttons: home,
  }),
  scene("signed-in-offline", signedIn, {
    accounts: [{ ...bob, offline: true }],
    problem: problem("offline"),
    buttons: [...home, "Check now"],
  }),
  scene("signed-in-paused", signedIn, {
    accounts: [{ ...bob, is_disabled: true }],
    buttons: home,
  }),
  scene("signed-in-problem", signedIn, {
    accounts: [bob],
    problem: problem("already_here"),
    buttons: [...home, "Dismiss", "Try again"],
  }),
  scene("signed-in-problem-copied", signedIn, {
    accounts: [bob],
    problem: problem("amiqus_unwell"),
    steps: [{ press: "Copy details for IT" }],
    buttons: [...home, "Dismiss", "Copied"],
  }),
  scene("signed-in-other-teams", signedIn, {
    accounts: [bob],
    other_teams: ["Hill Valley Legal", "Twin Pines Law"],
    buttons: home,
  }),
  scene("signed-in-without-team", signedIn, {
    accounts: [{ ...lorraine, team: null, role: null }],
  }),
  scene("signed-in-no-longer-in-team", signedIn, {
    accounts: [{ ...bob, role: "no-longer-in-team" }],
  }),
  scene("signed-in-without-names", signedIn, {
    accounts: [
      { ...bob, name: "", email: "" },
      { ...lorraine, name: lorraine.email, team: null, role: null },
    ],
  }),
  scene("signed-in-unusual-names", signedIn, { accounts: unusual }),
  scene("signed-in-long-names", signedIn, {
    accounts: [longNamed, { ...longNamed, id: "345791-79" }],
  }),
  scene("signed-in-unfinished", signedIn, {
    accounts: [bob],
    unfinished: true,
    buttons: [...home, ...unfinished],
  }),
  scene("signed-in-two-accounts", signedIn, {
    accounts: [bob, lorraine],
    buttons: [...home, "Use Lorraine Baines, Hill Valley Legal"],
  }),
  scene("signed-in-four-accounts", signedIn, {
    accounts: [bob, lorraine, emmett, marty],
    buttons: [...home, "Sign in again: Marty McFly, Hill Valley Legal"],
  }),
  scene("signed-in-row-menu", signedIn, {
    accounts: [bob, lorraine],
    steps: [{ menu: 1 }],
    buttons: ["Use this account", "Sign out"],
  }),
  scene("signed-in-twenty-accounts", signedIn, { accounts: twenty }),
  scene("signed-in-twenty-accounts-found", signedIn, {
    accounts: twenty,
    steps: [{ type: "office 3", into: "Find an account" }],
  }),
  scene("signed-in-twenty-accounts-not-found", signedIn, {
    accounts: twenty,
    steps: [{ type: "Clara", into: "Find an account" }],
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
        buttons: [...signIn, ...home],
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

const removing = scene(
  "sign-in-again-remove-question",
  { state: "sign-in-again", why: "access_removed" },
  {
    accounts: [{ ...bob, status: disconnected }],
    steps: [openMenu, { press: "Remove this account" }],
    buttons: ["Cancel", "Remove"],
  },
);

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
  keychain_locked: ["Try again", "Copy details for IT"],
  keychain_absent: ["Save passphrase", "Try again"],
  keychain_unreachable: ["Try again"],
  passphrase_needed: ["Unlock", "Forget this sign-in…"],
  key_lost: ["Try again", "Forget this sign-in…"],
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
    "locked-start-over-question",
    { state: "locked", why: "key_lost" },
    { steps: [{ press: "Forget this sign-in…" }], buttons: ["Cancel", "Forget"] },
  ),
  scene(
    "locked-passphrase-too-short",
    { state: "locked", why: "keychain_absent" },
    { problem: problem("passphrase_too_short") },
  ),
];

const managedStart: ThisComputer = { ...usual, at_login: { on: true, managed: true } };
const openSettings = { press: "Settings and help" };
const onThisComputer: Scene[] = [
  scene("settings", signedIn, {
    accounts: [bob],
    steps: [openSettings],
    buttons: ["Back to your accounts", "Save support report", "Copy details for IT", "Licences"],
  }),
  scene("settings-set-up-by-hand", signedOut, {
    setup: handSetup,
    computer: { ...usual, support: "https://example.com/help", notifies: false },
    steps: [openSettings],
    buttons: ["Back to the start", "Change setup", "Contact support"],
  }),
  scene("settings-copied", signedOut, {
    steps: [openSettings, { press: "Copy details for IT" }],
    buttons: ["Copied"],
  }),
  scene("settings-report-saved", signedOut, {
    steps: [
      { answer: "save_report", with: "/home/bob/Downloads/sign-in-with-amiqus-report.txt" },
      openSettings,
      { press: "Save" },
    ],
    buttons: ["Show in folder"],
  }),
  scene("settings-faults", signedOut, {
    steps: [
      { answer: "save_report", with: problem("report_not_saved") },
      openSettings,
      { press: "Save" },
    ],
  }),
  scene("settings-start-not-changed", signedOut, {
    steps: [
      { answer: "start_at_login", with: problem("start_not_changed") },
      openSettings,
      { press: "Open when I log in to this computer" },
    ],
  }),
  scene("settings-managed", signedOut, {
    computer: managedStart,
    steps: [openSettings],
  }),
  scene("settings-update-ready", signedIn, {
    accounts: [bob],
    computer: { ...usual, update: "ready" },
    steps: [openSettings],
    buttons: ["Update and restart"],
  }),
  scene("links-taken", signedOut, {
    computer: { ...usual, links_taken_by: "Another Sign-in App" },
    buttons: [...signIn, "Use this app instead"],
  }),
  scene("links-unclaimed", signedOut, {
    computer: { ...usual, links_unclaimed: true },
    buttons: [...signIn, "Try again"],
  }),
  scene("update-ready", signedIn, {
    accounts: [bob],
    computer: { ...usual, update: "ready" },
    buttons: [...home, "Update and restart"],
  }),
  scene("update-failed", signedIn, {
    accounts: [bob],
    computer: { ...usual, update: "ready" },
    steps: [{ answer: "update", with: problem("update_failed") }, { press: "Update and restart" }],
    buttons: [...home, "Try again"],
  }),
];

/** States that no core sends: their screens throw, and the failure page is drawn instead. */
const noText = null as unknown as string;
const tryAgain = ["Try again"];
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
        { press: "Help" },
        { press: "Save a support report" },
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
  removing,
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
