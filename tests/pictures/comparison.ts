import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

/**
 * The distance of two colours that still count as one; black and white are 1 apart. It covers what
 * another processor rounds differently: one step of 255 in every channel is at most 0.006.
 */
const COLOUR_TOLERANCE = 0.01;

/** The pixels that may differ. Two runs on one computer differ in none. */
const MAX_DIFFERING_PIXELS = 0;

export type Difference = {
  differs: boolean;
  /** The number of pixels that differ, or in words how the pictures can't be compared. */
  description: string;
  /** The pixels that differ in red; absent where the sizes differ. */
  image?: Buffer;
};

/** Compares two PNG pictures pixel by pixel; only anti-aliasing may differ. */
export function comparePictures(picture: Buffer, golden: Buffer): Difference {
  const [one, other] = [PNG.sync.read(picture), PNG.sync.read(golden)];
  if (one.width !== other.width || one.height !== other.height) {
    return {
      differs: true,
      description: `${one.width} × ${one.height} pixels instead of ${other.width} × ${other.height}`,
    };
  }
  const image = new PNG({ width: one.width, height: one.height });
  const count = countDifferingPixels(one, other, image);
  return {
    differs: count > MAX_DIFFERING_PIXELS,
    description: `${count} of ${one.width * one.height} pixels differ`,
    ...(count > 0 ? { image: PNG.sync.write(image) } : {}),
  };
}

/** Whether two decoded pictures differ; stops at the first rows that do. */
export function differ(one: PNG, other: PNG): boolean {
  if (one.width !== other.width || one.height !== other.height) return true;
  const rows = 32;
  let count = 0;
  for (let top = 0; top < one.height; top += rows) {
    const [strip, otherStrip] = [rowsOf(one, top, rows), rowsOf(other, top, rows)];
    if (strip.data.equals(otherStrip.data)) continue;
    count += countDifferingPixels(strip, otherStrip);
    if (count > MAX_DIFFERING_PIXELS) return true;
  }
  return false;
}

type Pixels = Pick<PNG, "width" | "height" | "data">;

function rowsOf({ width, height, data }: Pixels, top: number, rows: number): Pixels {
  const bottom = Math.min(height, top + rows);
  return { width, height: bottom - top, data: data.subarray(top * width * 4, bottom * width * 4) };
}

function countDifferingPixels(one: Pixels, other: Pixels, image?: PNG): number {
  return pixelmatch(one.data, other.data, image?.data, one.width, one.height, {
    threshold: COLOUR_TOLERANCE,
  });
}
