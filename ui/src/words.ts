import { base_url as baseUrl, name as app, scheme } from "brand";
import type {
  AppState,
  Code,
  FieldProblem,
  Problem,
  RedirectKind,
  Role,
  WhyLocked,
  WhySignInAgain,
} from "./bindings";

/** What happened in a line, then in a sentence. `**` marks words that stand out. */
export type Message = { title: string; sentence: string };

const language = "en-GB";

export const words = {
  button: {
    signIn: "Sign in with Amiqus",
    cancel: "Cancel",
    openBrowserAgain: "Open the browser again",
    pasteAddress: "Paste the address",
    continue: "Continue",
    renewNow: "Renew now",
    addAccount: "Add another account",
    signOut: "Sign out",
    switch: "Switch",
    openAmiqus: "Open Amiqus",
    openTeamApps: "Open Team apps",
    openDeveloperSettings: "Open Developer Settings",
    checkNow: "Check now",
    removeAccount: "Remove this account",
    changeSetup: "Change the set-up",
    copy: "Copy",
    copied: "Copied",
    reveal: "Reveal",
    hide: "Hide",
    save: "Save",
    check: "Check",
    tryAgain: "Try again",
    startAgain: "Start again",
    unlock: "Unlock",
    usePassphrase: "Use this passphrase",
    saveReport: "Save a report for support",
  },

  starting: {
    title: "Opening…",
    sentence: "Your keychain may be asking for its password.",
  },

  needsSetup: {
    title: "Connect your organisation",
    intro: "Done once, by an administrator.",
    managedTitle: "Almost ready",
    managedIntro:
      "Your organisation sets this app up for you, and that isn’t finished yet. Please show this to your administrator, then close the app and open it again.",
    openSettings: "In Amiqus, open the user menu, **Developer Settings**, **API clients**.",
    createClient: "Choose **Create an API client**, and name it.",
    copyBack: "Open it, and copy its ID and secret to here.",
    redirectToEnter: "Redirect URL, to enter there",
    clientId: "Client ID",
    clientSecret: "Client secret",
    clientSecretKept: "The saved secret isn’t shown. Leave this empty to keep it.",
    advanced: "Advanced",
    redirectUrl: "Redirect URL",
    redirectUrlHint: `Change it only if another one is registered at Amiqus. It begins with ${scheme}:// or is like http://127.0.0.1:8123/callback`,
    baseUrl: "Service address",
    copied: "The redirect URL is copied.",
    copyYourself: "It is marked for you: press Ctrl+C (⌘C on a Mac) to copy it.",
    outcome: {
      notSaved: "Not saved yet. Please look at the marked fields.",
      checking: "Asking Amiqus…",
      right: "Amiqus knows this app. Save it, and that’s all.",
      wrong: "Not right yet. Please look at the marked fields.",
    },
  },

  signedOut: {
    title: "Welcome",
    sentence:
      "Your browser opens. Log in to Amiqus as you always do and choose Allow. That is all.",
    justNow: {
      title: "You are signed out",
      sentence: "This computer no longer holds your sign-in. Come back whenever you like.",
    },
    setUpFor: "Set up for {organisation}",
    askAdministrator: "Please ask your administrator: your organisation looks after this set-up.",
  },

  stillListed: "Amiqus still lists this app until it is removed on the Team apps page.",
  stillListedWhenSignedIn:
    "After signing out, Amiqus still lists this app until it is removed on the Team apps page.",

  awaitingBrowser: {
    title: "Continue in your browser",
    way: {
      scheme: {
        sentence: `When your browser asks to open **${app}**, choose Open.`,
        help: `Your browser may have asked whether to open **${app}**: choose Open or Allow. If it didn’t, click into its page, then open the browser again.`,
      },
      loopback: {
        sentence: "Log in there and choose **Allow**. This window goes on by itself.",
        help: "If no page came, or the last page couldn’t be shown, open the browser again or paste the address.",
      },
    } satisfies Record<RedirectKind, { sentence: string; help: string }>,
    timeLeft: "left",
    helpTitle: "Did the browser not come back?",
    address: "Address",
    addressHint:
      "In your browser, copy the address of the page you end on, or the link that should open this app. It begins with “{redirect}”.",
    nothingPasted:
      "There is nothing here yet. Copy the address in your browser first, then paste it here.",
  },

  exchangingCode: {
    title: "Finishing sign-in…",
    sentence: "This only takes a moment.",
  },

  signedIn: {
    title: "You are signed in",
    titleOfSeveral: "Your accounts",
    team: "Team",
    role: "Role",
    identity: "Identity",
    verified: "Verified",
    current: "Current",
    signInAgain: "Sign in again",
    connected: "Connected. Renews by itself before {date}.",
    renewing: "Renewing…",
    offline:
      "Offline. This is as of {moment}. You are still signed in; it checks again when the network is back.",
    disabled: {
      title: "Amiqus has paused this user.",
      sentence:
        "That can be temporary. The owner of your team can tell you more; you need not sign in again.",
    },
  },

  signInAgain: {
    title: "Please sign in again",
    otherAccounts: "Your other accounts",
    why: {
      access_removed: {
        title: "Amiqus no longer lets this app in.",
        sentence:
          "Someone removed it on the Team apps page. Nothing on this computer was lost. If that was a mistake, just sign in again.",
      },
      answer_lost: {
        title: "An answer from Amiqus was lost.",
        sentence:
          "Amiqus had renewed your sign-in, but its answer never reached this computer, as when the power or the network goes at that very moment. Each answer works only once, so please sign in again. Nothing else was affected.",
      },
      set_up_changed: {
        title: "Your organisation changed its connection to Amiqus.",
        sentence:
          "What was agreed with the earlier connection ends with it. Nothing else was affected; just sign in again.",
      },
      too_long_away: {
        title: "It has been a long time.",
        sentence:
          "A sign-in that isn’t used lasts about a year, and this one has ended. Nothing else was affected; just sign in again.",
      },
    } satisfies Record<WhySignInAgain, Message>,
  },

  locked: {
    why: {
      keychain_locked: {
        title: "Your keychain is locked",
        sentence:
          "Your sign-in is kept safe by this computer’s keychain. Please unlock the keychain, then try again.",
      },
      keychain_absent: {
        title: "Choose a passphrase",
        sentence:
          "This computer has no keychain that we can use to keep your sign-in safe. A passphrase does it as well; you will be asked for it each time the app starts.",
      },
      passphrase_needed: {
        title: "Welcome back",
        sentence: "Please enter your passphrase to unlock your sign-in.",
      },
      keychain_unreachable: {
        title: "The keychain isn’t answering",
        sentence: `Your sign-in is safe, and this computer’s keychain holds its key. Try again, or close ${app} and open it again once the keychain is there.`,
      },
      key_lost: {
        title: "The key is missing",
        sentence:
          "Your saved sign-in is here, but its key is no longer in this computer’s keychain. If you can bring the keychain back, try again. Otherwise start again: the old file is set aside, not deleted.",
      },
      in_use_elsewhere: {
        title: "Already in use",
        sentence:
          "Another copy of this app has your saved sign-in open, perhaps for another person on this computer. Close it there, and this one goes on by itself.",
      },
      vault_unreachable: {
        title: "This app’s folder can’t be reached",
        sentence:
          "Your sign-in is kept there, and it can’t be read or written to. The disk may be full, or not connected. Nothing was changed.",
      },
    } satisfies Record<WhyLocked, Message>,
    passphrase: "Passphrase",
    passphraseAgain: "Passphrase, once more",
    passphraseHint: "At least 12 characters. A few words in a row are easy to remember.",
    passphrasesDiffer: "The two are not the same. Please type it once more.",
  },

  help: {
    title: "Help",
    report:
      "One text file: how this app and its connection are doing. There is no password, code or token in it, and nobody’s name.",
    saved: "Saved as {file}",
    startAtLogin: "Start when I log in to this computer",
    managed: "Your organisation decides this.",
  },

  linksTaken: {
    title: "Another app opens our links",
    sentence:
      "“{name}” opens the links that should come back here from your browser, so a sign-in can’t finish by itself.",
    button: "Open links with this app",
  },

  updateReady: {
    title: "A newer version is ready",
    sentence: "It takes a minute; nothing is lost.",
    button: "Update and start again",
  },

  role: {
    owner: "Owner",
    member: "Member",
    "read-only": "Read only",
    "assigned-only": "Assigned records only",
    assumed: "Acting for this team",
  } satisfies Record<Role, string>,

  fieldReason: {
    missing: "Please fill this in.",
    has_spaces: "Please take out the spaces.",
    too_long: "This is too long. Please check that only one value was pasted.",
    not_an_address: `This isn’t a complete address. It should look like ${baseUrl}`,
    not_https: "The address must begin with https://",
    scheme_not_reverse_domain: `The part before :// must be a domain name written backwards, such as ${scheme}`,
    scheme_without_host: `After :// there must be a name and a path, as in ${scheme}://oauth/callback`,
    loopback_incomplete:
      "Please give it a port from 1024 up and a path, as in http://127.0.0.1:8123/callback",
    not_recognised:
      "Amiqus doesn’t know this client ID with this secret. Please copy both once more.",
    not_registered:
      "This isn’t a redirect URL of that API client. Please add it there, exactly as it is here.",
    loopback_not_literal: "Please write 127.0.0.1 in place of a name such as localhost.",
    has_fragment: "Please take out the # and everything after it.",
    has_query: "Please take out the ? and everything after it.",
    has_user_info: "Please take out the @ and what stands between it and the ://",
    wrong_kind: "This is not the kind of value that belongs here.",
  } satisfies Record<FieldProblem["reason"], string>,

  problem: {
    access_denied: {
      title: "You chose not to allow it",
      sentence:
        "Nothing was shared and nothing has changed. If that was a slip, just sign in again.",
    },
    request_not_accepted: {
      title: "Amiqus didn’t accept the request",
      sentence:
        "The set-up of this app doesn’t match what Amiqus expects. An administrator can put that right.",
    },
    attempt_expired: {
      title: "That took a little too long",
      sentence: "For your safety a sign-in ends after ten minutes. Nothing is lost; start again.",
    },
    code_not_accepted: {
      title: "The sign-in wasn’t finished",
      sentence: "It took too long, or had already been used once. Please sign in again.",
    },
    set_up_wrong: {
      title: "The set-up needs correcting",
      sentence:
        "Amiqus doesn’t recognise this app: its client ID or secret is wrong. An administrator can put that right; nothing is lost.",
    },
    offline: {
      title: "Amiqus can’t be reached",
      sentence:
        "Check your internet connection. You can try again as often as you like; nothing is lost.",
    },
    proxy_needs_password: {
      title: "Your network asks for a password",
      sentence:
        "Its proxy wants a name and a password, which this app doesn’t have. Your IT can let the app through without them; nothing is lost.",
    },
    certificate_not_trusted: {
      title: "The connection isn’t trusted",
      sentence:
        "What answered has a certificate that this computer doesn’t trust, so nothing was sent. Please check this computer’s date, or ask your IT: your network may need a certificate of its own here.",
    },
    captive_portal: {
      title: "Your network wants you to log in",
      sentence:
        "It answered with a page of its own, as guest networks do. Open any web page, log in there, then try again.",
    },
    amiqus_unwell: {
      title: "Amiqus is having trouble",
      sentence:
        "It didn’t answer as it should. Please try again in a few minutes; nothing is lost.",
    },
    amiqus_busy: {
      title: "Amiqus is busy just now",
      sentence: "It asks us to wait a little. Please try again in a minute; nothing is lost.",
    },
    odd_answer: {
      title: "That wasn’t Amiqus’s usual answer",
      sentence:
        "This app can’t make sense of it. Please try again in a few minutes; if it stays so, an administrator can check the service address.",
    },
    not_permitted: {
      title: "Amiqus didn’t permit this",
      sentence:
        "Your Amiqus user isn’t allowed to do that. The owner of your team can change it in Amiqus.",
    },
    link_not_ours: {
      title: "That isn’t the address we need.",
      sentence:
        "It begins with “{redirect}”. Please copy the whole of it. What you pasted was not kept.",
    },
    link_incomplete: {
      title: "Part of the address is missing.",
      sentence: "In your browser, copy it to the very end, then paste it again.",
    },
    link_too_late: {
      title: "That address is from an earlier try.",
      sentence: "Open the browser again and use the address that comes then.",
    },
    browser_did_not_open: {
      title: "Your browser didn’t open",
      sentence: "Please open your browser yourself first, then try again here.",
    },
    port_taken: {
      title: "The way back is blocked",
      sentence:
        "Your browser’s answer should arrive at {redirect}, and another program uses that port. Close it or restart the computer, then sign in again. If it comes back, an administrator can choose another port.",
    },
    already_here: {
      title: "That account is already here",
      sentence:
        "Amiqus signed in the same user and team. To add another, switch team or user in your browser first, then add it here.",
    },
    not_signed_in: {
      title: "You are not signed in",
      sentence: "Please sign in, then try again.",
    },
    registration_invalid: {
      title: "The set-up has a mistake",
      sentence: "Please check the marked fields and save again.",
    },
    provisioning_unreadable: {
      title: "The set-up file can’t be read",
      sentence:
        "Your organisation’s set-up file is there, but it can’t be opened. An administrator can check who may read it.",
    },
    provisioning_not_json: {
      title: "The set-up file is damaged",
      sentence:
        "Your organisation’s set-up file isn’t valid JSON: a comma, quote or bracket is missing or too many. An administrator can put that right.",
    },
    provisioning_invalid: {
      title: "The set-up file has a mistake",
      sentence:
        "In your organisation’s set-up file the value named below is missing or isn’t right. An administrator can correct it.",
    },
    provisioning_not_trusted: {
      title: "The set-up file isn’t trusted",
      sentence:
        "Your organisation’s set-up file belongs to another user of this computer, who could change it. An administrator can make it their own.",
    },
    report_not_saved: {
      title: "The report couldn’t be saved",
      sentence:
        "Your Downloads folder can’t be written to, or the disk is full. Please make room and try again.",
    },
    links_not_taken_back: {
      title: "The links still open elsewhere",
      sentence:
        "This computer didn’t let us change that. Its settings for default applications can, or you can paste the address.",
    },
    start_not_changed: {
      title: "That couldn’t be changed",
      sentence:
        "This computer didn’t let us change what starts when you log in. Please ask your administrator.",
    },
    update_failed: {
      title: "The update couldn’t be installed",
      sentence: "You still have the version you had. Please try again, or ask your IT.",
    },
    wrong_passphrase: {
      title: "That isn’t the passphrase.",
      sentence: "Please check capital letters and try again.",
    },
    passphrase_too_short: {
      title: "That is too short.",
      sentence: "Please use at least 12 characters.",
    },
    cannot_save: {
      title: "It couldn’t be saved",
      sentence:
        "The disk may be full, or this app’s folder can’t be written to. What was saved before is still there, and it tries again by itself.",
    },
    vault_damaged: {
      title: "The saved file couldn’t be read",
      sentence: "It was set aside, and nothing was overwritten. Please sign in again to carry on.",
    },
    vault_newer: {
      title: "Saved by a newer version",
      sentence: `Your sign-in was saved by a newer version of ${app}. It was set aside and nothing in it was changed. Please install that version, or sign in again to carry on with this one.`,
    },
    internal: {
      title: "Something went wrong",
      sentence:
        "The mistake is ours, not yours. Please try again; if it comes back, close the app and open it again.",
    },
  } satisfies Record<Code, Message>,

  problemDetail: { file: "File", field: "Value" },
};

/** Puts values in place of the `{names}` in a sentence. */
export function fill(sentence: string, values: Record<string, string>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The words for a problem, complete with what they need from the set-up. */
export function problemMessage(problem: Problem, redirectUrl: string): Message {
  const { title, sentence } = words.problem[problem.code];
  return { title, sentence: fill(sentence, { redirect: redirectUrl }) };
}

/** The same as one text, where there is no place for a title. */
export function problemInOne(problem: Problem, redirectUrl: string): string {
  const { title, sentence } = problemMessage(problem, redirectUrl);
  return `${title.replace(/\.$/, "")}. ${sentence}`;
}

const longDate = new Intl.DateTimeFormat(language, {
  day: "numeric",
  month: "long",
  year: "numeric",
});
const timeOfDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const nearDay = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

export function dateInWords(date: string): string {
  return longDate.format(new Date(date));
}

/** “today, 09:14”, “yesterday, 17:02”, “3 March 2026, 08:30”. */
export function momentInWords(moment: string): string {
  const then = new Date(moment);
  const days = Math.round((startOfDay(then) - startOfDay(new Date())) / 86_400_000);
  const day = days === 0 || days === -1 ? nearDay.format(days, "day") : longDate.format(then);
  return `${day}, ${timeOfDay.format(then)}`;
}

function startOfDay(moment: Date): number {
  return new Date(moment).setHours(0, 0, 0, 0);
}

/** “9:12” for what is left until a deadline. */
export function timeLeftInWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** What a screen reader says when the window changes. */
export function announcement({ screen, problem, accounts, current, setup }: AppState): string {
  if (problem) return problemInOne(problem, setup.redirect_url);
  switch (screen.state) {
    case "needs-setup":
      return setup.managed ? words.needsSetup.managedTitle : words.needsSetup.title;
    case "signed-out":
      return words.signedOut.title;
    case "awaiting-browser":
      return words.awaitingBrowser.title;
    case "exchanging-code":
      return words.exchangingCode.title;
    case "signed-in": {
      const name = accounts.find((account) => account.id === current)?.name;
      return name === undefined ? words.signedIn.title : `${words.signedIn.title}: ${name}`;
    }
    case "sign-in-again":
      return words.signInAgain.why[screen.why].title;
    case "locked":
      return words.locked.why[screen.why].title;
  }
}
