// A picture of every state in both themes, each checked on the way: accessibility, the agreed
// names of buttons, the content security policy, nothing cut off, all by keyboard, colours of the
// system's own, no motion, and a language that is longer. With --golden the pictures become the
// golden ones that later runs are compared with.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldenFaults, keepGoldens } from "./goldens";
import { everythingSaid, faintOrSmall, lostText, motion } from "./inspect";
import { journeys } from "./journeys";
import { keyboardFaults } from "./keyboard";
import { buildInPseudo, hardWired, pseudo } from "./pseudo";
import { serve } from "./serve";
import { scenes, type Scene } from "./states";
import { PictureWindow, type Theme } from "./window";

const themes: Theme[] = ["light", "dark"];
const folder = join("target", "pictures");
const pseudoFolder = join(process.cwd(), "target", "pseudo");

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await buildInPseudo(pseudoFolder);

const server = await serve(join("ui", "dist"));
const pseudoServer = await serve(pseudoFolder);
// Two at once, as most computers have the cores for.
const lanes = await Promise.all([PictureWindow.open(), PictureWindow.open()]);
const [pictureWindow] = lanes;

let axeViolations = 0;
let otherFaults = 0;
const pictures = new Map(
  scenes.flatMap(({ name }) =>
    themes.map((theme) => [`${name}-${theme}`, join(folder, `${name}-${theme}.png`)] as const),
  ),
);

function report(where: string, faults: string[]): void {
  otherFaults += faults.length;
  for (const fault of faults) console.error(`${where}: ${fault}`);
}

async function keepPicture(pictureWindow: PictureWindow, name: string): Promise<void> {
  writeFileSync(join(folder, `${name}.png`), await pictureWindow.picture());
}

/** The sheet that the README opens with, sharp on any screen. */
async function keepReadmeSheet(): Promise<void> {
  const files: string[] = [];
  for (const [name, theme] of [
    ["signed-out", "light"],
    ["awaiting-browser-help", "light"],
    ["signed-in", "light"],
    ["signed-in", "dark"],
  ] as const) {
    const scene = scenes.find((one) => one.name === name);
    if (!scene) throw new Error(`there is no scene ${name}`);
    const file = join(folder, `readme-${name}-${theme}.png`);
    await pictureWindow.show(scene, theme, server.address);
    writeFileSync(file, await pictureWindow.picture(2));
    files.push(file);
  }
  const sheet = join(folder, "readme.png");
  execFileSync("montage", [
    ...[...files, "-geometry", "660x+14+14", "-tile", "4x", "-background", "#d6dada"],
    sheet,
  ]);
  execFileSync("convert", [
    ...[sheet, "-resize", "75%", "+dither", "-colors", "255", "-strip"],
    ...["-define", "png:compression-level=9", "PNG8:tests/pictures/readme.png"],
  ]);
}

async function check(scene: Scene, pictureWindow: PictureWindow): Promise<void> {
  for (const theme of themes) {
    const place = `${scene.name}-${theme}`;
    await pictureWindow.show(scene, theme, server.address);
    await keepPicture(pictureWindow, place);

    for (const { rule, element, help } of await pictureWindow.axeFindings()) {
      axeViolations += 1;
      console.error(`${place}: ${rule} at ${element}: ${help}`);
    }
    const names = await pictureWindow.buttonNames();
    report(place, [
      ...scene.buttons
        .filter((button) => !names.includes(button))
        .map((button) => `no button “${button}” among ${names.join(", ")}`),
      ...(await pictureWindow.refusedByContentSecurityPolicy()).map(
        (refusal) => `refused by the content security policy: ${refusal}`,
      ),
      ...(await pictureWindow.inPage(motion)),
    ]);
    // A key was struck: from then on the focus shows its ring wherever it goes.
    if (theme === "light") report(place, await keyboardFaults(pictureWindow, scene.reloads));
    else await pictureWindow.strike("Tab");
    report(place, await pictureWindow.inPage(faintOrSmall));
    if (theme === "light") report(place, await pictureWindow.atEachSize(lostText));

    await pictureWindow.prefer(theme, true);
    report(`${place} in forced colours`, await pictureWindow.inPage(faintOrSmall));
    if (theme === "dark") await keepPicture(pictureWindow, `${scene.name}-forced-colours`);
  }

  const place = `${scene.name} in a longer language`;
  await pictureWindow.show(scene, "light", pseudoServer.address, pseudo);
  const said = await pictureWindow.inPage(everythingSaid);
  report(
    place,
    hardWired(said, scene).map((text) => `“${text}” is not from the table`),
  );
  report(place, await pictureWindow.atEachSize(lostText));
}

try {
  const waiting = [...scenes];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let scene = waiting.shift(); scene; scene = waiting.shift()) await check(scene, lane);
    }),
  );

  // One window through all states, there and back: what it drew before must not get in the way.
  const told = scenes.filter(({ untold }) => !untold);
  let revision = 1;
  const [first] = told;
  if (first) await pictureWindow.show(first, "light", server.address);
  for (const { name, appState } of [...told, ...told.toReversed()]) {
    revision += 1;
    report(`on the way to ${name}`, await pictureWindow.change({ ...appState, revision }));
  }

  for (const [sentence, journey] of journeys) {
    await journey(pictureWindow, server.address).catch((fault: unknown) => {
      report(sentence, [String(fault)]);
    });
  }

  if (process.argv.includes("--golden")) {
    keepGoldens(pictures);
    await keepReadmeSheet();
  }
  report("golden pictures", await goldenFaults(pictureWindow, pictures));
} finally {
  await Promise.all(lanes.map((lane) => lane.close()));
  server.close();
  pseudoServer.close();
}

for (const theme of themes) {
  execFileSync("montage", [
    ...["-label", "%t", "-pointsize", "11", "-background", "#d6dada"],
    ...["-resize", "220x", "-geometry", "+8+8", "-gravity", "north", "-tile", "10x"],
    ...[...pictures].filter(([name]) => name.endsWith(theme)).map(([, file]) => file),
    join(folder, `all-${theme}.png`),
  ]);
}

console.log(`pictures in ${folder}, all of them on all-light.png and all-dark.png`);
if (otherFaults > 0) console.log(`faults besides accessibility: ${otherFaults}`);
console.log(
  JSON.stringify({
    states: scenes.length,
    pictures: pictures.size,
    axe_violations: axeViolations,
  }),
);
process.exitCode = axeViolations + otherFaults > 0 ? 1 : 0;
