// A picture of every state in both themes, each checked on the way: accessibility, the agreed
// names of buttons, the content security policy, and nothing cut off in a narrow window.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "./serve";
import { scenes } from "./states";
import { PictureWindow, type Theme } from "./window";

const themes: Theme[] = ["light", "dark"];
const folder = join("target", "pictures");

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const server = await serve(join("ui", "dist"));
const pictureWindow = await PictureWindow.open();

let axeViolations = 0;
let otherFaults = 0;
const pictures: string[] = [];

try {
  for (const scene of scenes) {
    for (const theme of themes) {
      const place = `${scene.name}-${theme}`;
      await pictureWindow.show(scene, theme, server.address);
      if (scene.picture) {
        const file = join(folder, `${place}.png`);
        writeFileSync(file, await pictureWindow.picture());
        pictures.push(file);
      }

      for (const { rule, element, help } of await pictureWindow.axeFindings()) {
        axeViolations += 1;
        console.error(`${place}: ${rule} at ${element}: ${help}`);
      }
      const names = await pictureWindow.buttonNames();
      const faults = [
        ...scene.buttons
          .filter((button) => !names.includes(button))
          .map((button) => `no button “${button}” among ${names.join(", ")}`),
        ...(await pictureWindow.refusedByContentSecurityPolicy()).map(
          (refusal) => `refused by the content security policy: ${refusal}`,
        ),
        ...(await pictureWindow.overflows()).map((where) => `too wide ${where}`),
      ];
      otherFaults += faults.length;
      for (const fault of faults) console.error(`${place}: ${fault}`);
    }
  }

  // One window through all states, there and back: what it drew before must not get in the way.
  let revision = 1;
  for (const { name, appState } of [...scenes, ...scenes.toReversed()]) {
    revision += 1;
    const faults = await pictureWindow.change({ ...appState, revision });
    otherFaults += faults.length;
    for (const fault of faults) console.error(`on the way to ${name}: ${fault}`);
  }
} finally {
  await pictureWindow.close();
  server.close();
}

const sheet = join(folder, "all.png");
execFileSync("montage", [
  ...["-label", "%t", "-pointsize", "20", "-background", "#d6dada"],
  ...["-resize", "440x", "-geometry", "+16+16", "-gravity", "north", "-tile", "6x"],
  ...pictures,
  sheet,
]);

console.log(`pictures in ${folder}, all of them on ${sheet}`);
if (otherFaults > 0) console.log(`faults besides accessibility: ${otherFaults}`);
console.log(
  JSON.stringify({
    states: scenes.length,
    pictures: pictures.length,
    axe_violations: axeViolations,
  }),
);
process.exitCode = axeViolations + otherFaults > 0 ? 1 : 0;
