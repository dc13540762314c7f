/** Sentences that were replaced: none may come back, in the window, the tray, an installer or a test. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");

/** What is unmistakable of each. */
const OLD_SENTENCES = [
  "The keychain doesn't answer. It may still hold",
  "key was removed from the keychain",
  "choose Open. This window goes on",
  "This window goes on by itself",
  "If no page came",
  "Did the browser not come back",
  "the page you end on",
  "There is nothing here yet",
  "Change the set-up",
  "Use this passphrase",
  "Save a report for support",
  "Finishing sign-in",
  "This only takes a moment",
  "fill this in",
  "take out the spaces",
  "only one value was pasted",
  "a complete address. It should look like",
  "must begin with https",
  "written backwards, such as {",
  "there must be a name and a path",
  "give it a port from 1024",
  "doesn’t know this client ID",
  "a redirect URL of that API client",
  "in place of a name such as localhost",
  "take out the #",
  "take out the ?",
  "the kind of value that belongs here",
  "how this app and its connection are doing",
  "Start when I log in",
  "Your organisation decides this",
  "is kept safe by this computer’s keychain",
  "A passphrase does it as well",
  "enter your passphrase to unlock",
  "The keychain isn’t answering",
  "The key is missing",
  "bring the keychain back",
  "this one goes on by itself",
  "folder can’t be reached",
  "Passphrase, once more",
  "A few words in a row",
  "The two are not the same",
  "Done once, by an administrator",
  "sets this app up for you",
  "Redirect URL, to enter there",
  "copy its ID and secret to here",
  "The saved secret isn’t shown",
  "Change it only if another one",
  "Service address",
  "The redirect URL is copied",
  "It is marked for you",
  "the marked fields",
  "Amiqus knows this app",
  "You chose not to allow it",
  "Amiqus didn’t accept the request",
  "That took a little too long",
  "The sign-in wasn’t finished",
  "The set-up needs correcting",
  "Amiqus can’t be reached",
  "Your network asks for a password",
  "The connection isn’t trusted",
  "Your network wants you to log in",
  "It didn’t answer as it should",
  "Amiqus is busy just now",
  "That wasn’t Amiqus’s usual answer",
  "Amiqus didn’t permit this",
  "That isn’t the address we need",
  "copy it to the very end",
  "from an earlier try",
  "open your browser yourself first",
  "The way back is blocked",
  "That account is already here",
  "You are not signed in",
  "The set-up has a mistake",
  "The set-up file",
  "The report couldn’t be saved. Make",
  "The links still open elsewhere",
  "That couldn’t be changed",
  "The update couldn’t be installed",
  "That isn’t the passphrase",
  "It couldn’t be saved",
  "The saved file couldn’t be read",
  "nothing in it was changed",
  "The mistake is ours, not yours",
  "Please sign in again",
  "Amiqus no longer lets this app in",
  "Amiqus no longer accepts this computer",
  "An answer from Amiqus was lost",
  "Your organisation changed its connection",
  "It has been a long time",
  "You are signed in",
  "Renews by itself",
  "This is as of",
  "Amiqus has paused this user",
  "You are signed out",
  "your organisation looks after this set-up",
  "Amiqus still lists this app",
  "Another app opens our links",
  "A newer version is ready",
  "Update and start again",
  "Open links with this app",
  "Quit it, also in the tray",
  "The vault was removed, with all accounts",
  "There was no vault",
  "Its key was removed from the keychain",
  "The keychain had no key",
  "Amiqus was not told",
  "No password, code, token or secret is in it",
  "The report can't be made",
  "says how it went",
  "a safe, living connection",
  "Signs this computer in to Amiqus",
  "log in as you always do",
  "What lets the app in lies encrypted",
  "is built of many other people",
  "with which a sign-in ends",
  "all that the app keeps of this person",
  "Another provisioning file.",
  "what you can do yourself",
  "You can take this back at any time",
  "Or, because this is practice",
  "There is no API client yet",
];

/** Where they are named on purpose. */
const EXCEPTIONS = ["tests/checks/old-sentences.test.ts", "CHANGELOG.md"];

/** A text as one line, so that a sentence is found across a break; comments are for developers. */
function oneLine(text: string): string {
  return text
    .replace(/^\s*(?:\/\/|\/?\*).*$/gm, "")
    .replaceAll("'", "’")
    .replace(/\s*\n[\s/#*]*/g, " ")
    .toLowerCase();
}

test("replaced sentences are found nowhere", () => {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
    .split("\0")
    .filter(
      (file) => /\.(rs|ts|svelte|json|md|xml|mjs|hbs|html)$/.test(file) || !/\.\w+$/.test(file),
    )
    .filter((file) => file !== "" && !EXCEPTIONS.includes(file) && !file.startsWith("tests/fuzz/"));
  assert.ok(files.length > 300, "the list of files is complete");
  const found = files.flatMap((file) => {
    const text = oneLine(readFileSync(join(ROOT, file), "utf8"));
    return OLD_SENTENCES.filter((sentence) => text.includes(oneLine(sentence))).map(
      (sentence) => `${file}: ${sentence}`,
    );
  });
  assert.deepEqual(found, []);
});

test("the search finds a sentence across lines and apostrophes, and not in a comment", () => {
  const sentence = oneLine("It didn’t answer");
  assert.ok(oneLine("It didn't\n    answer").includes(sentence));
  assert.ok(!oneLine("  /// It didn’t answer.\n").includes(sentence));
});
