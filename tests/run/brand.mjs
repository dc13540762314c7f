// @ts-check
/** The names under which the app is built: `brand.json`, or the file that `AMIQUS_BRAND` names. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { root } from "./prepare.mjs";

/** The file that is read. */
export const brandFile = resolve(
  process.env.AMIQUS_BRAND ?? resolve(root, "src-tauri", "brand", "brand.json"),
);

/** @typedef {{ name: string, publisher: string, identifier: string, scheme: string, base_url: string, icon: string, icon_small?: string, mark?: string, tray?: string, support?: string }} Brand */

/** @type {unknown} */
const fields = JSON.parse(readFileSync(brandFile, "utf8"));

export const brand = /** @type {Brand} */ (fields);

/** What of it Tauri's command line must know: the crate's own build script knows it already. */
export const forTauri = {
  productName: brand.name,
  identifier: brand.identifier,
  plugins: { "deep-link": { desktop: { schemes: [brand.scheme] } } },
  bundle: { publisher: brand.publisher },
};
