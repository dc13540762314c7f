import { strict as assert } from "node:assert";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { words } from "../../ui/src/words";
import { serve } from "./serve";
import type { Scene } from "./scene";
import { pasted, sceneNamed, scenes } from "./scenes";
import type { PictureWindow } from "./window";

type Interaction = [
  sentence: string,
  (pictureWindow: PictureWindow, address: string) => Promise<void>,
];

/** Names that a service may send for people and teams. */
const unusualNames = [
  ...["bob@example.com", "", " ", "0", "null", "undefined", "__proto__", "constructor", "toString"],
  ...["<b>0</b>", "</script>", "{name}", "**", "$&", "\u202eabc\u202c", "שלום", "👩‍👩‍👧‍👦", "a\u0000b"],
];

/** Checks that need more than one picture. */
export const interactions: Interaction[] = [
  [
    "help appears after thirty seconds, is announced once, and moves nothing",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneNamed("awaiting-browser"), "light", address);
      const later = (milliseconds: number) =>
        pictureWindow.inPageLater(async (passed: number) => {
          window.advanceClock(passed);
          await new Promise((ticked) => setTimeout(ticked, 1100));
          const places = [...document.querySelectorAll("h1, [role=timer], main button")];
          return {
            announced: document.querySelector("[role=status]")?.textContent.trim(),
            places: places.map((place) => place.getBoundingClientRect().top).join(),
            scrolls: document.documentElement.scrollHeight > window.innerHeight,
          };
        }, milliseconds);
      // The picture is twelve seconds into the attempt.
      const before = await later(17_000);
      const after = await later(2_000);
      // A state that says nothing new must not be read out again.
      await pictureWindow.clearAnnouncement();
      const { appState } = sceneNamed("awaiting-browser");
      assert.deepEqual(await pictureWindow.change({ ...appState, revision: 2 }), []);
      const again = await later(2_000);
      assert.equal(before.announced, "", "after 29 seconds nothing is announced yet");
      assert.match(after.announced ?? "", /choose Open or Allow/);
      assert.equal(again.announced, "", "the next state doesn't announce it again");
      assert.equal(after.places, before.places, "all stays where it was");
      assert.equal(after.scrolls, false, "all is seen without scrolling");
      const lastMinute = await later(9 * 60_000);
      assert.match(lastMinute.announced ?? "", /Less than a minute left/);
      assert.equal(lastMinute.places, before.places, "the last minute moves nothing either");
    },
  ],
  [
    "Escape leaves the address field, then the attempt",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneNamed("awaiting-browser-paste"), "light", address);
      const focused = () =>
        pictureWindow.inPage(() => [
          document.activeElement?.tagName,
          document.querySelector("h1")?.textContent.trim(),
        ]);
      assert.deepEqual(await focused(), ["INPUT", words.pasteAddress.title]);
      await pictureWindow.pressKey("Escape");
      assert.deepEqual(await focused(), ["H1", words.awaitingBrowser.title]);
      await pictureWindow.pressKey("Escape");
      const invoked = await pictureWindow.inPage(() => window.invokedCommands);
      assert.ok(invoked.includes("cancel"));
    },
  ],
  [
    "text that is pasted while waiting opens the address field with it",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneNamed("awaiting-browser"), "light", address);
      const value = await pictureWindow.inPageLater(async () => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text", "co.amiqus.signin://oauth/callback?code=1");
        document.body.dispatchEvent(
          new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
        );
        await new Promise((drawn) => setTimeout(drawn, 50));
        return document.querySelector("input")?.value;
      });
      assert.equal(value, "co.amiqus.signin://oauth/callback?code=1");
      const invoked = await pictureWindow.inPage(() => window.invokedCommands);
      assert.equal(invoked.includes("exchange"), false, "nothing is sent unasked");
    },
  ],
  [
    "an account's menu is operated by keyboard alone",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneNamed("signed-in-menu"), "light", address);
      const focused = () =>
        pictureWindow.inPage(() => document.activeElement?.textContent.trim() ?? "");
      assert.equal(await focused(), words.menu.renewNow);
      await pictureWindow.pressKey("ArrowUp");
      assert.equal(await focused(), words.menu.signOut);
      await pictureWindow.pressKey("Home");
      assert.equal(await focused(), words.menu.renewNow);
      await pictureWindow.pressKey("ArrowDown");
      assert.equal(await focused(), words.menu.copyEmail);
      await pictureWindow.pressKey("Escape");
      const state = () =>
        pictureWindow.inPage(() => [
          document.activeElement?.getAttribute("aria-expanded"),
          document.querySelectorAll("[role=toolbar]").length,
        ]);
      assert.deepEqual(await state(), ["false", 0]);
    },
  ],
  [
    "Enter never confirms a question, and Escape cancels it",
    async (pictureWindow, address) => {
      for (const [name, opener] of [
        ["signed-in-sign-out-question", "More for Bob Gale, Fusion Industries"],
        ["signed-out-forget-question", "Forget this sign-in…"],
      ] as const) {
        for (const key of ["Enter", "Escape"] as const) {
          await pictureWindow.show(sceneNamed(name), "light", address);
          assert.equal(
            await pictureWindow.inPage(() => document.activeElement?.textContent.trim()),
            words.button.cancel,
          );
          await pictureWindow.pressKey(key);
          const { open, focused, invoked } = await pictureWindow.inPage(() => ({
            open: document.querySelectorAll("dialog").length,
            focused:
              document.activeElement?.getAttribute("aria-label") ??
              document.activeElement?.textContent.trim(),
            invoked: window.invokedCommands,
          }));
          assert.equal(open, 0, `${name}: ${key} closes the question`);
          assert.equal(focused, opener, `${name}: the focus is where it was before the question`);
          for (const command of ["sign_out", "forget_sign_in"]) {
            assert.equal(invoked.includes(command), false, `${name}: ${key}`);
          }
        }
      }
    },
  ],
  [
    "Enter on arrival presses the filled button",
    async (pictureWindow, address) => {
      for (const [name, command] of [
        ["signed-out", "authorize"],
        ["signed-in-just-now", "close_window"],
        ["sign-in-again-answer-lost", "authorize"],
        ["locked-keychain-locked", "unlock"],
      ] as const) {
        await pictureWindow.show(sceneNamed(name), "light", address);
        await pictureWindow.pressKey("Enter");
        const invoked = await pictureWindow.inPage(() => window.invokedCommands);
        assert.ok(invoked.includes(command), `${name}: ${invoked.join()}`);
      }
      await pictureWindow.show(sceneNamed("signed-in"), "light", address);
      const before = await pictureWindow.inPage(() => window.invokedCommands.length);
      await pictureWindow.pressKey("Enter");
      const after = await pictureWindow.inPage(() => window.invokedCommands.length);
      assert.equal(after, before, "at home nothing is to be done");
    },
  ],
  [
    "a maximised window keeps one column",
    async (pictureWindow, address) => {
      for (const { name, coreIsSilent } of scenes) {
        if (coreIsSilent) continue;
        await pictureWindow.show(sceneNamed(name), "light", address);
        await pictureWindow.resize(1920, 1040);
        const wide = await pictureWindow.inPage(() =>
          [...document.querySelectorAll("main *:not(.top, .bar)")]
            .map((element) => ({
              name: `${element.tagName}.${element.getAttribute("class") ?? ""}`,
              width: element.getBoundingClientRect().width,
            }))
            .filter(({ width }) => width > 392),
        );
        assert.deepEqual(wide, [], `${name} has something wider than its column`);
      }
    },
  ],
  ...pasted.map(({ name, text }): Interaction => [
    `pasted text is never shown again: ${name}`,
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneNamed(`awaiting-browser-paste-${name}`), "light", address);
      const { pageText, field, value, announced } = await pictureWindow.inPage(() => ({
        pageText: document.body.textContent,
        field: document.activeElement?.getAttribute("aria-invalid"),
        value: document.querySelector("input")?.value,
        announced: [...document.querySelectorAll("[role=status]")].map((one) => one.textContent),
      }));
      assert.equal(pageText.includes(text.trim() || "\0"), false, "the window doesn't repeat it");
      assert.equal(value, "", "the field is empty again");
      assert.equal(field, "true", "the focus is on the field, which says what is wrong");
      assert.ok(announced.some((words) => /isn’t|missing|earlier|nothing/.test(words)));
    },
  ]),
  [
    "a problem takes the focus as the answer to a press, and not as news",
    async (pictureWindow, address) => {
      const signedIn = sceneNamed("signed-in");
      const problem = { code: "amiqus_unwell", file: null, field: null };
      const answering: Scene = {
        ...signedIn,
        steps: [{ answer: "open_page", with: problem }, { press: words.button.openAmiqus }],
      };
      const focused = () => pictureWindow.inPage(() => document.activeElement?.textContent);
      await pictureWindow.show(answering, "light", address);
      assert.match((await focused()) ?? "", /Amiqus is having trouble/);

      await pictureWindow.show(signedIn, "light", address);
      await pictureWindow.pressKey("Tab");
      const before = await focused();
      const next = { ...signedIn.appState, revision: 2, problem };
      assert.deepEqual(await pictureWindow.change(next), []);
      assert.equal(await focused(), before, "the user may be about to press something else");
    },
  ],
  [
    "the settings keep what was typed into the screen that they cover",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneNamed("needs-setup-faults"), "light", address);
      const shown = () =>
        pictureWindow.inPage(() => ({
          typed: document.querySelector("input")?.value,
          isSeen: document.querySelector("input")?.checkVisibility(),
          focused: document.activeElement?.textContent.trim(),
        }));
      const { focused } = await shown();
      await pictureWindow.pressKey("F1");
      assert.deepEqual(await shown(), {
        typed: "9f3c 1b7a",
        isSeen: false,
        focused: words.settings.title,
      });
      await pictureWindow.pressKey("Escape");
      assert.deepEqual(await shown(), { typed: "9f3c 1b7a", isSeen: true, focused });
    },
  ],
  [
    "the settings stay over a locked vault, and make way for a sign-in that is ending",
    async (pictureWindow, address) => {
      const { appState } = sceneNamed("locked-keychain-locked");
      const heading = () => pictureWindow.inPage(() => document.activeElement?.textContent);
      await pictureWindow.show(sceneNamed("locked-keychain-locked"), "light", address);
      await pictureWindow.pressKey("F1");
      for (const [index, why] of [
        "keychain_unreachable",
        "key_lost",
        "keychain_locked",
      ].entries()) {
        const screen = { state: "locked", why };
        const next = { ...appState, screen, revision: 2 + index };
        assert.deepEqual(await pictureWindow.change(next), []);
        assert.equal(await heading(), words.settings.title);
      }
      const next = { ...appState, screen: { state: "exchanging-code" }, revision: 9 };
      assert.deepEqual(await pictureWindow.change(next), []);
      assert.equal(await heading(), words.exchangingCode.title);
    },
  ],
  [
    "accounts with unusual or equal names are drawn",
    async (pictureWindow, address) => {
      const { appState } = sceneNamed("signed-in");
      await pictureWindow.show(sceneNamed("signed-in"), "light", address);
      const account = appState.accounts[0];
      if (account === undefined) throw new Error("the scene has no account");
      let revision = 1;
      for (const text of [...unusualNames, "x".repeat(200)]) {
        const person = { ...account, name: text, email: text, role: null };
        const accounts: object[] = [text, null, text].map((team, place) => ({
          ...person,
          // The last two have the same id as well.
          id: place === 0 ? "1.a" : "1.b",
          team,
          role: place === 2 ? text : null,
          // After a sign-in, those who are left are named.
          ...(place === 2 ? { status: { kind: "sign_in_again", why: "access_removed" } } : {}),
        }));
        for (const screen of [
          { state: "signed-in", just_now: false },
          { state: "signed-in", just_now: true },
          { state: "sign-in-again", why: "access_removed" },
        ]) {
          for (const shown of [accounts.slice(0, 1), accounts.slice(0, 2), accounts]) {
            revision += 1;
            const next = { ...appState, screen, accounts: shown, current: "1.a", revision };
            const findings = await pictureWindow.change(next);
            const drawn = await pictureWindow.inPage(
              () => document.querySelectorAll("section, main li").length,
            );
            if (drawn !== shown.length) findings.push(`${drawn} accounts are drawn`);
            assert.deepEqual(findings, [], JSON.stringify(next));
          }
        }
      }
    },
  ],
  [
    "an unknown problem code is shown as an internal problem",
    async (pictureWindow, address) => {
      const { appState } = sceneNamed("signed-out");
      await pictureWindow.show(sceneNamed("signed-out"), "light", address);
      let revision = 1;
      for (const code of ["of_a_newer_core", "constructor", "__proto__", "toString"]) {
        revision += 1;
        const problem = { code, file: null, field: null };
        assert.deepEqual(await pictureWindow.change({ ...appState, revision, problem }), []);
        const title = await pictureWindow.inPage(() => document.querySelector("h1")?.textContent);
        assert.equal(title?.trim(), "Something went wrong");
      }
    },
  ],
  [
    "a screen that can be drawn replaces one that threw",
    async (pictureWindow, address) => {
      const { appState } = sceneNamed("failing-signed-in");
      await pictureWindow.show(sceneNamed("failing-signed-in"), "light", address);
      const { appState: working } = sceneNamed("signed-in");
      assert.deepEqual(await pictureWindow.change({ ...working, revision: 2 }), []);
      assert.deepEqual(await pictureWindow.change({ ...appState, revision: 3 }), []);
      assert.deepEqual(await pictureWindow.change({ ...working, revision: 4 }), []);
    },
  ],
  [
    "a page whose script never runs says so and has a link that reloads it",
    async (pictureWindow) => {
      const folder = join("target", "no-script");
      cpSync(join("ui", "dist"), folder, { recursive: true });
      for (const file of readdirSync(join(folder, "assets"))) {
        if (file.endsWith(".js")) rmSync(join(folder, "assets", file));
      }
      const server = await serve(folder);
      try {
        await pictureWindow.show(sceneNamed("opening"), "light", server.address);
        const left = await pictureWindow.inPageLater(async () => {
          const link = document.querySelector("a");
          while (!link?.checkVisibility({ visibilityProperty: true })) {
            await new Promise((later) => setTimeout(later, 100));
          }
          return [document.querySelector("h1")?.textContent, link.href === location.href];
        });
        assert.deepEqual(left, [words.failure.title, true]);
      } finally {
        server.close();
      }
    },
  ],
];
