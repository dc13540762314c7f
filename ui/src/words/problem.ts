import { name as app } from "brand";
import type { Code } from "../bindings";
import type { Message } from "./message";

export const problem = {
  access_denied: {
    title: "You chose not to allow it",
    sentence: "Nothing was shared and nothing has changed. If that was a slip, just sign in again.",
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
    sentence:
      "Amiqus didn’t accept it. It may have taken too long, or the link was used before. Sign in again.",
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
    title: "Your network answered in place of Amiqus",
    sentence:
      "Open any web page. If your network asks you to log in, do so, then try again. If not, ask your IT team to let this app reach Amiqus.",
  },
  amiqus_unwell: {
    title: "Amiqus is having trouble",
    sentence: "It didn’t answer as it should. Please try again in a few minutes; nothing is lost.",
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
  link_before_allow: {
    title: "That’s the page before the one we need.",
    sentence: "Choose Allow on it first. Then copy the address that comes next, and paste it here.",
  },
  denied_without_state: {
    title: "Your browser came back without permission",
    sentence:
      "Did you choose Deny? To try again, open the browser again and choose Allow. To stop, cancel.",
  },
  answer_not_usable: {
    title: "Amiqus’s answer can’t be used",
    sentence:
      "Your browser came back with an answer that this app can’t accept, so nobody was signed in. Open the browser again. If that doesn’t help, ask your IT team to check this app’s setup.",
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
  not_set_up: {
    title: "This app isn’t set up yet",
    sentence: "Ask your IT team to connect your organisation first.",
  },
  vault_locked: {
    title: "Your sign-in is locked",
    sentence: "Unlock it first, then try again.",
  },
  setup_managed: {
    title: "Your organisation manages this setup",
    sentence: "It can’t be changed here. Ask your IT team.",
  },
  registration_invalid: {
    title: "The set-up has a mistake",
    sentence: "Please check the marked fields and save again.",
  },
  provisioning_unreadable: {
    title: "The set-up file can’t be read",
    sentence:
      "Your organisation’s set-up file can’t be opened. An administrator can check that it’s there, that it’s an ordinary file of a few lines, and who may read it.",
  },
  provisioning_not_utf8: {
    title: "The set-up file isn’t UTF-8",
    sentence:
      "Your organisation’s set-up file has an encoding that this app doesn’t read. An administrator can open it in an editor and save it again as UTF-8.",
  },
  provisioning_not_json: {
    title: "The set-up file is damaged",
    sentence:
      "Your organisation’s set-up file isn’t valid JSON: it’s empty, or has a comment, curly quotation marks, or a comma, quotation mark or bracket missing or too many. An administrator can put that right.",
  },
  provisioning_invalid: {
    title: "The set-up file has a mistake",
    sentence:
      "In your organisation’s set-up file the value named below is missing or isn’t right. An administrator can correct it.",
  },
  provisioning_not_trusted: {
    title: "The set-up file isn’t trusted",
    sentence:
      "Other users of this computer could change your organisation’s set-up file, or use the secret in it. An administrator can make it theirs alone.",
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
} satisfies Record<Code, Message>;
