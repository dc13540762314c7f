import { readFileSync } from "node:fs";
import { PNG } from "pngjs";
import { differ } from "./comparison";

export type TextedPicture = { name: string; file: string; text: string };

/** Pairs of pictures that the comparison takes for one although their pages' texts differ. */
export function indistinguishable(pictures: readonly TextedPicture[]): string[] {
  const decoded = pictures.map((picture) => ({
    ...picture,
    image: PNG.sync.read(readFileSync(picture.file)),
  }));
  return decoded.flatMap((one, index) =>
    decoded
      .slice(index + 1)
      .filter((other) => one.text !== other.text && !differ(one.image, other.image))
      .map((other) => `${one.name} and ${other.name} look the same, but their texts differ`),
  );
}
