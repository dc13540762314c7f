import { strict as assert } from "node:assert";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { words } from "../../ui/src/words";
import { serve } from "./serve";
import { pasted, scenes, type Scene } from "./states";
import type { PictureWindow } from "./window";

type Journey = [sentence: string, (pictureWindow: PictureWindow, address: string) => Promise<void>];

function sceneOf(name: string): Scene {
  const found = scenes.find((scene) => scene.name === name);
  assert.ok(found, `there is a scene ${name}`);
  return found;
}

/** What a service may say of people and teams. */
const sameTexts = [
  ...["bob@example.com", "", " ", "0", "null", "undefined", "__proto__", "constructor", "toString"],
  ...["<b>0</b>", "</script>", "{name}", "**", "$&", "\u202eabc\u202c", "שלום", "👩‍👩‍👧‍👦", "a\u0000b"],
];

/** What takes more than one picture to see. */
export const journeys: Journey[] = [
  [
    "help comes after thirty seconds, is announced, and moves nothing",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneOf("awaiting-browser"), "light", address);
      const later = (milliseconds: number) =>
        pictureWindow.inPageLater(async (passed: number) => {
          window.passTime(passed);
          await new Promise((ticked) => setTimeout(ticked, 1100));
          const places = [...document.querySelectorAll("h1, [role=timer], .sentence, button")];
          return {
            help: document.querySelector("main [role=status]")?.textContent.trim(),
            places: places.map((place) => place.getBoundingClientRect().top).join(),
            scrolls: document.documentElement.scrollHeight > window.innerHeight,
          };
        }, milliseconds);
      // The picture is twelve seconds into the attempt.
      const before = await later(17_000);
      const after = await later(2_000);
      assert.equal(before.help, "", "after 29 seconds nothing is said yet");
      assert.match(after.help ?? "", /choose Open or Allow/);
      assert.equal(after.places, before.places, "all stays where it was");
      assert.equal(after.scrolls, false, "all is seen without scrolling");
    },
  ],
  [
    "Escape closes the field for the address, and the focus is where it came from",
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneOf("awaiting-browser-paste"), "light", address);
      const focused = () =>
        pictureWindow.inPage(() => [
          document.activeElement?.tagName,
          document.activeElement?.getAttribute("aria-expanded"),
        ]);
      assert.deepEqual(await focused(), ["INPUT", null]);
      await pictureWindow.strike("Escape");
      assert.deepEqual(await focused(), ["BUTTON", "false"]);
    },
  ],
  ...pasted.map(({ name, text }): Journey => [
    `what was pasted is never shown again: ${name}`,
    async (pictureWindow, address) => {
      await pictureWindow.show(sceneOf(`awaiting-browser-paste-${name}`), "light", address);
      const { said, field, value, announced } = await pictureWindow.inPage(() => ({
        said: document.body.textContent,
        field: document.activeElement?.getAttribute("aria-invalid"),
        value: document.querySelector("input")?.value,
        announced: [...document.querySelectorAll("[role=status]")].map((one) => one.textContent),
      }));
      assert.equal(said.includes(text.trim() || "\0"), false, "the window doesn't repeat it");
      assert.equal(value, "", "the field is empty again");
      assert.equal(field, "true", "the focus is on the field, which says what is wrong");
      assert.ok(announced.some((words) => /isn’t|missing|earlier|nothing/.test(words)));
    },
  ]),
  [
    "a problem after a press takes the focus to its notice",
    async (pictureWindow, address) => {
      const { appState } = sceneOf("signed-in");
      await pictureWindow.show(sceneOf("signed-in"), "light", address);
      const problem = { code: "amiqus_unwell", file: null, field: null };
      await pictureWindow.inPage(() => document.querySelector("button")?.focus());
      assert.deepEqual(await pictureWindow.change({ ...appState, revision: 2, problem }), []);
      const notice = await pictureWindow.inPage(() => document.activeElement?.textContent);
      assert.match(notice ?? "", /Amiqus is having trouble/);
    },
  ],
  [
    "whatever is said of accounts, and however often the same, their screens are drawn",
    async (pictureWindow, address) => {
      const { appState } = sceneOf("signed-in");
      await pictureWindow.show(sceneOf("signed-in"), "light", address);
      const account = appState.accounts[0];
      if (account === undefined) throw new Error("nobody is signed in");
      let revision = 1;
      for (const text of [...sameTexts, "x".repeat(200)]) {
        const said = { ...account, name: text, email: text, role: null };
        const accounts: object[] = [text, null, text].map((team, place) => ({
          ...said,
          // The last two bear the same id as well.
          id: place === 0 ? "1.a" : "1.b",
          team,
          role: place === 2 ? text : null,
        }));
        for (const screen of [
          { state: "signed-in" },
          { state: "sign-in-again", why: "access_removed" },
        ]) {
          for (const shown of [accounts.slice(0, 1), accounts.slice(0, 2), accounts]) {
            revision += 1;
            const next = { ...appState, screen, accounts: shown, current: "1.a", revision };
            const faults = await pictureWindow.change(next);
            const drawn = await pictureWindow.inPage(
              () => document.querySelectorAll(".account").length,
            );
            if (drawn !== shown.length) faults.push(`${drawn} accounts are drawn`);
            assert.deepEqual(faults, [], JSON.stringify(next));
          }
        }
      }
    },
  ],
  [
    "a problem that the window doesn't know is told as one of its own",
    async (pictureWindow, address) => {
      const { appState } = sceneOf("signed-out");
      await pictureWindow.show(sceneOf("signed-out"), "light", address);
      let revision = 1;
      for (const code of ["of_a_newer_core", "constructor", "__proto__", "toString"]) {
        revision += 1;
        const problem = { code, file: null, field: null };
        assert.deepEqual(await pictureWindow.change({ ...appState, revision, problem }), []);
        const said = await pictureWindow.inPage(() => document.querySelector("h1")?.textContent);
        assert.equal(said?.trim(), "Something went wrong");
      }
    },
  ],
  [
    "a screen that can be drawn takes the place of one that can't",
    async (pictureWindow, address) => {
      const { appState } = sceneOf("failing-signed-in");
      await pictureWindow.show(sceneOf("failing-signed-in"), "light", address);
      const { appState: well } = sceneOf("signed-in");
      assert.deepEqual(await pictureWindow.change({ ...well, revision: 2 }), []);
      assert.deepEqual(await pictureWindow.change({ ...appState, revision: 3 }), []);
      assert.deepEqual(await pictureWindow.change({ ...well, revision: 4 }), []);
    },
  ],
  [
    "a page whose script never runs says so and has a link that loads it again",
    async (pictureWindow) => {
      const folder = join("target", "no-script");
      cpSync(join("ui", "dist"), folder, { recursive: true });
      for (const file of readdirSync(join(folder, "assets"))) {
        if (file.endsWith(".js")) rmSync(join(folder, "assets", file));
      }
      const server = await serve(folder);
      try {
        await pictureWindow.show(sceneOf("opening"), "light", server.address);
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
