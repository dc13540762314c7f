import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../harness/paths";

/** A row's figures, one per measurement. */
export type Figures = { row: string; ours: number[]; floor: number[] };

/** The sizes of the build's files, in KB of 1,000 bytes. */
export function sizes(release: string): Figures[] {
  const size = (path: string) => statSync(path).size / 1_000;
  const deb = (folder: string) => {
    const [name, another] = readdirSync(folder).filter((file) => file.endsWith(".deb"));
    if (name === undefined || another !== undefined) throw new Error(`one .deb in ${folder}`);
    return join(folder, name);
  };
  return [
    {
      row: "program",
      ours: [size(join(release, "sign-in-with-amiqus"))],
      floor: [size(join(release, "bare-window"))],
    },
    {
      row: "deb",
      ours: [size(deb(join(release, "bundle", "deb")))],
      floor: [size(deb(BARE_PACKAGE))],
    },
    {
      row: "window",
      ours: [compressed(join(ROOT, "ui", "dist")) / 1_000],
      floor: [compressed(join(ROOT, "tests", "bench", "bare", "page")) / 1_000],
    },
  ];
}

/** The folder of the bare window's package, apart from the installers that are released. */
export const BARE_PACKAGE = join(ROOT, "target", "bench", "bare");

/** The sum of the files' gzip sizes in bytes, each compressed separately, as the build does. */
function compressed(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name)), { level: 9 }).length)
    .reduce((sum, each) => sum + each, 0);
}
