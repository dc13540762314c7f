import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../harness/paths";

/** A row's figures, one for each time that it was measured. */
export type Figures = { row: string; ours: number[]; floor: number[] };

/** What is built, in bytes of a thousand to the KB. */
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

/** Where the bare window's package is kept: never among the installers that are given away. */
export const BARE_PACKAGE = join(ROOT, "target", "bench", "bare");

/** In bytes, each file compressed by itself, as the build measures it. */
function compressed(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name)), { level: 9 }).length)
    .reduce((sum, each) => sum + each, 0);
}
