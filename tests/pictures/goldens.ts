import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { PictureWindow } from "./window";

const folder = join("tests", "pictures", "golden");

/** The picture that a name had when somebody last looked at it. */
function goldenOf(name: string): string {
  return join(folder, `${name}.png`);
}

/** Makes these pictures the golden ones: half as large, in few colours, so that they weigh little in the history. */
export function keepGoldens(pictures: Map<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, file] of pictures) {
    execFileSync("convert", [
      ...[file, "-resize", "50%", "+dither", "-colors", "16", "-strip"],
      ...["-define", "png:compression-level=9", `PNG8:${goldenOf(name)}`],
    ]);
  }
}

/**
 * What no longer looks as it did. Letters differ from one computer to the next, so squares of
 * sixteen pixels are compared by their mean colour, with the one above and the one below. A
 * picture is another one when more than a twenty-fifth of its squares are clearly another colour, or
 * when it is a quarter higher or lower.
 */
export async function goldenFaults(
  pictureWindow: PictureWindow,
  pictures: Map<string, string>,
): Promise<string[]> {
  const faults: string[] = [];
  const goldens = new Set(readdirSync(folder).map((file) => file.replace(/\.png$/, "")));
  await pictureWindow.leave();
  const difference = (name: string, golden: string) =>
    pictureWindow.inPageLater(
      differingShare,
      readFileSync(pictures.get(name) ?? "", "base64"),
      readFileSync(goldenOf(golden), "base64"),
    );
  for (const name of pictures.keys()) {
    if (!goldens.delete(name)) {
      faults.push(`${name}: there is no golden picture of it`);
      continue;
    }
    const share = await difference(name, name);
    if (share > most) faults.push(`${name}: looks unlike its golden picture (${percent(share)})`);
  }
  for (const name of goldens) faults.push(`${name}: a golden picture of nothing`);

  // That the measure can tell pictures apart at all.
  for (const [one, other] of unlike) {
    const share = await difference(one, other);
    if (share <= most) faults.push(`${one} can't be told from ${other} (${percent(share)})`);
  }
  return faults;
}

const most = 1 / 25;

const unlike = [
  ["signed-out-light", "signed-out-dark"],
  ["signed-out-light", "signed-in-light"],
  ["awaiting-browser-light", "signed-out-light"],
] as const;

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Runs in the page. */
async function differingShare(picture: string, golden: string): Promise<number> {
  const square = 16;
  const [one, other] = await Promise.all(
    [picture, golden].map(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      return image;
    }),
  );
  if (!one || !other) return 1;
  const columns = Math.ceil(440 / square);
  const rowsOf = (image: HTMLImageElement) =>
    Math.round((image.naturalHeight / image.naturalWidth) * columns);
  const rows = Math.min(rowsOf(one), rowsOf(other));
  if (rows / Math.max(rowsOf(one), rowsOf(other)) < 0.75) return 1;
  const [first, second] = [one, other].map((image) => {
    const canvas = new OffscreenCanvas(columns, rowsOf(image));
    const pen = canvas.getContext("2d");
    if (!pen) return new Uint8ClampedArray();
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, 0, 0, columns, rowsOf(image));
    return pen.getImageData(0, 0, columns, rows).data;
  });
  // Other letters make other lines: what has moved up or down a little is still the same.
  const reach = 1;
  const alike = (at: number, there: number) =>
    [0, 1, 2].every(
      (part) => Math.abs((first?.[at + part] ?? 0) - (second?.[there + part] ?? 0)) <= 40,
    );
  let differing = 0;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let found = false;
      for (
        let near = Math.max(0, row - reach);
        near <= Math.min(rows - 1, row + reach);
        near += 1
      ) {
        found ||= alike((row * columns + column) * 4, (near * columns + column) * 4);
      }
      if (!found) differing += 1;
    }
  }
  return differing / (columns * rows);
}
