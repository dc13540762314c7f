/** What the installers take in beside the program, under the brand's names. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { brand, brandFile } from "./brand.mjs";
import { root } from "./prepare.mjs";
import { app } from "./shipped";

const made = join(root, "target", "installers");
const theirs = join(made, "THIRD-PARTY-LICENSES");
const metainfo = join(made, "metainfo.xml");
const entry = join(made, "desktop-entry");
const manual = join(made, "manual.gz");
const changelog = join(made, "changelog.gz");

/** Writes the texts that have to be made. */
export function writeTexts(thirdPartyLicences: string): void {
  mkdirSync(made, { recursive: true });
  writeFileSync(theirs, thirdPartyLicences);
  writeFileSync(metainfo, branded("metainfo.xml", inXml));
  writeFileSync(entry, desktopEntry());
  writeFileSync(manual, gzipSync(branded("manual"), { level: 9 }));
  writeFileSync(changelog, gzipSync(branded("changelog"), { level: 9 }));
}

/** The app's desktop entry. Its name is the windows' class, by which a desktop finds it. */
export function desktopEntry(): string {
  return branded("desktop-entry", (value) => value.replaceAll("\\", "\\\\"));
}

const everywhere = {
  [`/usr/share/applications/${brand.identifier}.desktop`]: entry,
  [`/usr/share/icons/hicolor/scalable/apps/${app.name}.svg`]: resolve(
    dirname(brandFile),
    brand.icon,
  ),
  [`/usr/share/metainfo/${brand.identifier}.metainfo.xml`]: metainfo,
  [`/usr/share/man/man1/${app.name}.1.gz`]: manual,
};
const documents = `/usr/share/doc/${app.name}`;
const licences = `/usr/share/licenses/${app.name}`;

/** What of it Tauri must know. */
export const forInstallers = {
  bundle: {
    linux: {
      deb: {
        files: {
          ...everywhere,
          [`${documents}/copyright`]: join(root, "src-tauri", "installers", "linux", "copyright"),
          // Tauri's own setting for it makes a folder of the name that people see: nobody looks there.
          [`${documents}/changelog.gz`]: changelog,
          [`${documents}/THIRD-PARTY-LICENSES`]: theirs,
        },
      },
      rpm: {
        files: {
          ...everywhere,
          [`${licences}/LICENSE`]: join(root, "LICENSE"),
          [`${licences}/THIRD-PARTY-LICENSES`]: theirs,
        },
      },
    },
    macOS: { files: { "Resources/THIRD-PARTY-LICENSES.txt": theirs } },
    windows: { wix: { upgradeCode: upgradeCode() } },
    // Windows' installers take in resources alone. Each compilation looks for them, so the other
    // systems go without.
    ...(process.platform === "win32"
      ? { resources: { [theirs]: "THIRD-PARTY-LICENSES.txt" } }
      : {}),
  },
};

/** One of the texts with the brand's names in it. */
function branded(name: string, written = (value: string) => value): string {
  const text = readFileSync(join(root, "src-tauri", "installers", "linux", name), "utf8");
  const values: Record<string, string> = { ...brand, version: app.version, program: app.name };
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, field: string) => {
    const value = values[field];
    if (value === undefined) throw new Error(`${name} asks for ${field}, which no brand has`);
    return written(value);
  });
}

function inXml(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/**
 * Windows knows an older version of the same app by it, whatever its name was: a UUID made of the
 * identifier (RFC 9562, version 5, in the name space of domain names).
 */
function upgradeCode(): string {
  const nameSpace = Buffer.from("6ba7b8109dad11d180b400c04fd430c8", "hex");
  const digest = createHash("sha1").update(nameSpace).update(brand.identifier).digest();
  const bytes = digest.subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const text = bytes.toString("hex");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
