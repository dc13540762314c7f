import { fileURLToPath } from "node:url";

/** The size of the app's window, in device pixels. */
export const WINDOW_SIZE = { width: 440, height: 640 };

/** Pins the fonts and how they are rasterised; both engines read it. */
export const FONT_ENVIRONMENT = {
  FONTCONFIG_FILE: fileURLToPath(new URL("fonts.conf", import.meta.url)),
};

/** Chromium's switches for pictures that depend on neither the display nor the processor. */
export const RENDERING_SWITCHES = [
  "--disable-gpu",
  "--disable-lcd-text",
  // What is painted again in part has other edges where the parts overlap.
  "--disable-partial-raster",
  // Chromium has it for its own web tests: the processor's newer instructions round differently.
  "--disable-skia-runtime-opts",
  "--font-render-hinting=none",
  "--force-color-profile=srgb",
  "--force-device-scale-factor=1",
  "--hide-scrollbars",
];

/**
 * Takes pictures until two in a row are the same: what is still loading, laid out or painted
 * differs from one to the next. One that is as expected needs no second.
 */
export async function stablePicture(
  take: () => Promise<Buffer>,
  isExpected: (picture: Buffer) => boolean = () => false,
): Promise<Buffer> {
  let previous = await take();
  for (let attempt = 0; attempt < 30; attempt += 1) {
    if (isExpected(previous)) return previous;
    const current = await take();
    if (current.equals(previous)) return current;
    previous = current;
  }
  throw new Error("the page does not come to rest");
}

/** Runs in the page: hides the caret, which blinks. */
export function hideCaret(): void {
  document.documentElement.style.caretColor = "transparent";
}
