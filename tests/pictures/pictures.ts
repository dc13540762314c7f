// Takes a picture of every state in both themes, in Chromium, and of some in WebKitGTK, and compares
// them with the golden ones. Checks each state on the way: accessibility, names of buttons, content
// security policy, clipped text, keyboard, forced colours, motion, and a longer language. With
// --golden the pictures become the golden ones.
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { checkScene, type Run } from "./check-scene";
import { indistinguishable } from "./distinct";
import { Goldens } from "./goldens";
import { interactions } from "./interactions";
import { buildInPseudo } from "./pseudo";
import { themes, type Theme } from "./scene";
import { sceneNamed, scenes } from "./scenes";
import { Sensitivity } from "./sensitivity";
import { serve } from "./serve";
import { writeReadmePicture, writeSheets } from "./sheets";
import { WEBKIT_SCENES, WebKitWindow } from "./webkit";
import { PictureWindow } from "./window";

const retake = process.argv.includes("--golden");
const folder = join("target", "pictures");
const pseudoFolder = join(process.cwd(), "target", "pseudo");

rmSync(folder, { recursive: true, force: true });
await buildInPseudo(pseudoFolder);

const server = await serve(join("ui", "dist"));
const pseudoServer = await serve(pseudoFolder);
const webKitGoldens = new Goldens(
  join("tests", "pictures", "golden-webkit"),
  join(folder, "webkit"),
  retake,
);
let axeViolations = 0;
let otherFindings = 0;
const run: Run = {
  address: server.address,
  pseudoAddress: pseudoServer.address,
  folder,
  goldens: new Goldens(join("tests", "pictures", "golden"), folder, retake),
  sensitivity: new Sensitivity(),
  pictures: { light: [], dark: [] },
  report: (place, findings) => {
    otherFindings += findings.length;
    for (const finding of findings) console.error(`${place}: ${finding}`);
  },
  reportAxe: (place, violations) => {
    axeViolations += violations.length;
    for (const violation of violations) console.error(`${place}: ${violation}`);
  },
};

/** One window through all states, there and back: an earlier state must leave nothing behind. */
async function checkTransitions(pictureWindow: PictureWindow): Promise<void> {
  const sent = scenes.filter(({ coreIsSilent }) => !coreIsSilent);
  let revision = 1;
  const [first] = sent;
  if (first) await pictureWindow.show(first, "light", server.address);
  for (const { name, appState } of [...sent, ...sent.toReversed()]) {
    revision += 1;
    run.report(`changing to ${name}`, await pictureWindow.change({ ...appState, revision }));
  }
}

async function checkWebKitPictures(theme: Theme): Promise<void> {
  const webKitWindow = await WebKitWindow.open(theme);
  try {
    for (const name of WEBKIT_SCENES) {
      await webKitGoldens.check(`${name}-${theme}`, (isExpected) =>
        webKitWindow.picture(sceneNamed(name), isExpected),
      );
    }
  } finally {
    await webKitWindow.close();
  }
}

// More than there are processors: a check waits more than it computes.
const lanes = await Promise.all(
  Array.from({ length: Math.min(2 * availableParallelism(), 6) }, () => PictureWindow.open()),
);
try {
  const tasks = [
    ...themes.map((theme) => () => checkWebKitPictures(theme)),
    checkTransitions,
    ...scenes.map((scene) => (lane: PictureWindow) => checkScene(run, scene, lane)),
    ...interactions.map(([sentence, interact]) => async (lane: PictureWindow) => {
      await interact(lane, server.address).catch((problem: unknown) => {
        run.report(sentence, [String(problem)]);
      });
    }),
  ];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let task = tasks.shift(); task; task = tasks.shift()) await task(lane);
    }),
  );
  if (retake && lanes[0]) await writeReadmePicture(lanes[0], server.address, folder);
} finally {
  await Promise.all(lanes.map((lane) => lane.close()));
  server.close();
  pseudoServer.close();
}

for (const goldens of [run.goldens, webKitGoldens]) {
  run.report("golden pictures", goldens.conclude());
}
for (const theme of themes) {
  run.report("golden pictures", indistinguishable(run.pictures[theme]));
}
const { summary, findings } = run.sensitivity.conclusion();
run.report("sensitivity", findings);
writeSheets(folder);

console.log(`pictures in ${folder}, all of them on all-light.png and all-dark.png`);
console.log(`sensitivity: ${summary}`);
if (otherFindings > 0) console.log(`findings besides accessibility: ${otherFindings}`);
console.log(
  JSON.stringify({
    states: scenes.length,
    pictures: scenes.length * themes.length,
    golden_pictures: run.goldens.count,
    webkit_pictures: webKitGoldens.count,
    axe_violations: axeViolations,
  }),
);
process.exitCode = axeViolations + otherFindings > 0 ? 1 : 0;
