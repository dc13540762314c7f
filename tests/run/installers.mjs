// @ts-check
/** What the installers take in beside the program, under the brand's names. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { brand, brandFile } from "./brand.mjs";
import { root } from "./prepare.mjs";
import { app } from "./shipped.mjs";

const made = join(root, "target", "installers");

/**
 * Writes what has to be made for them, and returns what of it Tauri must know.
 * @param {string} thirdPartyLicences
 */
export function forInstallers(thirdPartyLicences) {
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const licences = make("THIRD-PARTY-LICENSES", thirdPartyLicences);
  const share = "/usr/share";
  const both = {
    [`${share}/icons/hicolor/scalable/apps/${app.name}.svg`]: resolve(
      dirname(brandFile),
      brand.icon,
    ),
    [`${share}/metainfo/${brand.identifier}.metainfo.xml`]: make(
      "metainfo.xml",
      branded("metainfo.xml", inXml),
    ),
    [`${share}/man/man1/${app.name}.1.gz`]: make("manual.gz", packed(branded("manual"))),
  };
  const documents = `${share}/doc/${app.name}`;
  const deb = {
    ...both,
    [`${documents}/copyright`]: join(root, "src-tauri", "installers", "linux", "copyright"),
    // Tauri's own setting for it makes a folder of the name that people see, where nobody looks.
    [`${documents}/changelog.gz`]: make("changelog.gz", packed(branded("changelog"))),
    [`${documents}/THIRD-PARTY-LICENSES`]: licences,
  };
  const rpm = {
    ...both,
    [`${share}/licenses/${app.name}/LICENSE`]: join(root, "LICENSE"),
    [`${share}/licenses/${app.name}/THIRD-PARTY-LICENSES`]: licences,
  };
  return {
    bundle: {
      linux: { deb: { files: deb }, rpm: { files: rpm } },
      macOS: { files: { "Resources/THIRD-PARTY-LICENSES.txt": licences } },
      windows: { wix: { upgradeCode: upgradeCode() } },
      // Windows' installers take in resources alone. They are looked for at each compilation, so the
      // other systems go without.
      ...(process.platform === "win32"
        ? { resources: { [licences]: "THIRD-PARTY-LICENSES.txt" } }
        : {}),
    },
  };
}

/** @param {string} name @param {string | Buffer} content */
function make(name, content) {
  const path = join(made, name);
  writeFileSync(path, content);
  return path;
}

/**
 * One of the texts with the brand's names in it.
 * @param {string} name
 * @param {(value: string) => string} written
 */
function branded(name, written = (value) => value) {
  const text = readFileSync(join(root, "src-tauri", "installers", "linux", name), "utf8");
  /** @type {Record<string, string>} */
  const values = { ...brand, version: app.version };
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, field) => {
    const value = values[field];
    if (value === undefined) throw new Error(`${name} asks for ${field}, which no brand has`);
    return written(value);
  });
}

/** @param {string} value */
function inXml(value) {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** @param {string} text */
function packed(text) {
  return gzipSync(text, { level: 9 });
}

/**
 * Windows knows an older version of the same app by it, whatever its name was: a UUID made of the
 * identifier (RFC 9562, version 5, in the name space of domain names).
 */
function upgradeCode() {
  const nameSpace = Buffer.from("6ba7b8109dad11d180b400c04fd430c8", "hex");
  const digest = createHash("sha1").update(nameSpace).update(brand.identifier).digest();
  const bytes = digest.subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const text = bytes.toString("hex");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
