import { strict as assert } from "node:assert";
import { pasted, scenes, type Scene } from "./states";
import type { PictureWindow } from "./window";

type Journey = [sentence: string, (pictureWindow: PictureWindow, address: string) => Promise<void>];

function sceneOf(name: string): Scene {
  const found = scenes.find((scene) => scene.name === name);
  assert.ok(found, `there is a scene ${name}`);
  return found;
}

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
];
